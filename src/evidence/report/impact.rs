//! Impact: how tickets went before deskbridge acted, and how they go now; from the desk's own tickets alone.
//!
//! | figure | definition |
//! |---|---|
//! | `routing_seconds` | from the ticket's opening to its first group |
//! | `misrouted` | share of tickets whose first group is not their last |
//! | `reassigned` | share of tickets whose group was changed after the first, at least once |
//! | `reassignments` | such changes a ticket, on average; no interval, because one ticket's changes hang together |
//! | `first_response_seconds` | from the ticket's opening to the first answer of a person |
//!
//! *Before* are tickets on which no decision was live (deskbridge was not there yet, or in shadow), *after* those on which it
//! was. Tickets that were decided on in suggest mode belong to neither and are counted apart. With a date instead, *before* and
//! *after* are told by when a ticket was opened; then other changes of that time are in the figures too.
//!
//! Waits are shown by their median ([`Middle`]; from 4,096 waits on counted in bins of 0.1 %), shares with Wilson's interval, and a difference with [`Contrast`]'s. Under
//! [`ENOUGH`] tickets there is no figure, only how many there are. Tickets without the two times of a wait are not counted in
//! it. A before and after is no experiment: season, staff and product change too.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::contrast::{Contrast, Known};
use super::evidence::Count;
use super::middle::{ENOUGH, Middle, Waits};
use super::observation::Course;
use super::wilson::Share;
use crate::domain::mode::Mode;

/// How tickets are told apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Split {
    /// By how far decisions on them could go.
    #[default]
    Mode,
    /// By whether they were opened before that moment.
    Opened(Timestamp),
}

/// Everything that was measured, before and after.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Impact {
    /// How tickets were told apart.
    pub split: Split,
    /// Tickets before and after.
    pub tickets: Sides<usize>,
    /// Tickets of suggest mode, which belong to neither.
    pub suggested: usize,
    /// Tickets needed on a side before a figure is shown.
    pub needed: usize,
    /// From opening to first group.
    pub routing_seconds: Compared<Wait>,
    /// First group is not the last.
    pub misrouted: Compared<Part>,
    /// Group changed after the first.
    pub reassigned: Compared<Part>,
    /// Such changes a ticket.
    pub reassignments: Sides<Option<f64>>,
    /// From opening to the first answer of a person.
    pub first_response_seconds: Compared<Wait>,
}

/// Something before and after.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Sides<T> {
    /// Before.
    pub before: T,
    /// After.
    pub after: T,
}

/// A figure before and after, and how far it moved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Compared<T> {
    /// Before.
    pub before: T,
    /// After.
    pub after: T,
    /// After minus before; `None` where a side has not enough tickets.
    pub difference: Option<Contrast>,
}

/// A wait in seconds: how many, and the middle where they are enough.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Wait {
    /// Tickets with both times.
    pub n: usize,
    /// `None` where they are not enough.
    pub median: Option<f64>,
    /// Both ends of the median's interval.
    pub median_ci: Option<[f64; 2]>,
    /// Nine of ten are shorter.
    pub p90: Option<f64>,
}

/// A share: how many, and the share where they are enough.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Part {
    /// Tickets on which it is known.
    pub n: usize,
    /// Those that had it.
    pub hits: usize,
    /// `None` where they are not enough.
    pub share: Option<f64>,
    /// Both ends of its interval.
    pub share_ci: Option<[f64; 2]>,
}

/// Sums of how tickets went, added one at a time.
#[derive(Clone, Debug, Default)]
pub struct ImpactSums {
    split: Split,
    before: SideSums,
    after: SideSums,
    suggested: usize,
}

/// Sums of one side.
#[derive(Clone, Debug, Default)]
struct SideSums {
    tickets: usize,
    routing: Waits,
    replies: Waits,
    misrouted: Count,
    reassigned: Count,
    changes: u64,
}

