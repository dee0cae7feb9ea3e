//! Conditions: what a rule asks about a ticket, its prediction and the moment.
//!
//! A condition sees the prediction as the bundle calibrated it. Without a `confidence` the bundle's own choice counts;
//! with one, the rule's bound replaces the threshold and the margin stays. [`Sight`] says whether one holds, and what it
//! saw; nothing here reads a clock, because the moment is one of the facts.

use deskbridge_connectors::{Platform, Priority, Status};

mod bound;
mod head;
mod hours;
mod pattern;
mod read;
mod show;
mod sieve;
mod sight;

pub(super) use crate::domain::texts::TextPart;
pub(super) use bound::{Age, Bound, Count, span};
pub(super) use head::{HeadTest, chosen};
pub(super) use hours::Hours;
pub(super) use pattern::{Pattern, digests, warn_if_changed};
pub(super) use read::read;
pub(super) use sieve::Sieve;
pub(super) use sight::Sight;

/// The words a condition may begin with; any other is the short form of a head.
pub const CONDITIONS: [&str; 17] = [
    "head",
    "language",
    "segment",
    "platform",
    "account",
    "channel",
    "brand",
    "tag",
    "field",
    "status",
    "priority",
    "group",
    "requester",
    "text",
    "repeat_contacts",
    "hours",
    "age",
];

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
    Head(HeadTest),
    Language {
        is: Vec<String>,
        confidence: Option<Bound>,
    },
    Platform(Vec<Platform>),
    Account(Vec<String>),
    Segment(Vec<String>),
    Channel(Vec<String>),
    /// Brands by name or id.
    Brand(Vec<String>),
    /// In lower case.
    Tag(Vec<String>),
    Field(FieldTest),
    Status(Vec<Status>),
    Priority(Vec<Priority>),
    /// Our words or the platform's names.
    Group(Vec<String>),
    /// Both in lower case; one of either is enough.
    Requester {
        email: Vec<String>,
        domain: Vec<String>,
    },
    Text {
        patterns: Vec<Pattern>,
        part: TextPart,
    },
    Contacts {
        count: Count,
        within: std::time::Duration,
    },
    Hours(Hours),
    Age(Age),
}

/// What is asked of a field.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct FieldTest {
    pub(super) field: String,
    /// Empty where only `exists` is asked.
    pub(super) is: Vec<String>,
    pub(super) is_not: Vec<String>,
    pub(super) exists: Option<bool>,
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

    /// Every single condition in it, however deep.
    pub(super) fn tests(&self) -> Vec<&Test> {
        match self {
            Self::All(parts) | Self::Any(parts) | Self::None(parts) => {
                parts.iter().flat_map(Self::tests).collect()
            }
            Self::Is(test) => vec![test],
        }
    }
}
