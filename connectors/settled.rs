//! What the agents finally did with a ticket, and how it came to be so: what a decision is later held against.
//!
//! The vocabulary of two questions a connector answers with reads only: which tickets were resolved in a window, a page
//! at a time, and what became of one ticket.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::account::AccountId;
use crate::delivery::VerifiedDelivery;
use crate::ticket::{FieldValue, RemoteId, Tag, Ticket, TicketId};

/// One ticket as its agents left it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Settled {
    /// The ticket as it is now.
    pub ticket: Ticket,
    /// When it was solved or closed last; `None` while it is open.
    pub closed_at: Option<Timestamp>,
    /// When a person of the desk first answered the customer.
    pub first_reply_at: Option<Timestamp>,
    /// When anything about it changed last, by whomever.
    pub touched_at: Option<Timestamp>,
    /// What was changed since the ticket was opened, oldest first, as far as the platform tells.
    pub changes: Vec<Change>,
    /// The parts whose changes the platform tells; of all others only the present value is known.
    pub told: BTreeSet<PartKind>,
}

/// One change of one part of a ticket.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// When.
    pub at: Timestamp,
    /// Who did it.
    pub by: By,
    /// What was changed.
    pub part: Part,
    /// What it holds since; `None` where it was emptied. Ids as in [`Ticket`]; absent for tags, whose part says it all.
    pub value: Option<FieldValue>,
}

/// Who changed something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// deskbridge, by the identity its credentials have.
    Us,
    /// A person of the desk.
    Person(RemoteId),
    /// A trigger, a workflow, a bot, another program.
    Automation,
    /// The customer: what they filled in when they asked.
    Customer,
    /// The platform does not tell.
    Unknown,
}

/// A part of a ticket that can change.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// How urgent it is.
    Priority,
    /// Its group or team.
    Group,
    /// Its agent.
    Assignee,
    /// A field, by id.
    Field(RemoteId),
    /// A tag was added.
    TagAdded(Tag),
    /// A tag was removed.
    TagRemoved(Tag),
}

/// The kinds of [`Part`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PartKind {
    /// [`Part::Priority`].
    Priority,
    /// [`Part::Group`].
    Group,
    /// [`Part::Assignee`].
    Assignee,
    /// [`Part::Field`].
    Field,
    /// [`Part::TagAdded`] and [`Part::TagRemoved`].
    Tags,
}

/// Which tickets of a stretch of time are listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Listing {
    /// Those that were resolved within it.
    #[default]
    Resolved,
    /// Those that were opened within it, whatever became of them.
    Opened,
}

/// A stretch of time, and how far its tickets were listed: what resumes an interrupted listing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// Which tickets.
    #[serde(default)]
    pub of: Listing,
    /// From then on.
    pub since: Timestamp,
    /// Before then.
    pub until: Timestamp,
    /// Where the listing goes on; `None` at its start. A connector's own text, meaningless elsewhere.
    pub cursor: Option<String>,
}

/// One page of the tickets of a window. Only a connector makes one, from its platform's own answer to our credentials.
#[non_exhaustive]
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page {
    /// The tickets; one may come again on a later page.
    pub tickets: Vec<TicketId>,
    /// How many there are in all, where the platform says so.
    pub total: Option<u64>,
    /// Where the next page begins; `None` after the last.
    pub next: Option<String>,
}

impl Page {
    /// The page's tickets as deliveries, for tickets whose webhook never came: our own authenticated reading shows that they are
    /// there. Each has one key for ever, so that a ticket is found once. They have no body, because nobody sent one.
    pub fn deliveries(&self, account: &AccountId) -> Vec<VerifiedDelivery> {
        self.tickets.iter().map(|ticket| VerifiedDelivery::found(account, ticket)).collect()
    }
}
