//! The question that a report answers: from when on, as of when, and by which bar.

use jiff::Timestamp;

use super::backlog::Backlog;
use super::drift::Reference;
use super::impact::Split;
use super::in_force::InForce;
use super::readiness::Bar;

/// What a report is asked.
#[derive(Clone, Debug)]
pub struct Terms {
    /// What the figures are about begins here; `None` for everything there is.
    pub since: Option<Timestamp>,
    /// When it is asked.
    pub now: Timestamp,
    /// What a label has to reach.
    pub bar: Bar,
    /// How before and after are told apart.
    pub split: Split,
    /// What the bundle was trained on.
    pub training: Option<Reference>,
    /// How far labels may go; `None` where nobody knows.
    pub in_force: Option<InForce>,
    /// What waits; `None` where nobody knows.
    pub backlog: Option<Backlog>,
}
