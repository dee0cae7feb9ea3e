//! What the demo and the tests ask of any stand-in, whatever its platform.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use async_trait::async_trait;

use crate::log::{Fault, Logged};
use crate::responder::AutoResponder;
use crate::webhook::Sent;

/// A stand-in helpdesk.
#[async_trait]
pub trait Desk: Send + Sync {
    /// The platform's word: `zendesk`, `intercom` or `freshdesk`.
    fn platform(&self) -> &'static str;

    /// `http://127.0.0.1:<port>`.
    fn base_url(&self) -> String;

    /// This desk as an entry under `accounts:` of the settings (YAML, without the account's name, not indented):
    /// platform, base_url, webhook secrets and credentials.
    fn account_yaml(&self) -> String;

    /// Sends all webhooks to this address from now on.
    fn deliver_to(&self, url: &str);

    /// A customer writes in: the ticket is kept and its webhook sent, with the platform's retries. Returns the
    /// ticket's id as deskbridge writes it.
    async fn open(&self, ticket: NewTicket) -> String;

    /// The desk writes to a customer first, as a campaign or an outbound mail does: kept, and
    /// announced as the platform announces such a thing. Returns the ticket's id.
    async fn write_first(&self, ticket: NewTicket) -> String;

    /// The customer writes again: kept, and announced with the platform's retries.
    async fn customer_writes(&self, ticket: &str, text: &str);

    /// A ticket that came in while nothing was listening: kept, and no webhook is sent. Returns its id.
    fn open_quietly(&self, ticket: NewTicket) -> String;

    /// Sends a ticket's creation webhook once more, as the platform does when it missed our answer. Returns the
    /// status it was answered with.
    async fn redeliver(&self, ticket: &str) -> u16;

    /// Posts a creation webhook for the ticket with a signature (or token) that is wrong. Returns the status.
    async fn forge(&self, ticket: &str) -> u16;

    /// Posts an authentic delivery whose body is none the platform sends. Returns the status.
    async fn send_malformed(&self) -> u16;

    /// A person of the desk changes a ticket in the platform's own interface (no webhook of the kind we subscribe to).
    fn agent_edits(&self, ticket: &str, change: Change);

    /// Arms a change that happens after the next read of the ticket and before the write that follows, so that
    /// the write meets a ticket that moved.
    fn agent_edits_after_next_look(&self, ticket: &str, change: Change);

    /// Sets up a trigger of the platform's own that assigns this group at every update an agent makes, also by the API, and
    /// is shown by it. Intercom's workflows are no part of its API, so that none is set up there.
    fn reassigns_at_updates(&self, name: &str, group: &str);

    /// From now on customers' mailboxes answer every public reply by themselves, with a mail that
    /// opens a ticket.
    fn answers_by_itself(&self, responder: AutoResponder);

    /// The next matching requests meet this fault. Faults are consumed in order.
    fn inject(&self, fault: Fault);

    /// Faults that no request has met yet are called off.
    fn clear_faults(&self);

    /// Gives the account a plan whose limit a benchmark does not reach.
    fn raise_limit(&self) {
        self.allow(1_000_000, Duration::from_secs(60));
    }

    /// Gives the account a plan of so many calls in a window of time; beyond them it answers 429. Zendesk and Intercom tell the
    /// window's end in whole seconds.
    fn allow(&self, calls: u32, window: Duration);

    /// The ticket as it stands, in names, for comparison with what a rulebook says.
    fn ticket(&self, id: &str) -> Option<TicketState>;

    /// All tickets' ids, oldest first.
    fn tickets(&self) -> Vec<String>;

    /// Every API request so far.
    fn requests(&self) -> Vec<Logged>;

    /// Every webhook sent so far, with its last answer.
    fn deliveries(&self) -> Vec<Sent>;
}

/// A ticket as a customer writes it.
#[derive(Clone, Debug, Default)]
pub struct NewTicket {
    /// Subject line; Intercom conversations have none.
    pub subject: String,
    /// The text; HTML when it starts with `<`.
    pub body: String,
    /// The customer's address.
    pub email: String,
    /// Tags it is born with.
    pub tags: Vec<String>,
    /// What a person of the desk changes right after it is first read: see [`Desk::agent_edits_after_next_look`].
    pub touched: Option<Change>,
}

/// A change made by a person of the desk; `None` leaves a thing as it is.
#[derive(Clone, Debug, Default)]
pub struct Change {
    /// New priority: `urgent`, `high`, `normal`, `low`.
    pub priority: Option<String>,
    /// New group, by name.
    pub group: Option<String>,
    /// A tag that is added.
    pub tag: Option<String>,
    /// New category, as a stored value.
    pub category: Option<String>,
    /// What the customer is told.
    pub reply: Option<String>,
    /// Whether the ticket is solved with it.
    pub solved: bool,
    /// Keeps the platform's stamp: the change falls into the second of the one before it.
    pub same_second: bool,
}

/// A ticket as it stands, in names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TicketState {
    /// `urgent`, `high`, `normal`, `low`; `None` where unset. Freshdesk's medium is `normal`; on Intercom it is the
    /// `Priority` attribute.
    pub priority: Option<String>,
    /// Group name.
    pub group: Option<String>,
    /// Agent name.
    pub agent: Option<String>,
    /// Tags.
    pub tags: BTreeSet<String>,
    /// Set custom fields, by the name people see: `Category` (Zendesk), `Issue type` (Intercom), `cf_category` (Freshdesk).
    pub fields: BTreeMap<String, String>,
    /// Private and public notes, oldest first, the customer's messages not included.
    pub notes: Vec<Note>,
    /// Addresses of whoever follows, is copied, or was notified by a note; Intercom has no such thing.
    pub ccs: BTreeSet<String>,
}

/// A note or reply on a ticket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// Its body as stored (HTML where the platform keeps HTML).
    pub body: String,
    /// Whether the customer can see it.
    pub public: bool,
}
