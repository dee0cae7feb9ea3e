//! The ways in which an exchange ends without a result.

use deskbridge_connectors::{Later, Refusal};

/// Why an exchange ended without a result.
#[derive(Debug)]
pub enum Stopped {
    /// Not now.
    Later(Later),
    /// Not in this form.
    Refused(Refusal),
    /// The journal could not be written, so nothing was sent.
    Store(crate::store::Error),
}

impl Stopped {
    /// Says why a list of tickets could not be read, for people.
    pub fn about_a_listing(&self) -> String {
        match self {
            Self::Refused(Refusal::Gone) => "the address of the listing is not found".to_owned(),
            Self::Refused(Refusal::Credentials) => {
                "the credentials may not list tickets, or are not accepted".to_owned()
            }
            other => other.about_a_ticket(),
        }
    }

    /// Why one ticket could not be read or written, for people.
    pub fn about_a_ticket(&self) -> String {
        match self {
            Self::Later(_) => "the platform gave no usable answer; try again later".to_owned(),
            Self::Refused(Refusal::Credentials) => "the platform does not let us at this ticket".to_owned(),
            Self::Refused(Refusal::Gone) => "the ticket is not there any more".to_owned(),
            Self::Refused(Refusal::Moved) => "the ticket changed while it was being read".to_owned(),
            Self::Refused(Refusal::Unsupported(what)) => format!("the platform cannot do this: {what}"),
            Self::Refused(Refusal::Invalid(what)) => format!("the platform rejects the request: {what}"),
            Self::Store(error) => error.to_string(),
        }
    }
}
