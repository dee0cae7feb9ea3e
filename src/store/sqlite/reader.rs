//! A few threads that read, so that a report never stands in the writer's way.
//!
//! A write-ahead log lets them see the last commit while the next one is under way. They cannot write: their
//! connections are `query_only`.

use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};

use rusqlite::Connection;

use super::queue::{Job, Queue};
use crate::store::Error;

/// Reads that may wait.
const WAITING: usize = 256;

/// The readers' queue and their threads. Dropping it ends them.
#[derive(Debug)]
pub(super) struct Readers {
    queue: Option<Queue>,
    threads: Vec<JoinHandle<()>>,
}

impl Readers {
    /// Gives each connection to a thread of its own.
    pub(super) fn start(connections: Vec<Connection>) -> Result<Self, Error> {
        let (sender, waiting) = sync_channel(WAITING);
        let waiting = Arc::new(Mutex::new(waiting));
        let threads = connections
            .into_iter()
            .map(|conn| {
                let waiting = Arc::clone(&waiting);
                Builder::new().name("store-reader".to_owned()).spawn(move || read(&conn, &waiting))
            })
            .collect::<Result<_, _>>()
            .map_err(|error| Error::Unavailable(Box::new(error)))?;
        Ok(Self { queue: Some(Queue::new(sender)), threads })
    }

    /// Where to queue.
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

fn read(conn: &Connection, waiting: &Mutex<Receiver<Box<dyn Job>>>) {
    loop {
        // One reader waits in `recv`, the others for its lock: whoever gets a job lets the next one in.
        let next = waiting.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(mut job) = next else { return };
        job.run(conn);
        job.answer();
    }
}
