//! Conditions: what a rule asks about a ticket and its prediction, and whether it holds.
//!
//! A condition sees the prediction as the bundle calibrated it. Without a `confidence` the bundle's own choice counts;
//! with one, the rule's bound replaces the threshold and the default margin stays.

use std::fmt;

use deskbridge_connectors::Platform;
use deskbridge_onnx::{HeadKind, Scored};

use super::Facts;
use super::syntax::Defaults;

mod read;

pub(super) use read::read;

/// The words a condition may begin with; any other is the short form of a head.
pub const CONDITIONS: [&str; 5] = ["head", "language", "platform", "account", "tag"];

/// A tree of conditions.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum When {
    /// All hold; an empty one holds.
    All(Vec<When>),
    /// At least one holds.
    Any(Vec<When>),
    /// None holds.
    None(Vec<When>),
    /// One condition.
    Is(Test),
}

/// One condition.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Test {
    Head {
        head: String,
        is: Vec<String>,
        is_not: Vec<String>,
        confidence: Option<Bound>,
        abstains: Option<bool>,
    },
    Language {
        is: Vec<String>,
        confidence: Option<Bound>,
    },
    Platform(Vec<Platform>),
    Account(Vec<String>),
    Tag(Vec<String>),
}

/// A bound on a confidence.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Bound {
    sign: Sign,
    value: f32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sign {
    AtLeast,
    Above,
    AtMost,
    Below,
}

/// Confidences are 32-bit; a bound written as 0.8 must hold for a score of 0.8.
const ROUNDING: f32 = 1e-6;

impl Bound {
    /// Reads `>=0.8`, `>0.8`, `<=0.8`, `<0.8` or `0.8`, which means at least.
    fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let signs = [(">=", Sign::AtLeast), ("<=", Sign::AtMost), (">", Sign::Above), ("<", Sign::Below)];
        let (sign, number) = signs
            .into_iter()
            .find_map(|(word, sign)| Some((sign, text.strip_prefix(word)?)))
            .unwrap_or((Sign::AtLeast, text));
        let value = number.trim().parse::<f32>().ok().filter(|value| (0.0..=1.0).contains(value))?;
        Some(Self { sign, value })
    }

    fn holds(self, confidence: f32) -> bool {
        match self.sign {
            Sign::AtLeast => confidence >= self.value - ROUNDING,
            Sign::Above => confidence > self.value + ROUNDING,
            Sign::AtMost => confidence <= self.value + ROUNDING,
            Sign::Below => confidence < self.value - ROUNDING,
        }
    }

    /// A margin belongs to bounds that ask for confidence, not to those that look for doubt.
    fn wants_margin(self) -> bool {
        matches!(self.sign, Sign::AtLeast | Sign::Above)
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = match self.sign {
            Sign::AtLeast => ">=",
            Sign::Above => ">",
            Sign::AtMost => "<=",
            Sign::Below => "<",
        };
        write!(f, "{sign}{}", self.value)
    }
}

impl Test {
    /// Whether it holds.
    pub(super) fn holds(&self, facts: &Facts<'_>, defaults: Defaults) -> bool {
        match self {
            Self::Head { head, is, is_not, confidence, abstains } => {
                let Some(scored) = facts.prediction.heads.get(head) else { return false };
                match abstains {
                    Some(abstains) => chosen(scored, defaults).is_empty() == *abstains,
                    None => says(scored, is, is_not, *confidence, defaults),
                }
            }
            Self::Language { is, confidence } => {
                let language = &facts.prediction.language;
                is.iter().any(|code| code.eq_ignore_ascii_case(&language.code))
                    && confidence.is_none_or(|bound| bound.holds(language.confidence))
            }
            Self::Platform(platforms) => platforms.contains(&facts.platform),
            Self::Account(accounts) => accounts.iter().any(|account| account == facts.account),
            Self::Tag(tags) => tags
                .iter()
                .any(|tag| facts.ticket.tags.iter().any(|has| has.to_lowercase() == tag.to_lowercase())),
        }
    }

