//! A few threads that read, so that a report never stands in the writer's way.
//!
//! A write-ahead log lets them see the last commit while the next one is under way. They cannot
//! write: their connections are `query_only`. A query that nobody waits for any more is ended in
//! the middle: SQLite asks every few thousand steps whether to go on.

use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};

use rusqlite::Connection;

use super::queue::{Job, Queue};
use crate::store::Error;

/// Reads that may wait.
const WAITING: usize = 256;

/// Added to the niceness of threads that nobody's ticket waits for: they get about a tenth of a
/// contended core.
const NICE: i32 = 10;

/// Steps of SQLite's machine between two looks at whether somebody still waits: about a tenth of a
/// millisecond.
const STEPS: i32 = 4000;

/// Says how readers share the processor with the rest of the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Share {
    /// Tickets wait for these reads.
    Full,
    /// Reports and lists: they take what the work leaves.
    Leftover,
}

impl Share {
    /// Applies it to the calling thread. A thread keeps its niceness where the system refuses a
    /// change.
    fn take(self) {
        // On Linux alone is the niceness a thread's own. Elsewhere it is the whole process's.
        #[cfg(target_os = "linux")]
        if self == Self::Leftover {
            use rustix::process::{getpriority_process, setpriority_process};
            let changed =
                getpriority_process(None).and_then(|now| setpriority_process(None, now.saturating_add(NICE)));
            if let Err(error) = changed {
                tracing::debug!(%error, "reports are read at the priority of the work");
            }
        }
    }
}

/// The readers' queue and their threads. Dropping it ends them.
#[derive(Debug)]
pub(super) struct Readers {
    queue: Option<Queue>,
    threads: Vec<JoinHandle<()>>,
}

impl Readers {
    /// Gives each connection to a thread of its own; the threads share the name.
    pub(super) fn start(name: &str, share: Share, connections: Vec<Connection>) -> Result<Self, Error> {
        let (sender, waiting) = sync_channel(WAITING);
        let waiting = Arc::new(Mutex::new(waiting));
        let threads = connections
            .into_iter()
            .map(|mut conn| {
                let waiting = Arc::clone(&waiting);
                Builder::new().name(name.to_owned()).spawn(move || {
                    share.take();
                    read(&mut conn, &waiting);
                })
            })
            .collect::<Result<_, _>>()
            .map_err(|error| Error::Unavailable(Box::new(error)))?;
        Ok(Self { queue: Some(Queue::new(sender)), threads })
    }

    /// Returns the queue of the readers.
    pub(super) fn queue(&self) -> Result<&Queue, Error> {
        self.queue.as_ref().ok_or_else(|| Error::Unavailable(Box::from("the store is closed")))
    }
}

impl Drop for Readers {
    fn drop(&mut self) {
        self.queue = None;
        for thread in self.threads.drain(..) {
            // A panic there was reported by its own thread; there is nothing to add.
            let _ = thread.join();
        }
    }
}

fn read(conn: &mut Connection, waiting: &Mutex<Receiver<Box<dyn Job>>>) {
    loop {
        // One reader waits in `recv`, the others for its lock: whoever gets a job lets the next one
        // in.
        let next = waiting.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(mut job) = next else { return };
        let given_up = job.given_up();
        if given_up.is_set() {
            continue;
        }
        // Without the handler the query runs to its end, as it would for somebody who waits.
        let _ = conn.progress_handler(STEPS, Some(move || given_up.is_set()));
        job.run(conn);
        job.answer();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// A query that never ends by itself.
    const ENDLESS: &str =
        "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n";

    #[tokio::test]
    async fn a_query_that_is_given_up_ends_and_the_next_one_is_answered() {
        let readers =
            Readers::start("reader", Share::Full, vec![Connection::open_in_memory().unwrap()]).unwrap();
        let count = |sql: &'static str| {
            let queue = readers.queue().unwrap();
            queue.ask(move |conn| Ok(conn.query_row(sql, [], |row| row.get::<_, i64>(0))?))
        };
        for _ in 0..3 {
            let begun = tokio::time::timeout(Duration::from_millis(50), count(ENDLESS)).await;
            assert!(begun.is_err(), "it does not end by itself");
            let next = tokio::time::timeout(Duration::from_secs(20), count("SELECT 7")).await;
            assert_eq!(next.expect("the reader is free again").unwrap(), 7);
        }
        // What is given up before its turn is not begun.
        let waiting = count(ENDLESS);
        drop(waiting);
        assert_eq!(count("SELECT 8").await.unwrap(), 8);
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn readers_of_reports_are_nicer_than_those_that_tickets_wait_for() {
        let niceness = async |share| {
            let readers =
                Readers::start("reader", share, vec![Connection::open_in_memory().unwrap()]).unwrap();
            let own =
                readers.queue().unwrap().ask(|_| Ok(rustix::process::getpriority_process(None).unwrap()));
            own.await.unwrap()
        };
        let (full, leftover) = (niceness(Share::Full).await, niceness(Share::Leftover).await);
        assert_eq!(leftover, (full + NICE).min(19));
        assert_eq!(full, rustix::process::getpriority_process(None).unwrap(), "the process keeps its own");
    }
}
