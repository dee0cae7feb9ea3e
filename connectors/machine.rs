//! Mail that machines send: automatic replies, bounces, reports, newsletters, and thanks that ask
//! for nothing.
//!
//! Answering a machine in public starts a loop or reaches nobody. [`crate::recognise`] tells which
//! mail is such.

use serde::{Deserialize, Serialize};

/// A kind of mail that no person waits for an answer to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MachineMail {
    /// An out-of-office message, or another answer that a program gives.
    AutoReply,
    /// A mail that could not be delivered comes back.
    Bounce,
    /// A report that a mail was delivered, read or delayed.
    DeliveryReport,
    /// Mail to many: a newsletter, a mailing list.
    Newsletter,
    /// Thanks, or that it is solved, and nothing else.
    Thanks,
}

impl MachineMail {
    /// The word used in rulebooks and output.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AutoReply => "auto_reply",
            Self::Bounce => "bounce",
            Self::DeliveryReport => "delivery_report",
            Self::Newsletter => "newsletter",
            Self::Thanks => "thanks",
        }
    }

    /// A description for people.
    pub const fn in_words(self) -> &'static str {
        match self {
            Self::AutoReply => "an automatic reply",
            Self::Bounce => "a bounced mail",
            Self::DeliveryReport => "a delivery report",
            Self::Newsletter => "mail to many",
            Self::Thanks => "thanks and nothing else",
        }
    }
}

/// The sign by which such mail was recognised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sign {
    /// The platform marks it.
    Platform,
    /// A header of the mail says so.
    Header,
    /// The address it comes from.
    Sender,
    /// The beginning of the subject.
    Subject,
    /// The text, together with the subject or the sender.
    Text,
}

impl Sign {
    /// A description for people, to follow "by".
    pub const fn in_words(self) -> &'static str {
        match self {
            Self::Platform => "the platform's mark",
            Self::Header => "a mail header",
            Self::Sender => "its sender",
            Self::Subject => "its subject",
            Self::Text => "its text and subject",
        }
    }
}

/// A kind of machine mail and the sign it was recognised by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recognised {
    /// The kind of mail.
    pub mail: MachineMail,
    /// The sign that decided.
    pub sign: Sign,
}

impl std::fmt::Display for Recognised {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}, by {}", self.mail.in_words(), self.sign.in_words())
    }
}
