//! N threads, each with an engine of its own, and one queue of work before them.
//!
//! Plain threads and a condition variable: inference is CPU work, and an async executor would only be blocked by it.
//! Work that panics costs that one piece of work, never the thread. What was queued is done before the pool ends.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use crate::error::Error;

/// A piece of work on an engine of type `E`.
pub(crate) type Work<E> = Box<dyn FnOnce(&mut E) + Send>;

struct Queue<E> {
    waiting: Mutex<Waiting<E>>,
    changed: Condvar,
}

struct Waiting<E> {
    work: VecDeque<Work<E>>,
    closed: bool,
}

impl<E> Queue<E> {
    fn lock(&self) -> MutexGuard<'_, Waiting<E>> {
        // Nothing that can panic runs under the lock.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn next(&self) -> Option<Work<E>> {
        let mut waiting = self.lock();
        loop {
            if let Some(work) = waiting.work.pop_front() {
                return Some(work);
            }
            if waiting.closed {
                return None;
            }
            waiting = self.changed.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// The threads and their queue.
pub(crate) struct Pool<E> {
    queue: Arc<Queue<E>>,
    threads: Vec<JoinHandle<()>>,
}

impl<E: Send + 'static> Pool<E> {
    /// Starts one thread an engine.
    ///
    /// # Errors
    /// [`Error::Runtime`] when the system gives no more threads.
    pub(crate) fn start(engines: Vec<E>) -> Result<Self, Error> {
        let waiting = Mutex::new(Waiting { work: VecDeque::new(), closed: false });
        let queue = Arc::new(Queue { waiting, changed: Condvar::new() });
        let mut pool = Self { queue, threads: Vec::new() };
        for (n, mut engine) in engines.into_iter().enumerate() {
            let queue = Arc::clone(&pool.queue);
            let work = move || {
                while let Some(work) = queue.next() {
                    // An engine keeps no state between runs, so it can be used after a panic.
                    let _ = catch_unwind(AssertUnwindSafe(|| work(&mut engine)));
                }
            };
            let thread = thread::Builder::new().name(format!("classify-{n}")).spawn(work);
            pool.threads.push(thread.map_err(|e| Error::Runtime(format!("cannot start a thread: {e}")))?);
        }
        Ok(pool)
    }

    /// Queues a piece of work.
    pub(crate) fn submit(&self, work: Work<E>) {
        self.queue.lock().work.push_back(work);
        self.queue.changed.notify_one();
    }

    /// Number of pieces of work that no thread has taken yet.
    pub(crate) fn waiting(&self) -> usize {
        self.queue.lock().work.len()
    }
}

impl<E> Drop for Pool<E> {
    fn drop(&mut self) {
        self.queue.lock().closed = true;
        self.queue.changed.notify_all();
        for thread in self.threads.drain(..) {
            // The last owner may be a callback on one of these very threads, which cannot wait for itself.
            if thread.thread().id() != thread::current().id() {
                let _ = thread.join();
            }
        }
    }
}

#[cfg(test)]
mod tests;
