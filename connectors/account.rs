//! A platform, and one configured installation of it.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::secret::Secret;

/// A helpdesk product that deskbridge speaks to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Platform {
    /// Zendesk Support.
    Zendesk,
    /// Intercom conversations and tickets.
    Intercom,
    /// Freshdesk.
    Freshdesk,
}

impl Platform {
    /// Every platform, in reading order.
    pub const ALL: [Self; 3] = [Self::Zendesk, Self::Intercom, Self::Freshdesk];

    /// The word used in settings, rulebooks and output.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Zendesk => "zendesk",
            Self::Intercom => "intercom",
            Self::Freshdesk => "freshdesk",
        }
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Platform {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|platform| platform.as_str() == word).ok_or_else(|| {
            let known: Vec<_> = Self::ALL.iter().map(|platform| platform.as_str()).collect();
            format!("`{word}` is not a platform; use one of {}", known.join(", "))
        })
    }
}

/// The name of an account in the settings; it is also the last segment of its webhook address.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountId(String);

impl AccountId {
    /// Accepts 1–64 lower-case letters, digits, `-` and `_`, so that the name is safe in a path and a label.
    ///
    /// # Errors
    /// Says which characters are allowed.
    pub fn new(name: &str) -> Result<Self, String> {
        let fits = !name.is_empty()
            && name.len() <= 64
            && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_');
        if fits {
            Ok(Self(name.to_owned()))
        } else {
            Err(format!("`{name}` is no account name; use 1 to 64 of a-z, 0-9, `-` and `_`"))
        }
    }

    /// The name as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One account as its connector needs it. Which keys a platform wants is the platform's own business:
/// [`Platform::open`] says what is missing.
#[derive(Clone, Debug)]
pub struct AccountConfig {
    /// The account's name.
    pub id: AccountId,
    /// Scheme and host, without a trailing slash; `http` only to loopback (checked by the settings).
    pub base_url: String,
    /// How deliveries prove that they are authentic.
    pub webhook: WebhookConfig,
    /// How we prove who we are.
    pub credentials: Option<Credentials>,
    /// Whether a rule may answer the customer.
    pub allow_public_replies: bool,
    /// The customer's field that tells segments apart (`organization.plan`), where the settings name one: a look then
    /// reads it into [`crate::Ticket::profile`].
    pub segment_field: Option<String>,
    /// The API version to pin, where a platform has versions.
    pub api_version: Option<String>,
    /// The workspace that deliveries must name, where a platform sends several workspaces to one address.
    pub app_id: Option<String>,
    /// The teammate on whose behalf we act, where a platform wants one.
    pub admin_id: Option<String>,
}

/// How deliveries to one account prove that they are authentic. Several secrets are active at once, so that
/// rotation is adding one and removing the old one later.
#[derive(Clone, Debug, Default)]
pub struct WebhookConfig {
    /// Signing secrets, newest first.
    pub secrets: Vec<Secret>,
    /// How far a signed timestamp may lie from our clock.
    pub tolerance: Option<Duration>,
    /// The header that carries a shared token, where the platform cannot sign.
    pub token_header: Option<String>,
    /// Accepted tokens for [`Self::token_header`].
    pub tokens: Vec<Secret>,
    /// User name and password, where the platform can only do basic authentication.
    pub basic_auth: Option<(String, Secret)>,
}

/// How we authenticate to a platform's API.
#[derive(Clone, Debug)]
pub enum Credentials {
    /// OAuth client credentials: a short-lived bearer token is fetched and refreshed.
    OAuthClient {
        /// The client's identifier.
        client_id: String,
        /// The client's secret.
        client_secret: Secret,
    },
    /// An agent's e-mail address and API token.
    ApiToken {
        /// The agent's address.
        email: String,
        /// The token.
        api_token: Secret,
    },
    /// A long-lived bearer token.
    AccessToken(Secret),
    /// An API key used as the user name of basic authentication.
    ApiKey(Secret),
}

/// Something wrong, or unwise, in an account's settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The key it belongs to, dotted, relative to the account (`webhook.secrets`).
    pub key: &'static str,
    /// What is wrong and what to do about it. Never contains a secret.
    pub message: String,
}

impl Problem {
    /// A problem with `key`.
    pub fn new(key: &'static str, message: impl Into<String>) -> Self {
        Self { key, message: message.into() }
    }
}
