//! The contract of a platform: what each connector answers, and nothing it does.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::account::{Platform, Problem};
use crate::call::{Allowance, Answer, Call, Next, Pace};
use crate::delivery::{Delivery, Malformed, Notice, Rejected, Verified};
use crate::diagnosis::Diagnosis;
use crate::directory::Directory;
use crate::plan::{Applied, Effect, Plan};
use crate::preview::{Heard, Preview};
use crate::secret::Secret;
use crate::settled::{Page, Settled, Window};
use crate::ticket::{Skip, Ticket, TicketId};
use crate::trigger::Trigger;

/// A helpdesk platform as pure functions. Every exchange is called again and again with all answers so far,
/// from none on, and ends after a bounded number of them whatever they say.
pub trait Connector: Send + Sync + std::fmt::Debug {
    /// Which platform this is.
    fn platform(&self) -> Platform;

    /// Whether the raw bytes are authentic, and what they say. Nothing is parsed before the signature matched.
    ///
    /// # Errors
    /// [`Rejected`]: answered 401, counted, never logged with its body. No configured secret verifies nothing.
    fn verify(&self, delivery: &Delivery, now: Timestamp) -> Result<Verified, Rejected>;

    /// Why a delivery that [`Self::verify`] rejects is rejected, and what to do about it. Says nothing of the secret, of a
    /// signature or of the body. Of one that verifies it says so.
    fn diagnose(&self, delivery: &Delivery, now: Timestamp) -> Diagnosis;

    /// How far a signed time may lie ahead of our clock, where deliveries carry one.
    fn tolerance(&self) -> Option<Duration>;

    /// Reads a kept body again, as [`Self::verify`] did: for a dead letter that is requeued.
    ///
    /// # Errors
    /// [`Malformed`] with the JSON path.
    fn read(&self, body: &[u8]) -> Result<Notice, Malformed>;

    /// What the customer wrote, as far as a kept body tells it; `None` where it does not.
    fn preview(&self, body: &[u8]) -> Option<Preview>;

    /// Returns the message that a kept body brings, on a platform whose API does not show that
    /// message; else `None`.
    fn heard(&self, body: &[u8]) -> Option<Heard>;

    /// Reads the ticket back: whole, with its thread.
    fn look(&self, notice: &Notice, answers: &[Answer]) -> Next<Looked>;

    /// Carries out a plan on a ticket as it was looked at, in as few requests as the platform allows. What holds
    /// already is not sent. With [`Doubt::LastWriteUnanswered`] the first call is a read that shows what arrived.
    fn act(
        &self,
        plan: &Plan,
        on: &Ticket,
        names: &Directory,
        doubt: Doubt,
        answers: &[Answer],
    ) -> Next<Applied, Call>;

    /// Reads what became of a ticket: its present values, and who changed what, as far as the platform tells. Closed tickets
    /// are read like any other.
    fn settled(&self, ticket: &TicketId, names: &Directory, answers: &[Answer]) -> Next<Settled>;

    /// Lists the tickets that were resolved, or opened, in a window, one page an exchange. What was so within it is on one of the
    /// pages, also when tickets change meanwhile; others may be there too, and one may come twice.
    fn listed(&self, window: &Window, answers: &[Answer]) -> Next<Page>;

    /// Reads groups, agents, fields and tags.
    fn names(&self, answers: &[Answer]) -> Next<Directory>;

    /// Returns the names as they apply to one ticket: a platform may have kinds of tickets whose fields share names.
    fn names_for<'n>(&self, _ticket: &TicketId, names: &'n Directory) -> Cow<'n, Directory> {
        Cow::Borrowed(names)
    }

    /// Reads the platform's own automation that our updates can start. `None` where the platform does not tell, or not to
    /// these credentials.
    fn triggers(&self, names: &Directory, answers: &[Answer]) -> Next<Option<Vec<Trigger>>>;

    /// Whether this account could carry out the effect: its names exist and the platform can do it.
    ///
    /// # Errors
    /// What is missing and what to do about it, for `check`.
    fn can(&self, effect: &Effect, names: &Directory) -> Result<(), String>;

    /// What an answer's rate headers say.
    fn pace(&self, answer: &Answer) -> Option<Pace>;

    /// Returns the platform's limit on changes of tickets, where it has one apart from the limit on
    /// requests.
    fn updates(&self) -> Option<Allowance>;

    /// Returns what an answer to a change says of that limit.
    fn update_pace(&self, answer: &Answer) -> Option<Pace>;

    /// How requests are authenticated.
    fn auth(&self) -> Auth;

    /// Headers sent with every request (a pinned API version).
    fn headers(&self) -> Vec<(&'static str, String)> {
        Vec::new()
    }
}

/// What a look brought back.
#[derive(Clone, Debug, PartialEq)]
pub enum Looked {
    /// A ticket to decide on.
    Ticket(Box<Ticket>),
    /// A ticket to leave alone.
    Skip(Skip),
}

/// Whether an earlier attempt on this ticket may have left a write behind that we have no answer for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Doubt {
    /// Nothing was sent before.
    None,
    /// A write was sent in an earlier attempt; look before repeating what does not bear repeating.
    LastWriteUnanswered,
}

/// How requests to a platform are authenticated.
#[derive(Clone, Debug)]
pub enum Auth {
    /// HTTP basic authentication.
    Basic {
        /// The user name.
        user: Secret,
        /// The password.
        password: Secret,
    },
    /// A bearer token that does not expire.
    Bearer(Secret),
    /// OAuth client credentials: `POST path` with JSON `{grant_type, client_id, client_secret, scope}` answers
    /// `{access_token, expires_in}`; refreshed before it ends and once after a 401.
    ClientCredentials {
        /// The token endpoint's path.
        path: &'static str,
        /// The client's identifier.
        client_id: String,
        /// The client's secret.
        client_secret: Secret,
        /// Space-separated scopes.
        scope: &'static str,
    },
}

/// A connector, and what `check` should mention about its settings although they work.
#[derive(Clone, Debug)]
pub struct Opened {
    /// The connector.
    pub connector: Arc<dyn Connector>,
    /// Things that work today and will not for ever, or that are unwise.
    pub warnings: Vec<Problem>,
}
