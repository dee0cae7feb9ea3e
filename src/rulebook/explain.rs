//! A decision laid open: every rule, every condition with what it saw, every effect with what became of it.

use std::fmt;

use deskbridge_connectors::Effect;
use serde::Serialize;

use crate::domain::decision::{Decision, Lookup};

/// A decision and how it came about.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Explanation {
    /// What `decide` gives for the same facts.
    pub decision: Decision,
    /// Every rule, in order.
    pub rules: Vec<RuleTrace>,
}

/// What became of one rule.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RuleTrace {
    /// The rule.
    pub id: String,
    /// Whether it was looked at: no earlier rule had stopped.
    pub reached: bool,
    /// Whether it matched.
    pub matched: bool,
    /// Its conditions, in written order; empty for a rule that always matches.
    pub conditions: Vec<ConditionTrace>,
    /// Its effects, where it matched.
    pub effects: Vec<EffectTrace>,
}

impl RuleTrace {
    pub(super) fn unreached(id: &str) -> Self {
        Self {
            id: id.to_owned(),
            reached: false,
            matched: false,
            conditions: Vec::new(),
            effects: Vec::new(),
        }
    }
}

/// What became of one condition.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ConditionTrace {
    /// How deep it is nested; `all`, `any` and `none` are conditions of their own.
    pub depth: usize,
    /// The condition in words.
    pub condition: String,
    /// Whether it held.
    pub held: bool,
    /// What it saw; `None` for `all`, `any` and `none`. Never ticket text.
    pub seen: Option<String>,
}

/// What became of one effect.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct EffectTrace {
    /// The effect; `None` where it could not be made.
    pub effect: Option<Effect>,
    /// What would be asked, where the action is a look-up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lookup: Option<Lookup>,
    /// Why it is not in the plan.
    pub left_out: Option<String>,
    /// Why it is in the plan and will not be sent.
    pub held_back: Option<String>,
}

impl EffectTrace {
    /// It is in the plan as it is.
    pub(super) fn planned(effect: Effect, held_back: Option<String>) -> Self {
        Self { effect: Some(effect), lookup: None, left_out: None, held_back }
    }

    /// It is not in the plan.
    pub(super) fn left_out(effect: Option<Effect>, why: String) -> Self {
        Self { effect, lookup: None, left_out: Some(why), held_back: None }
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for rule in &self.rules {
            let verdict = match (rule.reached, rule.matched) {
                (false, _) => "not reached",
                (true, true) => "matches",
                (true, false) => "does not match",
            };
            writeln!(f, "{}: {verdict}", rule.id)?;
            for condition in &rule.conditions {
                let mark = if condition.held { "✓" } else { "✗" };
                write!(f, "  {}{mark} {}", "  ".repeat(condition.depth), condition.condition)?;
                match &condition.seen {
                    Some(seen) => writeln!(f, " — {seen}")?,
                    None => writeln!(f)?,
                }
            }
            for trace in &rule.effects {
                writeln!(f, "  → {trace}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for EffectTrace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.effect, &self.lookup) {
            (Some(effect), _) => write!(f, "{} {}", effect.kind(), effect.value())?,
            (None, Some(lookup)) => write!(f, "lookup {}", lookup.url)?,
            (None, None) => f.write_str("no effect")?,
        }
        if let Some(reason) = &self.left_out {
            write!(f, " (left out: {reason})")?;
        }
        if let Some(reason) = &self.held_back {
            write!(f, " (held back: {reason})")?;
        }
        Ok(())
    }
}