    /// What it saw, for `explain`. Never ticket text.
    pub(super) fn seen(&self, facts: &Facts<'_>, defaults: Defaults) -> String {
        match self {
            Self::Head { head, .. } => match facts.prediction.heads.get(head) {
                None => format!("the prediction has no head `{head}`"),
                Some(scored) => {
                    let best: Vec<_> = scored
                        .ranked
                        .iter()
                        .take(2)
                        .map(|(label, value)| format!("{label} {value:.2}"))
                        .collect();
                    let chosen = match chosen(scored, defaults) {
                        none if none.is_empty() => "abstains".to_owned(),
                        labels => format!("chose {}", labels.join(", ")),
                    };
                    format!("{} ({chosen})", best.join(", "))
                }
            },
            Self::Language { .. } => {
                let language = &facts.prediction.language;
                format!("{} {:.2}", language.code, language.confidence)
            }
            Self::Platform(_) => facts.platform.to_string(),
            Self::Account(_) => facts.account.to_owned(),
            Self::Tag(_) if facts.ticket.tags.is_empty() => "no tags".to_owned(),
            Self::Tag(_) => facts.ticket.tags.iter().cloned().collect::<Vec<_>>().join(", "),
        }
    }
}

/// The labels a head says: the bundle's own choice, or by the defaults where the bundle has no threshold at all.
pub(super) fn chosen(scored: &Scored, defaults: Defaults) -> Vec<&str> {
    if !scored.threshold.is_empty() || !scored.chosen.is_empty() {
        return scored.chosen.iter().map(String::as_str).collect();
    }
    reaching(scored, Bound { sign: Sign::AtLeast, value: defaults.threshold }, defaults)
}

/// The labels whose confidence is as asked. Of a head that gives one label only the best counts, and where confidence is
/// asked for, only when it is the margin ahead.
fn reaching(scored: &Scored, bound: Bound, defaults: Defaults) -> Vec<&str> {
    let candidates = match scored.kind {
        HeadKind::Single if bound.wants_margin() && scored.margin() < defaults.margin - ROUNDING => 0,
        HeadKind::Single => 1,
        HeadKind::Multi => scored.ranked.len(),
    };
    let ranked = scored.ranked.iter().take(candidates);
    ranked.filter(|(_, confidence)| bound.holds(*confidence)).map(|(label, _)| label.as_str()).collect()
}

/// Whether a head says one of `is` and none of `is_not`.
fn says(scored: &Scored, is: &[String], is_not: &[String], bound: Option<Bound>, defaults: Defaults) -> bool {
    let said = match bound {
        None => chosen(scored, defaults),
        Some(bound) => reaching(scored, bound, defaults),
    };
    let has = |labels: &[String]| said.iter().any(|found| labels.iter().any(|label| label == found));
    !said.is_empty() && (is.is_empty() || has(is)) && !has(is_not)
}

impl When {
    /// Whether any ticket of the platform could make it hold.
    pub(super) fn may_apply(&self, platform: Platform) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.may_apply(platform)),
            Self::Any(parts) => parts.iter().any(|part| part.may_apply(platform)),
            Self::None(parts) => !parts
                .iter()
                .any(|part| matches!(part, Self::Is(Test::Platform(of)) if of.contains(&platform))),
            Self::Is(Test::Platform(of)) => of.contains(&platform),
            Self::Is(_) => true,
        }
    }
}

impl fmt::Display for Test {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Head { head, is, is_not, confidence, abstains } => {
                f.write_str(head)?;
                match abstains {
                    Some(true) => f.write_str(" abstains")?,
                    Some(false) => f.write_str(" does not abstain")?,
                    None => {}
                }
                if !is.is_empty() {
                    write!(f, " is {}", is.join(" or "))?;
                }
                if !is_not.is_empty() {
                    write!(f, " is not {}", is_not.join(" or "))?;
                }
                confidence.map_or(Ok(()), |bound| write!(f, " with confidence {bound}"))
            }
            Self::Language { is, confidence } => {
                write!(f, "language is {}", is.join(" or "))?;
                confidence.map_or(Ok(()), |bound| write!(f, " with confidence {bound}"))
            }
            Self::Platform(of) => {
                write!(f, "platform is {}", of.iter().map(|p| p.as_str()).collect::<Vec<_>>().join(" or "))
            }
            Self::Account(of) => write!(f, "account is {}", of.join(" or ")),
            Self::Tag(of) => write!(f, "tagged {}", of.join(" or ")),
        }
    }
}
