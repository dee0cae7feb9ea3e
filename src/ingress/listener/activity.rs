//! What a connection is doing, and until when that is tolerated.

use std::net::IpAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use hyper::body::{Body, Frame, SizeHint};
use tokio::sync::Notify;
use tokio::time::Instant;

use super::Times;
use super::places::Claim;

/// What a connection is doing.
#[derive(Debug)]
pub(super) struct Activity {
    state: Mutex<State>,
    has_begun: AtomicBool,
    /// The first request was read after the connection's place was given to another.
    is_late: AtomicBool,
    unread: AtomicBool,
    closing: Notify,
}

#[derive(Debug)]
struct State {
    /// Requests that are not answered yet.
    asked: usize,
    /// Answers whose body is not handed over yet.
    answering: usize,
    /// The peer reads slower than we write.
    blocked: bool,
    quiet_since: Instant,
    wrote_at: Instant,
}

impl Activity {
    pub(super) fn new() -> Arc<Self> {
        let now = Instant::now();
        let state = State { asked: 0, answering: 0, blocked: false, quiet_since: now, wrote_at: now };
        Arc::new(Self {
            state: Mutex::new(state),
            has_begun: AtomicBool::new(false),
            is_late: AtomicBool::new(false),
            unread: AtomicBool::new(false),
            closing: Notify::new(),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a request, the first one of the connection also at its place.
    pub(super) fn begin(self: &Arc<Self>, claim: &Claim) -> Underway {
        if !self.has_begun.swap(true, Ordering::Relaxed) && !claim.ask(Instant::now()) {
            self.is_late.store(true, Ordering::Relaxed);
        }
        self.state().asked += 1;
        Underway { activity: Arc::clone(self), answering: false }
    }

    /// Notes an attempt to write. `blocked` says that the peer has to read first.
    pub(super) fn wrote(&self, blocked: bool) {
        let mut state = self.state();
        state.blocked = blocked;
        if !blocked {
            state.wrote_at = Instant::now();
        }
    }

    /// Returns until when the connection may go on like this. `None` while a request is being answered, which has
    /// bounds of its own.
    pub(super) fn tolerated_until(&self, times: &Times) -> Option<Instant> {
        let state = self.state();
        if state.asked > 0 {
            None
        } else if state.answering > 0 || state.blocked {
            Some(state.quiet_since.max(state.wrote_at) + times.body)
        } else {
            Some(state.quiet_since + times.header)
        }
    }

    /// Returns true if the first request is being answered and was read too late for the grace of other requests.
    pub(super) fn answers_late(&self) -> bool {
        let state = self.state();
        self.is_late.load(Ordering::Relaxed) && state.asked + state.answering > 0
    }

    /// Returns when the connection was asked to close after what is in progress.
    pub(super) async fn closing(&self) {
        self.closing.notified().await;
    }

    /// Returns true if the rest of a request is still on its way.
    pub(super) fn has_unread(&self) -> bool {
        self.unread.load(Ordering::Relaxed)
    }
}

/// A request from its head until its answer is handed over; over when dropped, also if the client hangs up in between.
#[derive(Debug)]
pub(super) struct Underway {
    activity: Arc<Activity>,
    answering: bool,
}

impl Underway {
    /// Notes that the answer is known, and keeps watch over its body.
    pub(super) fn answered<B>(mut self, body: B) -> Answered<B> {
        let mut state = self.activity.state();
        state.asked -= 1;
        state.answering += 1;
        state.quiet_since = Instant::now();
        drop(state);
        self.answering = true;
        Answered { body, _underway: self }
    }
}

impl Drop for Underway {
    fn drop(&mut self) {
        let mut state = self.activity.state();
        if self.answering {
            state.answering -= 1;
        } else {
            state.asked -= 1;
        }
        state.quiet_since = Instant::now();
    }
}

/// An answer's body. The request is over when it is dropped.
#[derive(Debug)]
pub(super) struct Answered<B> {
    body: B,
    _underway: Underway,
}

impl<B: Body + Unpin> Body for Answered<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// The connection that a request came on, as its handler sees it.
#[derive(Clone, Debug)]
pub(crate) struct Visitor {
    claim: Claim,
    activity: Arc<Activity>,
}

impl Visitor {
    pub(super) fn new(claim: Claim, activity: &Arc<Activity>) -> Self {
        Self { claim, activity: Arc::clone(activity) }
    }

    /// Returns the address at the connection's other end.
    pub(crate) fn address(&self) -> IpAddr {
        self.claim.address()
    }

    /// Notes that the connection has brought something authentic, so that it is not closed for others.
    pub(crate) fn prove(&self) {
        self.claim.prove();
    }

    /// Closes the connection once the requests in progress are answered.
    pub(crate) fn close(&self) {
        self.activity.closing.notify_one();
    }

    /// Notes that the rest of a request is still on its way, so that the answer must be kept from being overtaken.
    pub(crate) fn leave_unread(&self) {
        self.activity.unread.store(true, Ordering::Relaxed);
    }
}
