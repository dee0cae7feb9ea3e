//! Zendesk Support: signed event and trigger webhooks in, one guarded `PUT` a ticket out.
//!
//! Zendesk is the one platform that can refuse a write made on stale knowledge (`safe_update`), so a whole plan
//! goes out as a single request and a ticket that moved is looked at again instead of being overwritten.
//! Nothing here opens a socket, reads a clock or takes a host from a payload.

mod act;
mod aim;
mod body;
mod diagnose;
mod dropdown;
mod listed;
mod look;
mod marks;
mod messaging;
mod names;
mod pace;
mod settled;
mod triggers;
mod verify;
mod wire;

#[cfg(test)]
pub(crate) mod tests;

pub(crate) use verify::PROOF_HEADERS;

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::account::{AccountConfig, Credentials, Platform, Problem};
use crate::call::{Allowance, Answer, Call, Next, Pace};
use crate::connector::{Auth, Connector, Doubt, Looked, Opened};
use crate::delivery::{Delivery, Malformed, Notice, Rejected, Verified};
use crate::diagnosis::Diagnosis;
use crate::directory::Directory;
use crate::plan::{Applied, Effect, Party, Plan, Slot};
use crate::preview::{Heard, Preview};
use crate::profile::Asked;
use crate::secret::Secret;
use crate::settled::{Page, Settled, Window};
use crate::ticket::{Ticket, TicketId};
use crate::trace;
use crate::trigger::Trigger;

/// What the "Test webhook" button signs with before a webhook exists. It is printed in the vendor's manual
/// (<https://developer.zendesk.com/documentation/webhooks/verifying/>), so whoever reads that could sign with it.
const PUBLIC_TEST_SECRET: &str = "dGhpc19zZWNyZXRfaXNfZm9yX3Rlc3Rpbmdfb25seQ==";

/// How far a signed timestamp may lie from our clock unless the account says otherwise. The vendor names no
/// window; deliveries are usually seconds old.
const TOLERANCE: Duration = Duration::from_secs(5 * 60);

/// Reading groups, fields and users needs plain `read`; changing tickets needs no more than `tickets:write`
/// (<https://developer.zendesk.com/api-reference/ticketing/oauth/grant_type_tokens/>).
const SCOPE: &str = "read tickets:write";

/// One Zendesk account.
#[derive(Debug)]
struct Zendesk {
    secrets: Vec<Secret>,
    tolerance: Duration,
    auth: Auth,
    base_url: String,
    /// Whether a rule may answer the customer.
    replies: bool,
    /// What is read of the customer.
    profile: Option<Asked>,
}

/// Checks the settings of a Zendesk account.
///
/// # Errors
/// Everything that is missing or belongs to another platform, all at once.
pub(crate) fn open(config: &AccountConfig) -> Result<Opened, Vec<Problem>> {
    let mut problems = Vec::new();
    let mut warnings = Vec::new();
    let mut wrong = |key, message: &str| problems.push(Problem::new(key, message));

    if let Err(message) = plausible_base(&config.base_url) {
        wrong("base_url", message);
    }
    let webhook = &config.webhook;
    if webhook.secrets.is_empty() || webhook.secrets.iter().any(Secret::is_empty) {
        wrong(
            "webhook.secrets",
            "put the webhook's signing secret here; without one nothing can be verified",
        );
    }
    if webhook.secrets.iter().any(|secret| secret.equals(PUBLIC_TEST_SECRET.as_bytes())) {
        wrong(
            "webhook.secrets",
            "this is the test secret from the vendor's manual, which anybody can sign with; use the webhook's own",
        );
    }
    if webhook.tolerance.is_some_and(|tolerance| tolerance.is_zero()) {
        wrong("webhook.tolerance", "no delivery is zero seconds old; leave this out for five minutes");
    }
    for (set, key) in [
        (webhook.token_header.is_some(), "webhook.token_header"),
        (!webhook.tokens.is_empty(), "webhook.tokens"),
        (webhook.basic_auth.is_some(), "webhook.basic_auth"),
        (config.api_version.is_some(), "api_version"),
        (config.app_id.is_some(), "app_id"),
        (config.admin_id.is_some(), "admin_id"),
    ] {
        if set {
            wrong(key, "zendesk has no use for this; remove it");
        }
    }
    let auth = match &config.credentials {
        None => Err("set client_id and client_secret of an OAuth client"),
        Some(Credentials::OAuthClient { client_id, client_secret }) => {
            if client_id.trim().is_empty() || client_secret.is_empty() {
                Err("client_id and client_secret must both be filled in")
            } else {
                Ok(Auth::ClientCredentials {
                    path: "/oauth/tokens",
                    client_id: client_id.clone(),
                    client_secret: client_secret.clone(),
                    scope: SCOPE,
                })
            }
        }
        Some(Credentials::ApiToken { email, api_token }) => {
            warnings.push(Problem::new(
                "credentials.api_token",
                "API tokens stop working on 2027-04-30 and can no longer be created; use an OAuth client",
            ));
            if !email.contains('@') || email.contains(':') || api_token.is_empty() {
                Err("email must be an agent's address and api_token must be filled in")
            } else {
                Ok(Auth::Basic { user: Secret::new(format!("{email}/token")), password: api_token.clone() })
            }
        }
        Some(Credentials::AccessToken(token)) if token.is_empty() => Err("access_token must be filled in"),
        Some(Credentials::AccessToken(token)) => Ok(Auth::Bearer(token.clone())),
        Some(Credentials::ApiKey(_)) => {
            Err("zendesk takes client_id and client_secret, or email and api_token, or access_token")
        }
    };
    match auth {
        Ok(auth) if problems.is_empty() => {
            let connector = Zendesk {
                secrets: webhook.secrets.clone(),
                tolerance: webhook.tolerance.unwrap_or(TOLERANCE),
                auth,
                base_url: config.base_url.trim_end_matches('/').to_owned(),
                replies: config.allow_public_replies,
                profile: Asked::new(config.segment_field.as_deref()),
            };
            Ok(Opened { connector: Arc::new(connector), warnings })
        }
        Ok(_) => Err(problems),
        Err(message) => {
            problems.push(Problem::new("credentials", message));
            Err(problems)
        }
    }
}

