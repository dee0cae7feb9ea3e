//! Freshdesk: webhooks that nobody signs, an API that has no guard on writes and replaces whole tag lists.
//!
//! The platform gives little to hold on to, so each part makes up for it: a shared token or our own signing app at
//! the door, a key made of ticket and event, a read right before each write and another after it. Read `README.md`
//! beside this file for the traps one by one. It never trusts a body beyond the ticket's number.

mod act;
mod diagnose;
mod listed;
mod look;
mod names;
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

use crate::account::{AccountConfig, Credentials, Platform, Problem, WebhookConfig};
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
use crate::ticket::{Ticket, TicketId};
use crate::trigger::Trigger;

/// How far a signed timestamp may lie from our clock when the settings do not say.
const TOLERANCE: Duration = Duration::from_secs(5 * 60);

/// Shorter tokens and signing secrets can be guessed.
const SHORTEST_SECRET: usize = 16;

/// One Freshdesk account, as its settings describe it.
#[derive(Debug)]
pub(crate) struct Freshdesk {
    /// Secrets of the signing app, newest first.
    secrets: Vec<Secret>,
    tolerance: Duration,
    token_header: Option<http::HeaderName>,
    tokens: Vec<Secret>,
    /// `user:password`, as basic authentication spells it before encoding.
    basic: Option<Secret>,
    api_key: Secret,
    /// Whether a rule may answer the customer.
    replies: bool,
    /// What is read of the customer.
    profile: Option<Asked>,
}

/// Checks an account's settings and builds its connector.
///
/// # Errors
/// All problems at once, each with its key.
pub(crate) fn open(config: &AccountConfig) -> Result<Opened, Vec<Problem>> {
    let mut problems = Vec::new();
    let mut warnings = Vec::new();

    if config.base_url.contains(".freshservice.com") {
        problems.push(Problem::new(
            "base_url",
            "Freshservice is another product with another API; use a freshdesk.com address",
        ));
    }
    let foreign = [
        ("app_id", config.app_id.is_some()),
        ("admin_id", config.admin_id.is_some()),
        ("api_version", config.api_version.is_some()),
    ];
    for (key, _) in foreign.into_iter().filter(|(_, set)| *set) {
        problems.push(Problem::new(key, "Freshdesk has no such thing; remove the key"));
    }

    let token_header = door(&config.webhook, &mut problems, &mut warnings);
    let api_key = match &config.credentials {
        Some(Credentials::ApiKey(key)) if !key.is_empty() => Some(key.clone()),
        Some(Credentials::ApiKey(_)) => {
            problems.push(Problem::new("credentials.api_key", "the API key is empty"));
            None
        }
        _ => {
            let how = "Freshdesk takes an API key and nothing else; copy it from the profile page of a dedicated agent";
            problems.push(Problem::new("credentials.api_key", how));
            None
        }
    };

    let Some(api_key) = api_key.filter(|_| problems.is_empty()) else { return Err(problems) };
    let webhook = &config.webhook;
    let connector = Freshdesk {
        secrets: webhook.secrets.clone(),
        tolerance: webhook.tolerance.unwrap_or(TOLERANCE),
        token_header,
        tokens: webhook.tokens.clone(),
        basic: webhook
            .basic_auth
            .as_ref()
            .map(|(user, password)| Secret::new(format!("{user}:{}", password.expose()))),
        api_key,
        replies: config.allow_public_replies,
        profile: Asked::new(config.segment_field.as_deref()),
    };
    Ok(Opened { connector: Arc::new(connector), warnings })
}

