//! Two models on the same tickets, head by head, held against what the agents settled on. Pure.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::evidence::report::observation::{Influence, Observation};

/// How two models did on the tickets whose agents chose for themselves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Compared {
    /// Tickets.
    pub n: usize,
    /// Those on which the model of the ledger named just what was settled.
    pub right_before: usize,
    /// Those on which it named nothing.
    pub abstained_before: usize,
    /// The same for the other model.
    pub right_after: usize,
    /// The same for the other model.
    pub abstained_after: usize,
    /// Tickets on which the two name something else.
    pub differ: usize,
}

/// By head of the other model. `before` are the ledger's observations, `after` the same tickets as the other model sees them:
/// what agents settled on is read in its own labels there, which may be more than the old model's.
pub fn compare(before: &[Observation], after: &[Observation]) -> BTreeMap<String, Compared> {
    let mut heads = BTreeMap::<String, Compared>::new();
    for now in after.iter().filter(|now| now.influence == Influence::Independent) {
        let then = before.iter().find(|then| then.decision == now.decision && then.head == now.head);
        let nothing = BTreeSet::new();
        let named = then.map_or(&nothing, |then| &then.named);
        // Only the old model may have a label for what was settled on.
        let settled = then.filter(|_| now.settled.is_empty()).map_or(&now.settled, |then| &then.settled);
        let of = heads.entry(now.head.clone()).or_default();
        of.n += 1;
        of.right_before += usize::from(!named.is_empty() && named == settled);
        of.abstained_before += usize::from(named.is_empty());
        of.right_after += usize::from(!now.named.is_empty() && now.named == *settled);
        of.abstained_after += usize::from(now.named.is_empty());
        of.differ += usize::from(*named != now.named);
    }
    heads
}

#[cfg(test)]
mod tests {
    use deskbridge_onnx::HeadKind;

    use super::*;

    fn seen(named: &[&str], settled: &[&str]) -> Observation {
        let set = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<BTreeSet<_>>();
        let at = "2026-03-01T00:00:00Z".parse().unwrap();
        Observation {
            decision: 1,
            account: "acme".into(),
            ticket: "1".into(),
            decided_at: at,
            settled_at: at,
            language: None,
            model: "m".into(),
            head: "category".into(),
            kind: HeadKind::Single,
            ranked: Vec::new(),
            named: set(named),
            first: None,
            influence: Influence::Independent,
            bundle: None,
            settled: set(settled),
        }
    }

    #[test]
    fn a_label_that_only_the_other_model_has_can_be_right() {
        // The old model does not know refunds: for it the agents settled on nothing.
        let compared = compare(&[seen(&["billing"], &[])], &[seen(&["refund"], &["refund"])]);
        let expected = Compared { n: 1, right_after: 1, differ: 1, ..Compared::default() };
        assert_eq!(compared["category"], expected);
        let compared = compare(&[seen(&["billing"], &["billing"])], &[seen(&["sales"], &[])]);
        assert_eq!((compared["category"].right_before, compared["category"].right_after), (1, 0));
        let compared = compare(&[], &[seen(&[], &["refund"])]);
        assert_eq!((compared["category"].abstained_before, compared["category"].abstained_after), (1, 1));
    }
}
