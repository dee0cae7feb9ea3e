//! The driver of every exchange with a platform: one loop that sends what a connector asks for and hands the answers
//! back, until the connector is done.
//!
//! Timeouts, tokens, pacing and redaction exist here once, for all platforms. Nothing here knows what a request means.
//! [`Line::ask`] can only read; [`Line::perform`] takes a [`Permit`], and journals each write before it is sent, so
//! that after a crash we know what may have arrived.

pub mod account;
mod breaker;
pub mod contact;
mod credentials;
pub mod lookup;
mod pace;
pub mod retry;
mod send;
mod stopped;
mod updates;
mod wire;

use std::sync::Arc;
use std::time::Duration;

use deskbridge_connectors::settled::{Page, Settled, Window};
use deskbridge_connectors::trigger::Trigger;
use deskbridge_connectors::{
    Answer, Applied, Call, Connector, Directory, Doubt, Later, Looked, Next, Notice, Plan, Read, Refusal,
    Secret, Ticket, TicketId, Write,
};

use self::breaker::Breaker;
use self::pace::Budget;
pub use self::pace::Standing;
use self::send::Http;
pub use self::stopped::Stopped;
pub(crate) use self::wire::install_tls_provider;
use crate::domain::mode::Permit;
use crate::domain::outcome::CallRecord;
use crate::telemetry::names;

/// No exchange takes more calls than this; connectors end far earlier by their own bounds.
const MOST_CALLS: usize = 64;

/// The line to one account: its connector, its HTTP client, its budget.
#[derive(Debug)]
pub struct Line {
    account: String,
    connector: Arc<dyn Connector>,
    http: Http,
    budget: Budget,
    breaker: Breaker,
}

/// The calls of one piece of work, in order.
pub type Calls = Vec<CallRecord>;

/// Keeps, durably, that a write is about to be sent.
#[async_trait::async_trait]
pub trait Journal: Send + Sync {
    /// Called before each write; the write is not sent if this fails.
    async fn about_to(&self, write: &Write) -> Result<(), crate::store::Error>;
}

impl Line {
    /// A line to the account at `base_url`. Calls end after `timeout`.
    ///
    /// # Errors
    /// When the TLS client cannot be built.
    pub fn open(
        account: &str,
        base_url: &str,
        connector: Arc<dyn Connector>,
        timeout: Duration,
    ) -> Result<Self, reqwest::Error> {
        let http = Http::new(base_url, Arc::clone(&connector), timeout)?;
        let breaker = Breaker::waiting(timeout);
        let budget = Budget::default().changing_within(connector.updates());
        Ok(Self { account: account.to_owned(), connector, http, budget, breaker })
    }

    /// The same, leaving this share of the account's calls to the people who work there.
    #[must_use]
    pub fn leaving_to_agents(self, share: f64) -> Self {
        Self { budget: Budget::leaving(share).changing_within(self.connector.updates()), ..self }
    }

    /// The account's name.
    pub fn account(&self) -> &str {
        &self.account
    }

    /// The account's connector.
    pub fn connector(&self) -> &dyn Connector {
        self.connector.as_ref()
    }

    /// Whether work for this account may start now, and if not, when.
    pub fn standing(&self) -> Standing {
        let now = tokio::time::Instant::now();
        match self.budget.standing(now) {
            // Asked last: it lets one piece of work through, which must then not wait for something else.
            Standing::Open => self.breaker.wait(now).map_or(Standing::Open, Standing::Tripped),
            standing => standing,
        }
    }

    /// How long the account's work waits because its platform gives no usable answers; `None` while it does.
    pub fn tripped(&self) -> Option<Duration> {
        self.breaker.open_for(tokio::time::Instant::now())
    }

    /// A piece of work starts that [`Self::standing`] let through.
    pub fn begun(&self) {
        self.budget.begun();
    }

    /// It has ended, after so many calls; 0 where nobody counted.
    pub fn ended(&self, calls: usize) {
        self.budget.ended(calls);
        self.breaker.ended(tokio::time::Instant::now());
    }

    /// Whether the account was unlocked since this was last asked: what waits for it may go on at once.
    pub fn take_restored(&self) -> bool {
        self.budget.take_restored()
    }

    /// Reads the names of the account.
    ///
    /// # Errors
    /// [`Stopped`].
    pub async fn names(&self, calls: &mut Calls) -> Result<Directory, Stopped> {
        let names = self.ask(calls, |answers| self.connector.names(answers)).await;
        if matches!(names, Err(Stopped::Refused(Refusal::Credentials))) {
            self.lock_out();
        }
        names
    }

