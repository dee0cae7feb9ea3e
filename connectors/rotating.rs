//! A connector that can be replaced by one with other secrets while it is in use: rotation without a restart.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use jiff::Timestamp;

use crate::account::Platform;
use crate::call::{Allowance, Answer, Call, Next, Pace};
use crate::connector::{Auth, Connector, Doubt, Looked};
use crate::delivery::{Delivery, Malformed, Notice, Rejected, Verified};
use crate::diagnosis::Diagnosis;
use crate::directory::Directory;
use crate::plan::{Applied, Effect, Plan};
use crate::preview::{Heard, Preview};
use crate::settled::{Page, Settled, Window};
use crate::ticket::{Ticket, TicketId};
use crate::trigger::Trigger;

/// Whichever connector is the newest. Each question is put to one of them; an exchange that goes on while it is replaced is answered by
/// the old one and then by the new, which differ in nothing but their secrets.
#[derive(Debug)]
pub struct Rotating {
    newest: RwLock<Arc<dyn Connector>>,
}

impl Rotating {
    /// Begins with this one.
    pub fn new(connector: Arc<dyn Connector>) -> Self {
        Self { newest: RwLock::new(connector) }
    }

    /// The newest.
    pub fn newest(&self) -> Arc<dyn Connector> {
        Arc::clone(&self.newest.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// From now on this one is asked.
    pub fn replace(&self, next: Arc<dyn Connector>) {
        *self.newest.write().unwrap_or_else(PoisonError::into_inner) = next;
    }
}

impl Connector for Rotating {
    fn platform(&self) -> Platform {
        self.newest().platform()
    }

    fn verify(&self, delivery: &Delivery, now: Timestamp) -> Result<Verified, Rejected> {
        self.newest().verify(delivery, now)
    }

    fn diagnose(&self, delivery: &Delivery, now: Timestamp) -> Diagnosis {
        self.newest().diagnose(delivery, now)
    }

    fn tolerance(&self) -> Option<Duration> {
        self.newest().tolerance()
    }

    fn read(&self, body: &[u8]) -> Result<Notice, Malformed> {
        self.newest().read(body)
    }

    fn preview(&self, body: &[u8]) -> Option<Preview> {
        self.newest().preview(body)
    }

    fn heard(&self, body: &[u8]) -> Option<Heard> {
        self.newest().heard(body)
    }

    fn look(&self, notice: &Notice, answers: &[Answer]) -> Next<Looked> {
        self.newest().look(notice, answers)
    }

    fn act(
        &self,
        plan: &Plan,
        on: &Ticket,
        names: &Directory,
        doubt: Doubt,
        answers: &[Answer],
    ) -> Next<Applied, Call> {
        self.newest().act(plan, on, names, doubt, answers)
    }

    fn settled(&self, ticket: &TicketId, names: &Directory, answers: &[Answer]) -> Next<Settled> {
        self.newest().settled(ticket, names, answers)
    }

    fn listed(&self, window: &Window, answers: &[Answer]) -> Next<Page> {
        self.newest().listed(window, answers)
    }

    fn names(&self, answers: &[Answer]) -> Next<Directory> {
        self.newest().names(answers)
    }

    fn triggers(&self, names: &Directory, answers: &[Answer]) -> Next<Option<Vec<Trigger>>> {
        self.newest().triggers(names, answers)
    }

    fn can(&self, effect: &Effect, names: &Directory) -> Result<(), String> {
        self.newest().can(effect, names)
    }

    fn pace(&self, answer: &Answer) -> Option<Pace> {
        self.newest().pace(answer)
    }

    fn updates(&self) -> Option<Allowance> {
        self.newest().updates()
    }

    fn update_pace(&self, answer: &Answer) -> Option<Pace> {
        self.newest().update_pace(answer)
    }

    fn auth(&self) -> Auth {
        self.newest().auth()
    }

    fn headers(&self) -> Vec<(&'static str, String)> {
        self.newest().headers()
    }
}
