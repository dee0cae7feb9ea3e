//! How far each label may go at the moment of a report: what people promoted, and what fell back by itself.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::by_label::ByLabel;
use crate::domain::mode::Mode;

/// How far labels may go.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct InForce {
    /// Whether there is no promotions file, so that labels hold nothing back.
    pub open: bool,
    /// The labels that the file names; all others stay in shadow unless it is open.
    pub labels: ByLabel<Standing>,
}

/// One label's standing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Standing {
    /// How far it may go.
    pub mode: Mode,
    /// Since when: its promotion, or its fall.
    pub since: Timestamp,
    /// The confidence it needs, where the file says so in place of the bundle.
    pub threshold: Option<f32>,
    /// Why it fell back to shadow by itself; `None` where it did not.
    pub fell: Option<String>,
}

impl InForce {
    /// How far a label may go, in words.
    pub fn words(&self, head: &str, label: &str) -> String {
        let day = |at: Timestamp| at.strftime("%Y-%m-%d").to_string();
        match self.labels.get(head).and_then(|labels| labels.get(label)) {
            Some(Standing { fell: Some(_), since, .. }) => format!("fell back on {}", day(*since)),
            Some(Standing { mode, since, .. }) => format!("{mode} since {}", day(*since)),
            None if self.open => "held back by nothing".to_owned(),
            None => "shadow".to_owned(),
        }
    }

    /// Whether a label fell back by itself.
    pub fn fell(&self, head: &str, label: &str) -> bool {
        let standing = self.labels.get(head).and_then(|labels| labels.get(label));
        standing.is_some_and(|standing| standing.fell.is_some())
    }

    /// The labels that fell back, with the reason: one sentence each.
    pub fn falls(&self) -> Vec<String> {
        let labels = self.labels.iter().flat_map(|(head, labels)| labels.iter().map(move |one| (head, one)));
        labels
            .filter_map(|(head, (label, standing))| {
                let why = standing.fell.as_ref()?;
                let at = standing.since.strftime("%Y-%m-%d %H:%M");
                Some(format!("{head} {label} fell back to shadow on {at} UTC: {why}"))
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn standing(mode: Mode, fell: Option<&str>) -> Standing {
        let since = "2026-03-02T10:30:00Z".parse().unwrap();
        Standing { mode, since, threshold: None, fell: fell.map(str::to_owned) }
    }

    #[test]
    fn every_label_has_a_standing_in_words() {
        let labels = [
            ("billing".to_owned(), standing(Mode::Live, None)),
            ("sales".to_owned(), standing(Mode::Shadow, Some("people overrode 6 of its last 9 writes"))),
        ];
        let listed = InForce { open: false, labels: [("category".to_owned(), labels.into())].into() };
        assert_eq!(listed.words("category", "billing"), "live since 2026-03-02");
        assert_eq!(listed.words("category", "sales"), "fell back on 2026-03-02");
        assert_eq!(listed.words("category", "returns"), "shadow");
        assert_eq!(
            listed.falls(),
            [
                "category sales fell back to shadow on 2026-03-02 10:30 UTC: people overrode 6 of its last 9 writes"
            ]
        );
        let open = InForce { open: true, ..InForce::default() };
        assert_eq!(open.words("category", "billing"), "held back by nothing");
    }
}