    /// Reads the platform's own automation; `None` where it does not tell.
    ///
    /// # Errors
    /// [`Stopped`].
    pub async fn triggers(
        &self,
        names: &Directory,
        calls: &mut Calls,
    ) -> Result<Option<Vec<Trigger>>, Stopped> {
        self.ask(calls, |answers| self.connector.triggers(names, answers)).await
    }

    /// Reads what became of a ticket.
    ///
    /// # Errors
    /// [`Stopped`].
    pub async fn settled(
        &self,
        ticket: &TicketId,
        names: &Directory,
        calls: &mut Calls,
    ) -> Result<Settled, Stopped> {
        self.ask(calls, |answers| self.connector.settled(ticket, names, answers)).await
    }

    /// Lists a page of the tickets of a window.
    ///
    /// # Errors
    /// [`Stopped`].
    pub async fn listed(&self, window: &Window, calls: &mut Calls) -> Result<Page, Stopped> {
        self.ask(calls, |answers| self.connector.listed(window, answers)).await
    }

    /// Reads a ticket back.
    ///
    /// # Errors
    /// [`Stopped`].
    pub async fn look(&self, notice: &Notice, calls: &mut Calls) -> Result<Looked, Stopped> {
        self.ask(calls, |answers| self.connector.look(notice, answers)).await
    }

    /// Carries out a plan.
    ///
    /// # Errors
    /// [`Stopped`].
    pub async fn perform(
        &self,
        permit: &Permit,
        change: &Change<'_>,
        journal: &dyn Journal,
        calls: &mut Calls,
    ) -> Result<Applied, Stopped> {
        let done = self.performed(permit, change, journal, calls).await;
        self.observe(true, done)
    }

    async fn performed(
        &self,
        permit: &Permit,
        change: &Change<'_>,
        journal: &dyn Journal,
        calls: &mut Calls,
    ) -> Result<Applied, Stopped> {
        let mut answers = Vec::new();
        while answers.len() < MOST_CALLS {
            let answer = match change.next(self.connector(), &answers) {
                Next::Send(Call::Read(read)) => self.read(&read, calls).await?,
                Next::Send(Call::Write(write)) => {
                    journal.about_to(&write).await.map_err(Stopped::Store)?;
                    self.write(permit, &write, calls).await?
                }
                Next::Done(applied) => return Ok(applied),
                Next::Later(later) => return Err(self.later(later)),
                Next::Refused(refusal) => return Err(self.refused(refusal, calls)),
            };
            answers.push(answer);
        }
        Err(Stopped::Later(Later::Failed))
    }

    /// What [`Self::perform`] would send first, without sending it: reads are made, the first write is returned.
    /// `None` when nothing needs to be written. Takes no permit, because it cannot write.
    ///
    /// # Errors
    /// [`Stopped`].
    pub async fn rehearse(&self, change: &Change<'_>, calls: &mut Calls) -> Result<Option<Write>, Stopped> {
        self.ask(calls, |answers| match change.next(self.connector(), answers) {
            Next::Send(Call::Read(read)) => Next::Send(read),
            Next::Send(Call::Write(write)) => Next::Done(Some(write)),
            Next::Done(_) => Next::Done(None),
            Next::Later(later) => Next::Later(later),
            Next::Refused(refusal) => Next::Refused(refusal),
        })
        .await
    }

    async fn ask<T>(&self, calls: &mut Calls, step: impl FnMut(&[Answer]) -> Next<T>) -> Result<T, Stopped> {
        let done = self.asked(calls, step).await;
        self.observe(false, done)
    }

    /// Tells the breaker how a look or a change ended. What is refused, or to be asked again later, was answered too.
    fn observe<T>(&self, change: bool, done: Result<T, Stopped>) -> Result<T, Stopped> {
        match &done {
            Err(Stopped::Later(Later::Failed)) => {
                if let Some(wait) = self.breaker.failed(change, tokio::time::Instant::now()) {
                    self.gauge(true);
                    tracing::error!(
                        account = self.account,
                        probe_in_s = wait.as_secs(),
                        "the platform gives no usable answers; work for this account waits"
                    );
                }
            }
            Err(Stopped::Store(_)) => {}
            Ok(_) | Err(_) => {
                if self.breaker.answered(change) {
                    self.gauge(false);
                    self.budget.mark_restored();
                    tracing::info!(account = self.account, "the platform answers again");
                }
            }
        }
        done
    }

    fn gauge(&self, open: bool) {
        metrics::gauge!(names::CIRCUIT_OPEN, "account" => self.account.clone())
            .set(f64::from(u8::from(open)));
    }