/// Checks how deliveries prove that they are authentic.
fn door(
    webhook: &WebhookConfig,
    problems: &mut Vec<Problem>,
    warnings: &mut Vec<Problem>,
) -> Option<http::HeaderName> {
    let has_tokens = !webhook.tokens.is_empty();
    if webhook.secrets.is_empty()
        && webhook.basic_auth.is_none()
        && webhook.token_header.is_none()
        && !has_tokens
    {
        let how = "Freshdesk signs nothing, so nothing would verify; set token_header with tokens, or basic_auth, or the secrets of the signing app";
        problems.push(Problem::new("webhook", how));
    }

    let too_short = |secret: &Secret| secret.expose().chars().count() < SHORTEST_SECRET;
    for (key, keys) in [("webhook.tokens", &webhook.tokens), ("webhook.secrets", &webhook.secrets)] {
        if keys.iter().any(Secret::is_empty) {
            problems
                .push(Problem::new(key, "an empty one proves nothing; make one with `openssl rand -hex 32`"));
        } else if keys.iter().any(too_short) {
            let how = format!(
                "one has fewer than {SHORTEST_SECRET} characters and can be guessed; make one with `openssl rand -hex 32`"
            );
            warnings.push(Problem::new(key, how));
        }
    }
    if webhook.tokens.is_empty() && webhook.token_header.is_some() {
        problems.push(Problem::new("webhook.tokens", "token_header is set and no token is; add one"));
    }
    if let Some((user, password)) = &webhook.basic_auth {
        if user.is_empty() || user.contains(':') || password.is_empty() {
            let how = "basic authentication needs a user name without `:` and a password";
            problems.push(Problem::new("webhook.basic_auth", how));
        } else if too_short(password) {
            let how = format!("the password has fewer than {SHORTEST_SECRET} characters and can be guessed");
            warnings.push(Problem::new("webhook.basic_auth", how));
        }
    }
    if webhook.tolerance.is_some() && webhook.secrets.is_empty() {
        let how =
            "only deliveries of the signing app carry a time; without secrets the tolerance has no effect";
        warnings.push(Problem::new("webhook.tolerance", how));
    }

    match webhook.token_header.as_deref().map(str::parse::<http::HeaderName>) {
        None => {
            if has_tokens {
                let how = "tokens are set and the header that carries them is not; X-Bridge-Token is the usual name";
                problems.push(Problem::new("webhook.token_header", how));
            }
            None
        }
        Some(Err(_)) => {
            problems.push(Problem::new(
                "webhook.token_header",
                "this is no header name; use one like X-Bridge-Token",
            ));
            None
        }
        Some(Ok(name))
            if [verify::SIGNATURE, verify::TIMESTAMP, "authorization"].contains(&name.as_str()) =>
        {
            problems.push(Problem::new(
                "webhook.token_header",
                "this header has another meaning; use X-Bridge-Token",
            ));
            None
        }
        Some(Ok(name)) => Some(name),
    }
}

impl Connector for Freshdesk {
    fn platform(&self) -> Platform {
        Platform::Freshdesk
    }

    fn verify(&self, delivery: &Delivery, now: Timestamp) -> Result<Verified, Rejected> {
        verify::verify(self, delivery, now)
    }

    fn diagnose(&self, delivery: &Delivery, now: Timestamp) -> Diagnosis {
        diagnose::diagnose(self, delivery, now)
    }

    fn tolerance(&self) -> Option<Duration> {
        (!self.secrets.is_empty()).then_some(self.tolerance)
    }

    fn read(&self, body: &[u8]) -> Result<Notice, Malformed> {
        wire::Happened::read(body).map(|happened| happened.notice())
    }

    fn preview(&self, body: &[u8]) -> Option<Preview> {
        // What the automation's advanced content sends along where it is told to.
        Preview::at(
            body,
            &[
                ("/freshdesk_webhook/ticket_subject", "/freshdesk_webhook/ticket_description"),
                ("/ticket_subject", "/ticket_description"),
            ],
        )
    }

    fn heard(&self, _: &[u8]) -> Option<Heard> {
        // Every message is part of the thread that is read back.
        None
    }

    fn look(&self, notice: &Notice, answers: &[Answer]) -> Next<Looked> {
        look::look(&notice.ticket, self.profile.as_ref(), answers)
    }

    fn act(
        &self,
        plan: &Plan,
        on: &Ticket,
        names: &Directory,
        doubt: Doubt,
        answers: &[Answer],
    ) -> Next<Applied, Call> {
        act::act(plan, on, names, self.replies, doubt, answers)
    }

    fn settled(&self, ticket: &TicketId, _: &Directory, answers: &[Answer]) -> Next<Settled> {
        settled::settled(ticket, answers)
    }

    fn listed(&self, window: &Window, answers: &[Answer]) -> Next<Page> {
        listed::listed(window, answers)
    }

    fn names(&self, answers: &[Answer]) -> Next<Directory> {
        names::names(answers)
    }

    fn triggers(&self, names: &Directory, answers: &[Answer]) -> Next<Option<Vec<Trigger>>> {
        triggers::triggers(names, answers)
    }

    fn can(&self, effect: &Effect, names: &Directory) -> Result<(), String> {
        act::can(effect, names, self.replies)
    }

    fn pace(&self, answer: &Answer) -> Option<Pace> {
        // The headers count a minute and do not say when it ends; only a 429 does, in seconds.
        // https://developers.freshdesk.com/api/#ratelimit
        let number = |name: &str| answer.headers.get(name)?.to_str().ok()?.trim().parse::<u32>().ok();
        let limit = number("x-ratelimit-total")?;
        let busy = answer.status == 429;
        let remaining = if busy { 0 } else { number("x-ratelimit-remaining")? };
        Some(Pace { limit, remaining, reset: answer.retry_after().filter(|_| busy) })
    }

    fn updates(&self) -> Option<Allowance> {
        // Changes are requests like any other.
        None
    }

    fn update_pace(&self, _: &Answer) -> Option<Pace> {
        None
    }

    fn auth(&self) -> Auth {
        // The password is ignored, yet must be there. https://developers.freshdesk.com/api/#authentication
        Auth::Basic { user: self.api_key.clone(), password: Secret::new("X") }
    }
}
