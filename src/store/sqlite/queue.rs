//! Hands work to the threads that own the connections, and the answers back to tasks.
//!
//! A task queues a closure and waits for a oneshot; it never blocks its runtime's threads on a
//! disk. A full queue is an error at once: the door then asks the platform to come back, instead of
//! building a backlog in memory. A task that stops waiting leaves a mark, by which a reader ends
//! the query in the middle.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{SyncSender, TrySendError};

use rusqlite::Connection;
use tokio::sync::oneshot;

use crate::store::Error;

/// Work for a connection, with somebody waiting for its answer.
pub(super) trait Job: Send {
    /// Does the work and keeps the result. False where it failed by itself.
    fn run(&mut self, conn: &Connection) -> bool;

    /// Tells whether its writing is work, in which the log is not emptied; see
    /// [`Queue::ask_aside`].
    fn is_work(&self) -> bool;

    /// Gives the result to whoever waits.
    fn answer(self: Box<Self>);

    /// Tells whoever waits that the work does not stand; an error of its own goes first.
    fn fail(self: Box<Self>, error: Error);

    /// Returns the mark that nobody waits for the answer any more.
    fn given_up(&self) -> GivenUp;
}

/// A mark that nobody waits for an answer any more.
#[derive(Clone, Debug, Default)]
pub(super) struct GivenUp(Arc<AtomicBool>);

impl GivenUp {
    /// Returns true once nobody waits.
    pub(super) fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Waits for an answer; sets the mark when it is dropped.
struct Waiting(GivenUp);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.0.store(true, Ordering::Relaxed);
    }
}

/// The sending end of a queue of jobs. Not `Clone`: the thread ends when it is dropped.
#[derive(Debug)]
pub(super) struct Queue(SyncSender<Box<dyn Job>>);

impl Queue {
    pub(super) fn new(sender: SyncSender<Box<dyn Job>>) -> Self {
        Self(sender)
    }

    /// Queues work that is done even when the caller stops waiting.
    pub(super) async fn ask<T, F>(&self, work: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, Error> + Send + 'static,
    {
        self.queue(work, |_| true, true).await
    }

    /// Queues a mark that is set now and then whether or not anything happens, and that says
    /// nothing of anybody. It does not put off the emptying of the log.
    pub(super) async fn ask_aside<T, F>(&self, work: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, Error> + Send + 'static,
    {
        self.queue(work, |_| true, false).await
    }

    /// Queues work that is worth doing only while the caller still waits.
    pub(super) async fn ask_while_waiting<T, F>(&self, work: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, Error> + Send + 'static,
    {
        self.queue(work, |reply| !reply.is_closed(), true).await
    }

    async fn queue<T, F>(&self, work: F, wanted: Wanted<T>, is_work: bool) -> Result<T, Error>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, Error> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let waiting = Waiting(GivenUp::default());
        let given_up = waiting.0.clone();
        let task = Task { work: Some(work), outcome: None, reply, wanted, is_work, given_up };
        self.0.try_send(Box::new(task)).map_err(|error| match error {
            TrySendError::Full(_) => Error::Busy,
            TrySendError::Disconnected(_) => ended(),
        })?;
        answer.await.unwrap_or_else(|_| Err(ended()))
    }
}

type Reply<T> = oneshot::Sender<Result<T, Error>>;
type Wanted<T> = fn(&Reply<T>) -> bool;

struct Task<T, F> {
    work: Option<F>,
    outcome: Option<Result<T, Error>>,
    reply: Reply<T>,
    wanted: Wanted<T>,
    is_work: bool,
    given_up: GivenUp,
}

impl<T, F> Job for Task<T, F>
where
    T: Send,
    F: FnOnce(&Connection) -> Result<T, Error> + Send,
{
    fn run(&mut self, conn: &Connection) -> bool {
        let Some(work) = self.work.take().filter(|_| (self.wanted)(&self.reply)) else { return true };
        let outcome = work(conn);
        let stands = outcome.is_ok();
        self.outcome = Some(outcome);
        stands
    }

    fn is_work(&self) -> bool {
        self.is_work
    }

    fn answer(self: Box<Self>) {
        // Nobody waits any more: the work stands all the same.
        let _ = self.reply.send(self.outcome.unwrap_or_else(|| Err(ended())));
    }

    fn fail(self: Box<Self>, error: Error) {
        let own = self.outcome.and_then(Result::err);
        let _ = self.reply.send(Err(own.unwrap_or(error)));
    }

    fn given_up(&self) -> GivenUp {
        self.given_up.clone()
    }
}

/// The thread that owned the connection has ended.
fn ended() -> Error {
    Error::Unavailable(Box::from("the store's thread has ended"))
}