    async fn asked<T>(
        &self,
        calls: &mut Calls,
        mut step: impl FnMut(&[Answer]) -> Next<T>,
    ) -> Result<T, Stopped> {
        let mut answers = Vec::new();
        while answers.len() < MOST_CALLS {
            match step(&answers) {
                Next::Send(read) => answers.push(self.read(&read, calls).await?),
                Next::Done(result) => return Ok(result),
                Next::Later(later) => return Err(self.later(later)),
                Next::Refused(refusal) => return Err(self.refused(refusal, calls)),
            }
        }
        Err(Stopped::Later(Later::Failed))
    }

    async fn read(&self, read: &Read, calls: &mut Calls) -> Result<Answer, Stopped> {
        let answer = self.http.read(read).await;
        self.note(read.method(), read.path.as_str(), answer, calls)
    }

    async fn write(&self, permit: &Permit, write: &Write, calls: &mut Calls) -> Result<Answer, Stopped> {
        self.budget.changing(tokio::time::Instant::now());
        let answer = self.http.write(permit, write).await;
        if let Some(pace) = answer.as_ref().ok().and_then(|answer| self.connector.update_pace(answer)) {
            self.budget.learn_of_changes(pace, tokio::time::Instant::now());
        }
        self.note(write.verb.as_str(), write.path.as_str(), answer, calls)
    }

    /// Counts a call and learns from its rate headers. A call without an answer is a failure to be tried again.
    fn note(
        &self,
        method: &str,
        path: &str,
        answer: Result<Answer, wire::NoAnswer>,
        calls: &mut Calls,
    ) -> Result<Answer, Stopped> {
        let status = answer.as_ref().map_or(0, |answer| answer.status);
        calls.push(CallRecord { method: method.to_owned(), path: path.to_owned(), status });
        let code = if status == 0 { "none".to_owned() } else { status.to_string() };
        metrics::counter!("deskbridge_api_requests_total", "account" => self.account.clone(), "code" => code)
            .increment(1);
        match answer {
            Ok(answer) => {
                if let Some(pace) = self.connector.pace(&answer) {
                    metrics::gauge!("deskbridge_api_budget_remaining", "account" => self.account.clone())
                        .set(f64::from(pace.remaining));
                    self.budget.learn(pace, tokio::time::Instant::now());
                }
                if answer.is_success() && self.budget.restore() {
                    tracing::info!(account = self.account, "the platform accepts our credentials again");
                }
                Ok(answer)
            }
            Err(error) => {
                tracing::warn!(account = self.account, method, path, %error, "a call got no answer");
                Err(match error {
                    wire::NoAnswer::ClientRefused(_) => {
                        self.lock_out();
                        Stopped::Refused(Refusal::Credentials)
                    }
                    wire::NoAnswer::TokenBusy(after) => self.later(Later::Busy { after }),
                    _ => Stopped::Later(Later::Failed),
                })
            }
        }
    }

    fn later(&self, later: Later) -> Stopped {
        if let Later::Busy { after } = later {
            self.budget.pause(after, tokio::time::Instant::now());
        }
        Stopped::Later(later)
    }

    /// A platform that does not know us (401) locks the account, not the delivery: its other work waits too. One that
    /// forbids us a single ticket (403) does not.
    fn refused(&self, refusal: Refusal, calls: &Calls) -> Stopped {
        if refusal == Refusal::Credentials && calls.last().is_some_and(|call| call.status == 401) {
            self.lock_out();
        }
        Stopped::Refused(refusal)
    }

    fn lock_out(&self) {
        let wait = self.budget.lock_out(tokio::time::Instant::now());
        tracing::error!(
            account = self.account,
            retry_in_s = wait.as_secs(),
            "the platform does not accept our credentials; work for this account waits"
        );
    }
}

/// A plan together with what it is carried out on.
#[derive(Clone, Copy, Debug)]
pub struct Change<'a> {
    /// What shall change.
    pub plan: &'a Plan,
    /// The ticket as it was looked at.
    pub on: &'a Ticket,
    /// The account's names.
    pub names: &'a Directory,
    /// Whether an earlier attempt may have written.
    pub doubt: Doubt,
}

impl Change<'_> {
    fn next(&self, connector: &dyn Connector, answers: &[Answer]) -> Next<Applied, Call> {
        connector.act(self.plan, self.on, self.names, self.doubt, answers)
    }
}

/// The secret of a bearer header never leaves this folder.
pub(crate) type Bearer = Secret;
