//! The one thread that writes, with group commit: everything that waits shares one transaction and
//! one fsync.
//!
//! SQLite has one writer at a time anyway, and syncing is what a write costs; so commands queue
//! while a commit is on its way to the disk, and the next transaction takes them all. Each runs in
//! a savepoint of its own, so that one that fails takes no neighbour with it. Nobody is answered
//! before the commit returned: an answer means "on disk".

use std::fmt;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};

use rusqlite::Connection;

use super::place::Place;
use super::queue::{Job, Queue};
use crate::store::Error;

/// Commands that may wait. At the measured rate this is some 50 ms of work.
const WAITING: usize = 1024;

/// Commands in one transaction: bounds how long the first of them waits for the last.
const BATCH: usize = 512;

/// So long without work, and the log is emptied: what was deleted is to leave its bytes too.
const PAUSE: Duration = Duration::from_secs(30);

/// So long after somebody was in the way, the log is tried again.
const AGAIN: Duration = Duration::from_secs(1);

/// The database's files are looked at this often when nothing is written: twice within the second
/// that is promised.
const LOOK: Duration = Duration::from_millis(500);

/// The writer's queue and its thread. Dropping it writes what is queued, then ends the thread.
#[derive(Debug)]
pub(super) struct Writer {
    queue: Option<Queue>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    /// Gives the connection to a thread of its own.
    pub(super) fn start(conn: Connection, place: Place) -> Result<Self, Error> {
        Self::pausing(conn, place, PAUSE)
    }

    fn pausing(conn: Connection, mut place: Place, pause: Duration) -> Result<Self, Error> {
        let (sender, waiting) = sync_channel(WAITING);
        let thread = Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || write(&conn, &mut place, &waiting, pause))
            .map_err(|error| Error::Unavailable(Box::new(error)))?;
        Ok(Self { queue: Some(Queue::new(sender)), thread: Some(thread) })
    }

    /// Returns the queue of the writer.
    pub(super) fn queue(&self) -> Result<&Queue, Error> {
        self.queue.as_ref().ok_or_else(|| Error::Unavailable(Box::from("the store is closed")))
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.queue = None;
        if let Some(thread) = self.thread.take() {
            // A panic there was reported by its own thread; there is nothing to add.
            let _ = thread.join();
        }
    }
}

