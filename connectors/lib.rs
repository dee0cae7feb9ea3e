//! The helpdesk boundary: Zendesk, Intercom and Freshdesk as pure functions.
//!
//! A connector is a set of functions from *(question, answers so far)* to *the next request or the result*.
//! Nothing in this crate opens a socket, reads a file, a clock or the environment; one driver in the daemon
//! performs every exchange. That is why each platform is a plain `match` over answers, why every branch is
//! tested without a server, and why shadow mode can show the exact request it withholds.
//!
//! The vocabulary of the boundary lives here too, because it is the language both sides speak:
//!
//! | value | module |
//! |---|---|
//! | an account and its secrets | [`account`], [`secret`] |
//! | what a platform posts to us | [`delivery`], [`signature`] |
//! | why a delivery does not verify | [`diagnosis`], [`explanation`] |
//! | the normalised ticket | [`ticket`], [`plain_text`] |
//! | mail that no person waits for an answer to | [`machine`], [`recognise`] |
//! | what we want changed | [`plan`] |
//! | one request and its answer | [`call`] |
//! | names to ids | [`directory`] |
//! | what the agents settled on | [`settled`] |
//! | the platform's own automation | [`trigger`] |
//! | the contract of a platform | [`connector`] |
//!
//! A fourth platform is one folder here and five lines in `registry.rs` and [`account::Platform`].

pub mod account;
pub mod call;
pub mod connector;
pub mod delivery;
pub mod diagnosis;
pub mod directory;
pub mod explanation;
pub mod machine;
pub mod plain_text;
pub mod plan;
pub mod preview;
pub mod printable;
pub mod recognise;
pub mod rotating;
pub mod secret;
pub mod settled;
pub mod signature;
pub mod ticket;
pub mod trigger;

mod freshdesk;
mod intercom;
mod profile;
mod registry;
mod trace;
mod zendesk;

#[cfg(test)]
mod contract;

pub use account::{AccountConfig, AccountId, Platform};
pub use call::{Answer, Call, Later, Next, Pace, PathAndQuery, Read, Refusal, Verb, Write};
pub use connector::{Auth, Connector, Doubt, Looked, Opened};
pub use delivery::{
    Content, Delivery, DeliveryKey, Malformed, Notice, NoticeKind, Rejected, Verified, VerifiedDelivery,
};
pub use directory::Directory;
pub use machine::{MachineMail, Recognised};
pub use plan::{Applied, Effect, EffectState, Plan};
pub use rotating::Rotating;
pub use secret::{Changing, Secret};
pub use ticket::{FieldValue, Priority, RemoteId, Skip, Status, Tag, Ticket, TicketId, Version};
