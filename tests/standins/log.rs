//! What a stand-in was asked, and the faults it shall answer with.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// One API request and how it was answered.
#[derive(Clone, Debug, PartialEq)]
pub struct Logged {
    /// `GET`, `PUT`, …
    pub method: String,
    /// Path with query.
    pub path: String,
    /// JSON body, null where there was none.
    pub body: serde_json::Value,
    /// Status answered.
    pub status: u16,
    /// Milliseconds since the Unix epoch at which the answer was ready.
    pub at_ms: i64,
}

impl Logged {
    /// Returns true for a request that asks for a change. Fetching a token is none, nor is a search by POST.
    pub fn is_write(&self) -> bool {
        let reads = self.path.starts_with("/oauth/") || self.path.ends_with("/search");
        self.method != "GET" && self.method != "HEAD" && !reads
    }
}

/// A fault that a request meets instead of (or after) its ordinary treatment.
#[derive(Clone, Debug)]
pub struct Fault {
    /// Only requests with this method; any when `None`.
    pub method: Option<&'static str>,
    /// Only requests whose path contains this.
    pub path_contains: String,
    /// What happens.
    pub kind: FaultKind,
    /// How many requests meet it.
    pub times: u32,
}

/// What goes wrong.
#[derive(Clone, Debug)]
pub enum FaultKind {
    /// This status, nothing done; 429 and 503 carry `Retry-After` when given.
    Status {
        /// The status.
        status: u16,
        /// Seconds for `Retry-After`.
        retry_after: Option<u64>,
    },
    /// This status, nothing done, with a `Retry-After` that is a date so many seconds from now.
    Until {
        /// The status.
        status: u16,
        /// Seconds from now.
        seconds: u32,
    },
    /// The change is made and the connection is cut before the answer.
    CutAfterWork,
    /// The connection is cut before anything is done.
    CutBeforeWork,
    /// The answer comes this much later.
    Slow(Duration),
    /// The answer comes a byte at a time, with this pause before each.
    Drip(Duration),
    /// 200 with HTML instead of JSON, nothing done.
    Html,
    /// The work is done, and the second half of the answer is missing.
    Truncated,
    /// The work is done, and the answer is followed by so many bytes of blanks.
    Padded(usize),
    /// 307 to this address, nothing done.
    Redirect(String),
    /// Something of the test's own happens, before the work or between the work and its answer.
    Strike {
        /// Whether it happens before the work.
        before: bool,
        /// What happens.
        what: Strike,
    },
}

/// What a test does at a moment that only the stand-in sees.
#[derive(Clone)]
pub struct Strike(pub Arc<dyn Fn() + Send + Sync>);

impl std::fmt::Debug for Strike {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Strike")
    }
}

/// A shared, append-only request log with pending faults.
#[derive(Clone, Debug, Default)]
pub struct RequestLog {
    inner: Arc<Mutex<Inner>>,
}

#[derive(Debug, Default)]
struct Inner {
    logged: Vec<Logged>,
    faults: VecDeque<Fault>,
}

impl RequestLog {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Appends one request.
    pub fn push(&self, logged: Logged) {
        self.lock().logged.push(logged);
    }

    /// All requests so far.
    pub fn all(&self) -> Vec<Logged> {
        self.lock().logged.clone()
    }

    /// Arms a fault.
    pub fn inject(&self, fault: Fault) {
        self.lock().faults.push_back(fault);
    }

    /// Disarms what has not been met yet.
    pub fn clear(&self) {
        self.lock().faults.clear();
    }

    /// Takes the first armed fault that fits the request.
    pub fn fault_for(&self, method: &str, path: &str) -> Option<FaultKind> {
        let mut inner = self.lock();
        let at = inner.faults.iter().position(|fault| {
            fault.method.is_none_or(|wanted| wanted == method) && path.contains(&fault.path_contains)
        })?;
        let fault = &mut inner.faults[at];
        fault.times = fault.times.saturating_sub(1);
        let kind = fault.kind.clone();
        if fault.times == 0 {
            inner.faults.remove(at);
        }
        Some(kind)
    }
}