fn write(conn: &Connection, place: &mut Place, waiting: &Receiver<Box<dyn Job>>, pause: Duration) {
    let mut batch = Vec::with_capacity(BATCH);
    let mut rest = Rest::new(pause);
    loop {
        let first = waiting.recv_timeout(rest.wait().min(LOOK));
        place.watch();
        match first {
            Ok(first) => {
                batch.push(first);
                batch.extend(waiting.try_iter().take(BATCH - 1));
                run(conn, place, &mut batch, &mut rest);
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        if rest.wait().is_zero() {
            rest.emptied(place.check().is_ok() && empty_the_log(conn));
        }
    }
}

/// Commits the batch and answers everybody in it. Nothing is said to be on disk that is in a file
/// without a name.
fn run(conn: &Connection, place: &Place, batch: &mut Vec<Box<dyn Job>>, rest: &mut Rest) {
    if let Err(displaced) = place.check() {
        return fail(batch, &displaced);
    }
    let before = conn.total_changes();
    match commit(conn, batch) {
        Ok(()) => {
            if conn.total_changes() != before {
                rest.written(batch.iter().any(|job| job.is_work()));
            }
            match place.check() {
                Ok(()) => batch.drain(..).for_each(Job::answer),
                Err(displaced) => fail(batch, &displaced),
            }
        }
        Err(error) => {
            let error = Arc::new(error);
            batch
                .drain(..)
                .for_each(|job| job.fail(Error::Unavailable(Box::new(Shared(Arc::clone(&error))))));
        }
    }
}

/// Tells everybody in the batch that the database's file is not there.
fn fail(batch: &mut Vec<Box<dyn Job>>, displaced: &Error) {
    let Error::Displaced(file) = displaced else { return batch.clear() };
    batch.drain(..).for_each(|job| job.fail(Error::Displaced(file.clone())));
}

/// When the log is to be emptied: once nothing was written for a pause.
#[derive(Debug)]
struct Rest {
    pause: Duration,
    due: Option<Instant>,
}

impl Rest {
    /// The log that is found may hold what another process has deleted.
    fn new(pause: Duration) -> Self {
        Self { pause, due: Some(Instant::now() + pause) }
    }

    /// Time left; the longest there is while there is nothing to empty.
    fn wait(&self) -> Duration {
        self.due.map_or(Duration::MAX, |due| due.saturating_duration_since(Instant::now()))
    }

    /// Something was written. Only work begins the pause anew.
    fn written(&mut self, work: bool) {
        let due = Instant::now() + self.pause;
        self.due = Some(self.due.filter(|_| !work).unwrap_or(due));
    }

    /// The log was emptied, or somebody was in the way and it is tried again soon.
    fn emptied(&mut self, done: bool) {
        self.due = (!done).then(|| Instant::now() + self.pause.min(AGAIN));
    }
}

/// Copies the log into the file and cuts it to nothing. False where somebody is reading from it, or
/// the disk does not take it.
fn empty_the_log(conn: &Connection) -> bool {
    // Without patience: a command that comes meanwhile must not wait for a reader.
    let emptied = conn
        .busy_timeout(Duration::ZERO)
        .and_then(|()| conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, i64>(0)));
    // Setting the patience back cannot fail where setting it has not.
    let _ = conn.busy_timeout(super::schema::LOCK_PATIENCE);
    emptied.is_ok_and(|busy| busy == 0)
}

/// Runs the batch in one transaction. After an error nothing of it stands.
fn commit(conn: &Connection, batch: &mut [Box<dyn Job>]) -> rusqlite::Result<()> {
    // IMMEDIATE: a transaction that begins by reading and then writes can meet another process's
    // write too late.
    step(conn, "BEGIN IMMEDIATE")?;
    let done =
        batch.iter_mut().try_for_each(|job| alone(conn, job.as_mut())).and_then(|()| step(conn, "COMMIT"));
    if done.is_err() && !conn.is_autocommit() {
        // The first error is the one to tell; a failing rollback leaves a transaction that the next
        // BEGIN reports.
        let _ = step(conn, "ROLLBACK");
    }
    done
}

/// Runs one job; its own failure undoes its own work only. A failure that ended the whole
/// transaction (a full disk, a damaged page) leaves no savepoint to return to, which is this
/// function's error.
fn alone(conn: &Connection, job: &mut dyn Job) -> rusqlite::Result<()> {
    step(conn, "SAVEPOINT command")?;
    if !job.run(conn) {
        step(conn, "ROLLBACK TO command")?;
    }
    step(conn, "RELEASE command")
}

fn step(conn: &Connection, sql: &str) -> rusqlite::Result<()> {
    conn.prepare_cached(sql)?.execute([]).map(drop)
}

/// One cause told to everybody in the batch.
#[derive(Debug)]
struct Shared(Arc<rusqlite::Error>);

impl fmt::Display for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Shared {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(self.0.as_ref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::sqlite::{schema, write};

    #[tokio::test]
    async fn the_log_is_emptied_in_a_pause_once_nobody_reads_from_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deskbridge.db");
        let log = || std::fs::metadata(folder.path().join("deskbridge.db-wal")).unwrap().len();
        let conn = schema::open_writer(&path).unwrap();
        let place = Place::of(&path, &conn).unwrap();
        let writer = Writer::pausing(conn, place, Duration::from_millis(20)).unwrap();
        let reader = schema::open_reader(&path).unwrap();
        reader.execute_batch("BEGIN; SELECT count(*) FROM inbox").unwrap();
        writer.queue().unwrap().ask(write::probe).await.unwrap();
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert!(log() > 0, "somebody reads what was there before");
        reader.execute_batch("COMMIT").unwrap();
        let begun = std::time::Instant::now();
        while log() > 0 {
            assert!(begun.elapsed() < Duration::from_secs(10), "{} bytes are left", log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        // And commands are taken as before.
        writer.queue().unwrap().ask(write::probe).await.unwrap();
        assert!(log() > 0);
    }
}
