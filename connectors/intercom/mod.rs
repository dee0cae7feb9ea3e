//! Intercom: conversations and tickets of one workspace.
//!
//! The platform has no optimistic lock, no bulk update and no idempotency key, so a plan is one read and then one
//! request a change, in an order in which every one but the last bears repeating. README.md beside this file
//! tells how to connect a workspace and which traps are handled where. It never writes before it has read.

mod act;
mod diagnose;
mod listed;
mod look;
mod marks;
mod names;
mod settled;
mod verify;
mod wire;

#[cfg(test)]
pub(crate) mod tests;

pub(crate) use verify::PROOF_HEADERS;

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::account::{AccountConfig, Credentials, Platform, Problem};
use crate::call::{Allowance, Answer, Call, Next, Pace};
use crate::connector::{Auth, Connector, Doubt, Looked, Opened};
use crate::delivery::{Delivery, Malformed, Notice, Rejected, Verified};
use crate::diagnosis::Diagnosis;
use crate::directory::Directory;
use crate::plan::{Applied, Effect, Plan};
use crate::preview::{Heard, Preview};
use crate::profile::Asked;
use crate::secret::Secret;
use crate::settled::{Page, Settled, Window};
use crate::ticket::{RemoteId, Ticket, TicketId};
use crate::trigger::Trigger;

/// Versions whose differences this connector knows.
/// <https://developers.intercom.com/docs/references/changelog>
const VERSIONS: [&str; 9] = ["2.11", "2.12", "2.13", "2.14", "2.15", "2.16", "2.17", "Preview", "Unstable"];

/// The version the vendor's own SDK speaks.
const DEFAULT_VERSION: &str = "2.14";

/// The vendor's three regions.
const HOSTS: [&str; 3] =
    ["https://api.intercom.io", "https://api.eu.intercom.io", "https://api.au.intercom.io"];

/// One workspace.
#[derive(Debug)]
pub(crate) struct Intercom {
    secrets: Vec<Secret>,
    tolerance: Duration,
    app_id: String,
    admin_id: RemoteId,
    token: Secret,
    version: Version,
    /// Whether a rule may answer the customer.
    replies: bool,
    /// What is read of the customer.
    profile: Option<Asked>,
}

/// A pinned API version, by its place in [`VERSIONS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Version(usize);

impl Version {
    fn new(text: &str) -> Option<Self> {
        VERSIONS.iter().position(|known| *known == text).map(Self)
    }

    /// The header's value.
    pub(crate) fn as_str(self) -> &'static str {
        VERSIONS[self.0]
    }

    /// Whether a conversation's priority can be written: in no stable version so far.
    pub(crate) fn writes_priority(self) -> bool {
        matches!(self.as_str(), "Preview" | "Unstable")
    }

    /// Whether conversation attributes have an endpoint of their own; the older one answers 422 from then on.
    pub(crate) fn lists_conversation_attributes(self) -> bool {
        Self::new("2.16").is_some_and(|since| self >= since)
    }

    /// Whether a ticket's assignee stands at the top of the update instead of in an `assignment` object.
    /// <https://developers.intercom.com/docs/references/2.14/changelog>
    pub(crate) fn assigns_tickets_directly(self) -> bool {
        Self::new("2.14").is_some_and(|since| self >= since)
    }
}