impl ImpactSums {
    /// Begins with nothing.
    pub fn new(split: Split) -> Self {
        Self { split, ..Self::default() }
    }

    /// Adds a ticket's course.
    pub fn add(&mut self, course: &Course) {
        let side = match self.split {
            Split::Mode => match course.mode {
                None | Some(Mode::Shadow) => Some(&mut self.before),
                Some(Mode::Live) => Some(&mut self.after),
                Some(Mode::Suggest) => {
                    self.suggested += 1;
                    None
                }
            },
            Split::Opened(moment) => course.created_at.map(|at| match at >= moment {
                true => &mut self.after,
                false => &mut self.before,
            }),
        };
        if let Some(side) = side {
            side.add(course);
        }
    }

    /// Measures the tickets before and after.
    pub fn impact(&self) -> Impact {
        let (before, after) = (&self.before, &self.after);
        Impact {
            split: self.split,
            tickets: Sides { before: before.tickets, after: after.tickets },
            suggested: self.suggested,
            needed: ENOUGH,
            routing_seconds: waits(&before.routing, &after.routing),
            misrouted: parts(before.misrouted, after.misrouted),
            reassigned: parts(before.reassigned, after.reassigned),
            reassignments: Sides { before: before.mean_changes(), after: after.mean_changes() },
            first_response_seconds: waits(&before.replies, &after.replies),
        }
    }
}

impl SideSums {
    fn add(&mut self, course: &Course) {
        self.tickets += 1;
        let wait = |to: Option<Timestamp>| seconds(course.created_at?, to?);
        if let Some(wait) = wait(course.routed_at) {
            self.routing.add(wait);
        }
        if let Some(wait) = wait(course.first_reply_at) {
            self.replies.add(wait);
        }
        if let Some(misrouted) = course.misrouted {
            self.misrouted.add(misrouted);
        }
        if course.routed_at.is_some() {
            self.reassigned.add(course.reassignments > 0);
            self.changes += u64::from(course.reassignments);
        }
    }

    fn mean_changes(&self) -> Option<f64> {
        let routed = self.reassigned.n;
        (routed >= ENOUGH).then(|| self.changes as f64 / routed as f64)
    }
}

/// The seconds between two moments; `None` where the platform's clock runs backwards.
fn seconds(from: Timestamp, to: Timestamp) -> Option<f64> {
    let wait = to.duration_since(from).as_secs_f64();
    (wait >= 0.0).then_some(wait)
}

fn waits(before: &Waits, after: &Waits) -> Compared<Wait> {
    let wait = |n, middle: Option<Middle>| Wait {
        n,
        median: middle.map(|middle| middle.median),
        median_ci: middle.map(|middle| [middle.low, middle.high]),
        p90: middle.map(|middle| middle.p90),
    };
    let known = |middle: Middle| Known { value: middle.median, low: middle.low, high: middle.high };
    let (b, a) = (Middle::of(before), Middle::of(after));
    let difference = b.zip(a).map(|(b, a)| Contrast::between(known(b), known(a)));
    Compared { before: wait(before.len(), b), after: wait(after.len(), a), difference }
}

fn parts(before: Count, after: Count) -> Compared<Part> {
    let (before, after) = (before.share(), after.share());
    let enough = |share: Option<Share>| share.filter(|share| share.n >= ENOUGH);
    let part = |share: Option<Share>| Part {
        n: share.map_or(0, |share| share.n),
        hits: share.map_or(0, |share| share.hits),
        share: enough(share).map(|share| share.share),
        share_ci: enough(share).map(|share| share.ci()),
    };
    let difference = enough(before).zip(enough(after)).map(|(b, a)| Contrast::between(b.into(), a.into()));
    Compared { before: part(before), after: part(after), difference }
}

impl From<Share> for Known {
    fn from(share: Share) -> Self {
        Self { value: share.share, low: share.low, high: share.high }
    }
}
