//! Opens a platform: the one place that names every connector.

use crate::account::{AccountConfig, Platform, Problem};
use crate::connector::Opened;
use crate::{freshdesk, intercom, zendesk};

impl Platform {
    /// Returns the headers that tell this platform's deliveries from those of others, in lower case.
    pub const fn proof_headers(self) -> &'static [&'static str] {
        match self {
            Self::Zendesk => zendesk::PROOF_HEADERS,
            Self::Intercom => intercom::PROOF_HEADERS,
            Self::Freshdesk => freshdesk::PROOF_HEADERS,
        }
    }

    /// Checks an account's settings and builds its connector.
    ///
    /// # Errors
    /// Everything that is missing or contradictory, each with the key it belongs to, all at once.
    pub fn open(self, config: &AccountConfig) -> Result<Opened, Vec<Problem>> {
        match self {
            Self::Zendesk => zendesk::open(config),
            Self::Intercom => intercom::open(config),
            Self::Freshdesk => freshdesk::open(config),
        }
    }
}
