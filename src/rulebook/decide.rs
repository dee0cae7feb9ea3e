//! From facts to a decision: rules in order, first setter wins, a person's value stands.
//!
//! Every matching rule adds its actions. The first rule that sets a scalar (priority, group, agent, one field) keeps
//! it, even where a person's value then holds it back: what comes later never depends on what somebody clicked. Tags
//! and notes add up. Pure: the same facts give the same decision, notes' markers included.

use std::collections::{BTreeMap, BTreeSet};

use deskbridge_connectors::Effect;
use sha2::{Digest, Sha256};

use super::action::Terms;
use super::condition::When;
use super::explain::{ConditionTrace, EffectTrace, Explanation, RuleTrace};
use super::syntax::{Defaults, Rule};
use super::{Facts, Rulebook, person, template};
use crate::decision::{Decision, Digests, Planned, TicketKey};
use crate::mode::Mode;

/// A part of a ticket that holds one value, so that only one rule can set it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Scalar {
    Priority,
    Group,
    Agent,
    Field(String),
}

impl Scalar {
    fn of(effect: &Effect) -> Option<Self> {
        match effect {
            Effect::SetPriority(_) => Some(Self::Priority),
            Effect::AssignGroup(_) => Some(Self::Group),
            Effect::AssignAgent(_) => Some(Self::Agent),
            Effect::SetField { field, .. } => Some(Self::Field(field.to_lowercase())),
            Effect::AddTags(_)
            | Effect::RemoveTags(_)
            | Effect::Cc(_)
            | Effect::Note(_)
            | Effect::Reply(_) => None,
        }
    }
}

/// What earlier rules have claimed.
#[derive(Default)]
struct Taken {
    scalars: BTreeMap<Scalar, String>,
    tags: BTreeSet<String>,
}

/// The one evaluation behind `decide` and `explain`.
pub(super) fn evaluate(rulebook: &Rulebook, facts: &Facts<'_>) -> Explanation {
    let context = template::context(facts, rulebook.book.defaults);
    let mut taken = Taken::default();
    let mut plan = Vec::new();
    let mut matched = Vec::new();
    let mut traces = Vec::new();
    let mut stopped = false;
    for rule in &rulebook.book.rules {
        if stopped {
            traces.push(RuleTrace::unreached(&rule.id));
            continue;
        }
        let mut conditions = Vec::new();
        let holds = rule
            .when
            .as_ref()
            .is_none_or(|when| test(when, facts, rulebook.book.defaults, 0, &mut conditions));
        let mut effects = Vec::new();
        if holds {
            matched.push(rule.id.clone());
            for action in &rule.then {
                let effect = action.effect(&Terms {
                    names: &rulebook.book.names,
                    platform: facts.platform,
                    render: &|template| rulebook.engine.render(template, &context),
                    marker: &|text| marker(facts, &rule.id, text),
                });
                effects.push(add(effect, rule, facts, &mut taken, &mut plan));
            }
            stopped = rule.stop;
        }
        traces.push(RuleTrace { id: rule.id.clone(), reached: true, matched: holds, conditions, effects });
    }
    let decision = Decision {
        ticket: TicketKey { account: facts.account.to_owned(), ticket: facts.ticket.id.clone() },
        version: facts.ticket.version.clone(),
        prediction: facts.prediction.clone(),
        rules: matched,
        plan,
        digests: Digests { model: facts.prediction.model.clone(), rulebook: rulebook.digest.clone() },
    };
    Explanation { decision, rules: traces }
}

fn add(
    effect: Result<Effect, String>,
    rule: &Rule,
    facts: &Facts<'_>,
    taken: &mut Taken,
    plan: &mut Vec<Planned>,
) -> EffectTrace {
    let mut effect = match effect {
        Ok(effect) => effect,
        Err(reason) => return EffectTrace { effect: None, left_out: Some(reason), held_back: None },
    };
    if let Some(scalar) = Scalar::of(&effect) {
        if let Some(earlier) = taken.scalars.get(&scalar) {
            let reason = format!("the rule `{earlier}` came first");
            return EffectTrace { effect: Some(effect), left_out: Some(reason), held_back: None };
        }
        taken.scalars.insert(scalar, rule.id.clone());
    }
    if let Effect::AddTags(tags) = &mut effect {
        let fresh: BTreeSet<String> =
            tags.iter().filter(|tag| taken.tags.insert(tag.to_lowercase())).cloned().collect();
        if fresh.is_empty() {
            let reason = "earlier rules add these tags".to_owned();
            return EffectTrace { effect: Some(effect), left_out: Some(reason), held_back: None };
        }
        *tags = fresh;
    }
    let overruled = rule.overwrite && Scalar::of(&effect).is_some();
    let held_back = if overruled { None } else { person::stands_in_the_way(&effect, facts) };
    let mode: Mode = rule.mode.map_or(facts.ceiling, |mode| mode.min(facts.ceiling));
    plan.push(Planned {
        effect: effect.clone(),
        because: rule.id.clone(),
        mode,
        held_back: held_back.clone(),
    });
    EffectTrace { effect: Some(effect), left_out: None, held_back }
}

/// Tests every condition, also after the answer is known, so that an explanation is whole.
fn test(
    when: &When,
    facts: &Facts<'_>,
    defaults: Defaults,
    depth: usize,
    traces: &mut Vec<ConditionTrace>,
) -> bool {
    let (word, parts) = match when {
        When::All(parts) => ("all", parts),
        When::Any(parts) => ("any", parts),
        When::None(parts) => ("none", parts),
        When::Is(test) => {
            let held = test.holds(facts, defaults);
            traces.push(ConditionTrace {
                depth,
                condition: test.to_string(),
                held,
                seen: Some(test.seen(facts, defaults)),
            });
            return held;
        }
    };
    let place = traces.len();
    traces.push(ConditionTrace { depth, condition: word.to_owned(), held: false, seen: None });
    let results: Vec<bool> =
        parts.iter().map(|part| test(part, facts, defaults, depth + 1, traces)).collect();
    let held = match when {
        When::Any(_) => results.contains(&true),
        When::None(_) => !results.contains(&true),
        When::All(_) | When::Is(_) => !results.contains(&false),
    };
    if let Some(trace) = traces.get_mut(place) {
        trace.held = held;
    }
    held
}

/// The same for the same ticket, rule and text: a note whose write went unanswered is found again by it, and one that
/// was written is not written twice. The ticket's version stays out, because our own write changes it.
fn marker(facts: &Facts<'_>, rule: &str, text: &str) -> String {
    let mut hash = Sha256::new();
    for part in [facts.account, facts.ticket.id.as_str(), rule, text] {
        hash.update(part.len().to_be_bytes());
        hash.update(part.as_bytes());
    }
    let digest = hex::encode(hash.finalize());
    format!("deskbridge:{}", digest.get(..8).unwrap_or(&digest))
}