/// Checks the settings and builds the connector.
pub(crate) fn open(config: &AccountConfig) -> Result<Opened, Vec<Problem>> {
    let mut problems = Vec::new();
    let webhook = &config.webhook;
    if webhook.secrets.is_empty() || webhook.secrets.iter().any(Secret::is_empty) {
        let message =
            "give the app's client secret (Developer Hub, Basic information); it signs every notification";
        problems.push(Problem::new("webhook.secrets", message));
    }
    for (key, is_set) in [
        ("webhook.token_header", webhook.token_header.is_some()),
        ("webhook.tokens", !webhook.tokens.is_empty()),
        ("webhook.basic_auth", webhook.basic_auth.is_some()),
    ] {
        if is_set {
            problems.push(Problem::new(key, "intercom signs its notifications; leave this out"));
        }
    }
    let app_id = config.app_id.clone().unwrap_or_default();
    if app_id.is_empty() {
        let message = "give the workspace id: one app posts for every workspace that installed it";
        problems.push(Problem::new("app_id", message));
    }
    let admin_id = config.admin_id.clone().unwrap_or_default();
    if admin_id.is_empty() || !admin_id.bytes().all(|b| b.is_ascii_digit()) {
        let message =
            "give the numeric id of the teammate on whose behalf deskbridge acts (GET /admins lists them)";
        problems.push(Problem::new("admin_id", message));
    }
    let text = config.api_version.as_deref().unwrap_or(DEFAULT_VERSION);
    let version = Version::new(text);
    if version.is_none() {
        problems.push(Problem::new("api_version", format!("`{text}` is none of {}", VERSIONS.join(", "))));
    }
    let token = match &config.credentials {
        Some(Credentials::AccessToken(token)) if !token.is_empty() => Some(token.clone()),
        Some(Credentials::AccessToken(_)) | None => {
            problems.push(Problem::new("credentials.access_token", "give the app's access token"));
            None
        }
        Some(other) => {
            let key = match other {
                Credentials::OAuthClient { .. } => "credentials.client_id",
                Credentials::ApiToken { .. } => "credentials.api_token",
                _ => "credentials.api_key",
            };
            problems.push(Problem::new(key, "intercom takes `credentials.access_token` and nothing else"));
            None
        }
    };
    let (Some(version), Some(token), true) = (version, token, problems.is_empty()) else {
        return Err(problems);
    };

    let mut warnings = Vec::new();
    let local = ["http://127.0.0.1", "http://localhost", "http://[::1]"]
        .iter()
        .any(|it| config.base_url.starts_with(it));
    if !local && !HOSTS.contains(&config.base_url.as_str()) {
        let message = format!("not one of the vendor's hosts ({})", HOSTS.join(", "));
        warnings.push(Problem::new("base_url", message));
    }
    if version.writes_priority() {
        warnings.push(Problem::new("api_version", "this version may change without notice"));
    }
    let connector = Intercom {
        secrets: webhook.secrets.clone(),
        tolerance: webhook.tolerance.unwrap_or_default(),
        app_id,
        admin_id: RemoteId(admin_id),
        token,
        version,
        replies: config.allow_public_replies,
        profile: Asked::new(config.segment_field.as_deref()),
    };
    Ok(Opened { connector: Arc::new(connector), warnings })
}

impl Connector for Intercom {
    fn platform(&self) -> Platform {
        Platform::Intercom
    }

    fn verify(&self, delivery: &Delivery, now: Timestamp) -> Result<Verified, Rejected> {
        verify::verify(self, delivery, now)
    }

    fn diagnose(&self, delivery: &Delivery, now: Timestamp) -> Diagnosis {
        diagnose::diagnose(self, delivery, now)
    }

    fn tolerance(&self) -> Option<Duration> {
        Some(verify::FUTURE.max(self.tolerance))
    }

    fn read(&self, body: &[u8]) -> Result<Notice, Malformed> {
        verify::read(body)?
            .ok_or_else(|| Malformed::new("$.topic", "the topic is about no conversation and no ticket"))
    }

    fn preview(&self, body: &[u8]) -> Option<Preview> {
        // <https://developers.intercom.com/docs/references/webhooks/webhook-models>
        const ITEM: [(&str, &str); 2] = [
            ("/data/item/source/subject", "/data/item/source/body"),
            (
                "/data/item/ticket_attributes/_default_title_",
                "/data/item/ticket_attributes/_default_description_",
            ),
        ];
        Preview::at(body, &ITEM)
    }

    fn heard(&self, _: &[u8]) -> Option<Heard> {
        // Every message is part of the thread that is read back.
        None
    }

    fn look(&self, notice: &Notice, answers: &[Answer]) -> Next<Looked> {
        look::look(self, notice, answers)
    }

    fn act(
        &self,
        plan: &Plan,
        on: &Ticket,
        names: &Directory,
        _doubt: Doubt,
        answers: &[Answer],
    ) -> Next<Applied, Call> {
        // Every exchange begins with a read, in doubt or not: nothing else on this platform guards a write.
        act::act(self, plan, on, names, answers)
    }

    fn settled(&self, ticket: &TicketId, names: &Directory, answers: &[Answer]) -> Next<Settled> {
        settled::settled(self, ticket, names, answers)
    }

    fn listed(&self, window: &Window, answers: &[Answer]) -> Next<Page> {
        listed::listed(window, answers)
    }

    fn names(&self, answers: &[Answer]) -> Next<Directory> {
        names::names(self, answers)
    }

    fn names_for<'n>(&self, ticket: &TicketId, names: &'n Directory) -> Cow<'n, Directory> {
        names::of_item(ticket, names)
    }

    fn triggers(&self, _: &Directory, _: &[Answer]) -> Next<Option<Vec<Trigger>>> {
        // Workflows are not to be had by the API.
        Next::Done(None)
    }

    fn can(&self, effect: &Effect, names: &Directory) -> Result<(), String> {
        act::can(self, effect, names)
    }

    fn pace(&self, answer: &Answer) -> Option<Pace> {
        wire::pace(answer)
    }

    fn updates(&self) -> Option<Allowance> {
        // Changes are requests like any other.
        None
    }

    fn update_pace(&self, _: &Answer) -> Option<Pace> {
        None
    }

    fn auth(&self) -> Auth {
        Auth::Bearer(self.token.clone())
    }

    fn headers(&self) -> Vec<(&'static str, String)> {
        vec![("Intercom-Version", self.version.as_str().to_owned())]
    }
}