/// A scheme and a bare host: anything more could carry our credentials to somebody else.
fn plausible_base(base_url: &str) -> Result<(), &'static str> {
    const SHAPE: &str = "write https://SUBDOMAIN.zendesk.com, without a path";
    let host = match (base_url.strip_prefix("https://"), base_url.strip_prefix("http://")) {
        (Some(host), _) | (None, Some(host)) => host.trim_end_matches('/'),
        (None, None) => return Err(SHAPE),
    };
    let (name, port) = host.split_once(':').unwrap_or((host, "443"));
    let label = |part: &str| {
        !part.is_empty()
            && part.len() <= 63
            && !part.starts_with('-')
            && !part.ends_with('-')
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    let fits = port.parse::<u16>().is_ok_and(|port| port > 0) && name.split('.').all(label);
    if fits { Ok(()) } else { Err(SHAPE) }
}

impl Connector for Zendesk {
    fn platform(&self) -> Platform {
        Platform::Zendesk
    }

    fn verify(&self, delivery: &Delivery, now: Timestamp) -> Result<Verified, Rejected> {
        verify::verify(&self.secrets, self.tolerance, delivery, now)
    }

    fn diagnose(&self, delivery: &Delivery, now: Timestamp) -> Diagnosis {
        diagnose::diagnose(&self.secrets, self.tolerance, delivery, now)
    }

    fn tolerance(&self) -> Option<Duration> {
        Some(self.tolerance)
    }

    fn read(&self, body: &[u8]) -> Result<Notice, Malformed> {
        match verify::read(body)? {
            wire::Said::Notice { notice, .. } => Ok(notice),
            wire::Said::NoTicket => Err(Malformed::new("$.type", "the event is not about a ticket")),
        }
    }

    fn preview(&self, body: &[u8]) -> Option<Preview> {
        // <https://developer.zendesk.com/api-reference/webhooks/event-types/ticket-events/>
        Preview::at(
            body,
            &[("/detail/subject", "/detail/description"), ("/detail/subject", "/event/message/body")],
        )
    }

    fn heard(&self, body: &[u8]) -> Option<Heard> {
        messaging::heard(body)
    }

    fn look(&self, notice: &Notice, answers: &[Answer]) -> Next<Looked> {
        look::look(notice, answers, &self.base_url, self.profile.as_ref())
    }

    fn act(
        &self,
        plan: &Plan,
        on: &Ticket,
        names: &Directory,
        doubt: Doubt,
        answers: &[Answer],
    ) -> Next<Applied, Call> {
        act::act(plan, on, names, doubt, answers, self)
    }

    fn settled(&self, ticket: &TicketId, names: &Directory, answers: &[Answer]) -> Next<Settled> {
        settled::settled(ticket, names, answers, &self.base_url)
    }

    fn listed(&self, window: &Window, answers: &[Answer]) -> Next<Page> {
        listed::listed(window, answers)
    }

    fn names(&self, answers: &[Answer]) -> Next<Directory> {
        names::names(answers, &self.base_url)
    }

    fn triggers(&self, names: &Directory, answers: &[Answer]) -> Next<Option<Vec<Trigger>>> {
        triggers::triggers(names, answers, &self.base_url)
    }

    fn can(&self, effect: &Effect, names: &Directory) -> Result<(), String> {
        match effect {
            Effect::SetField { field, value } => {
                let field = names.field(field).map_err(|unknown| unknown.to_string())?;
                field.accept(value).map(drop)
            }
            Effect::AssignGroup(name) => names.group(name).map(drop).map_err(|unknown| unknown.to_string()),
            Effect::AssignAgent(name) => names.agent(name).map(drop).map_err(|unknown| unknown.to_string()),
            Effect::AddTags(tags) | Effect::RemoveTags(tags) => {
                match tags.iter().find(|tag| wire::stored_tag(tag).is_empty()) {
                    Some(_) => Err("a tag must not be empty".to_owned()),
                    None => Ok(()),
                }
            }
            Effect::Clear(Slot::Field(field)) => {
                names.field(field).map(drop).map_err(|unknown| unknown.to_string())
            }
            Effect::SetPriority(_) | Effect::Clear(_) | Effect::Note(_) => Ok(()),
            Effect::Cc(Party::Email(address)) => aim::plausible_address(address),
            Effect::Cc(party @ Party::Group(_)) => trace::known(party, names),
            Effect::Reply(reply) => trace::may_reply(self.replies, reply),
        }
    }

    fn pace(&self, answer: &Answer) -> Option<Pace> {
        pace::of_requests(answer)
    }

    fn updates(&self) -> Option<Allowance> {
        Some(pace::UPDATES)
    }

    fn update_pace(&self, answer: &Answer) -> Option<Pace> {
        pace::of_updates(answer)
    }

    fn auth(&self) -> Auth {
        self.auth.clone()
    }
}
