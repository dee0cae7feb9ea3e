//! One connection: served, watched, and closed so that its last answer arrives.
//!
//! Three rules bound every kind of slow client, on HTTP/1.1 and HTTP/2 alike. A connection without a request in progress
//! for the header timeout is closed: that covers silence, a head that trickles in, idle keep-alive, and a peer that does
//! not read its answers. An answer of which nothing can be written for the body timeout ends the connection. A connection
//! that is old takes no new request, and is cut if it has not ended when the longest request would have. Requests in
//! progress are bounded by their handler.

use std::convert::Infallible;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::yield_now;
use tokio::time::{Instant, sleep_until, timeout};
use tracing::debug;

use super::activity::{Activity, Visitor};
use super::places::{GRACE, Place};
use super::{Handler, Shared, Times};

/// How long, and over how many bytes, a closed connection is read on so that its answer is not lost.
const LINGER: Duration = Duration::from_secs(2);
const LINGER_BYTES: usize = 32 * 1024 * 1024;

/// How long a connection that was asked to end may take over it when nothing is in progress.
const FAREWELL: Duration = Duration::from_secs(1);

/// Seconds a client is asked to wait. The strictest platform repeats a 503 only if this is less than 60; after 5 s a group of
/// commits has passed even on a slow disk.
pub(crate) const RETRY_AFTER_SECONDS: u16 = 10;

/// Returns how connections speak: HTTP/1.1 with keep-alive, or HTTP/2 by prior knowledge.
pub(super) fn protocol() -> auto::Builder<TokioExecutor> {
    let mut protocol = auto::Builder::new(TokioExecutor::new());
    protocol
        .http1()
        // The watch below bounds heads, on both protocols.
        .header_read_timeout(None)
        // A client that has said all it has to say may close its half and still gets its answer.
        .half_close(true)
        .max_buf_size(64 * 1024);
    protocol
        .http2()
        .max_concurrent_streams(64)
        .max_header_list_size(16 * 1024)
        .initial_stream_window_size(128 * 1024)
        .initial_connection_window_size(512 * 1024);
    protocol
}

/// Serves a connection until either side has had enough.
pub(super) async fn serve<S, H>(stream: S, place: &Place, shared: &Shared<H>)
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    H: Handler,
{
    let activity = Activity::new();
    let (lent, back) = Lent::new(stream, &activity);
    converse(lent, &activity, place, shared).await;
    if activity.has_unread()
        && let Ok(stream) = back.await
    {
        tokio::select! {
            () = linger(stream) => {}
            () = place.lost() => {}
        }
    }
}

/// Answers requests until the connection ends by itself or by one of the rules.
async fn converse<S, H>(stream: Lent<S>, activity: &Arc<Activity>, place: &Place, shared: &Shared<H>)
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    H: Handler,
{
    let claim = place.claim();
    let visitor = Visitor::new(claim.clone(), activity);
    let service = service_fn(|request| {
        let (handler, visitor) = (Arc::clone(&shared.handler), visitor.clone());
        let underway = activity.begin(&claim);
        async move {
            let answer = handler.handle(request, &visitor).await;
            Ok::<_, Infallible>(answer.map(|body| underway.answered(body)))
        }
    });
    let mut connection = pin!(shared.protocol.serve_connection(TokioIo::new(stream), service));
    let mut watch = Watch::new(&shared.bounds.times);
    let mut look = pin!(sleep_until(watch.begun + shared.bounds.times.header));
    let mut displaced = pin!(displaced(place));
    loop {
        let event = tokio::select! {
            // The order matters: what has arrived is read before the connection makes room for another.
            biased;
            ended = connection.as_mut() => {
                if let Err(error) = ended {
                    debug!(%error, "a connection ended");
                }
                return;
            }
            () = displaced.as_mut(), if !watch.makes_room() => Event::Displaced,
            () = shared.drain.cancelled(), if watch.ending.is_none() => Event::AskedToEnd,
            () = activity.closing(), if watch.ending.is_none() => Event::AskedToEnd,
            () = look.as_mut() => Event::TimeToLook,
        };
        match watch.next(Instant::now(), event, activity) {
            Step::LookAgain(at) => look.as_mut().reset(at),
            Step::AskToEnd(at) => {
                // First politely: an HTTP/2 client may be sending its next request at this moment.
                connection.as_mut().graceful_shutdown();
                look.as_mut().reset(at);
            }
            Step::Cut => return,
        }
    }
}

/// Returns when the connection must make room for another. The socket is looked at once more before that: on a busy
/// machine a request may have arrived that nobody had time to read.
async fn displaced(place: &Place) {
    place.lost().await;
    yield_now().await;
}

/// A reason to look after a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Event {
    TimeToLook,
    AskedToEnd,
    /// Its place was given to another connection.
    Displaced,
}

/// A connection that was asked to end.
#[derive(Clone, Copy, Debug)]
struct Ending {
    /// When it is cut at the latest.
    last: Instant,
    makes_room: bool,
}

/// What is to be done about a connection.
enum Step {
    LookAgain(Instant),
    AskToEnd(Instant),
    Cut,
}

/// Follows a connection from its beginning until it is cut.
struct Watch<'a> {
    times: &'a Times,
    begun: Instant,
    ending: Option<Ending>,
}

impl<'a> Watch<'a> {
    fn new(times: &'a Times) -> Self {
        Self { times, begun: Instant::now(), ending: None }
    }

    /// Returns true once the connection makes room for another.
    fn makes_room(&self) -> bool {
        self.ending.is_some_and(|ending| ending.makes_room)
    }

    /// Decides what to do about the connection after an event at `now`.
    fn next(&mut self, now: Instant, event: Event, activity: &Activity) -> Step {
        if event == Event::Displaced {
            let was_ending = self.ending.is_some();
            self.ending = Some(Ending { last: now + GRACE, makes_room: true });
            return match (activity.answers_late(), was_ending) {
                (false, _) => Step::Cut,
                (true, false) => Step::AskToEnd(now + GRACE),
                (true, true) => Step::LookAgain(now + GRACE),
            };
        }
        let tolerated = activity.tolerated_until(self.times);
        if let Some(Ending { last, .. }) = self.ending {
            let until = tolerated.map_or(last, |until| until.min(last));
            return if until <= now { Step::Cut } else { self.look_again(now, until) };
        }
        let last = self.begun + self.times.age;
        let until = tolerated.map_or(last, |until| until.min(last));
        if event == Event::AskedToEnd || until <= now {
            self.ending = Some(Ending { last: now + self.times.request, makes_room: false });
            Step::AskToEnd(now + FAREWELL)
        } else {
            self.look_again(now, until)
        }
    }

    /// Looks again in time for a wait that begins meanwhile, which is at least a header timeout long.
    fn look_again(&self, now: Instant, until: Instant) -> Step {
        Step::LookAgain(until.min(now + self.times.header))
    }
}

/// Answers 503 to a connection that there is no place for, and closes it.
pub(super) async fn turn_away(mut stream: TcpStream) {
    let answer = format!(
        "HTTP/1.1 503 Service Unavailable\r\nretry-after: {RETRY_AFTER_SECONDS}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
    );
    if stream.write_all(answer.as_bytes()).await.is_ok() {
        linger(stream).await;
    }
}

/// Closes our half and reads on for a while: closing with unread bytes would reset the connection, and the reset
/// overtakes the answer (RFC 9112, 9.6).
async fn linger<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S) {
    let _ = timeout(LINGER, async {
        stream.shutdown().await?;
        let mut scrap = vec![0; 16 * 1024];
        let mut left = LINGER_BYTES;
        while left > 0 {
            match stream.read(&mut scrap).await? {
                0 => break,
                read => left = left.saturating_sub(read),
            }
        }
        io::Result::Ok(())
    })
    .await;
}

/// A stream that comes back when the connection that borrowed it is dropped, and that tells what could be written.
struct Lent<S> {
    stream: Option<S>,
    back: Option<oneshot::Sender<S>>,
    activity: Arc<Activity>,
}

impl<S: Unpin> Lent<S> {
    fn new(stream: S, activity: &Arc<Activity>) -> (Self, oneshot::Receiver<S>) {
        let (back, comes_back) = oneshot::channel();
        let activity = Arc::clone(activity);
        (Self { stream: Some(stream), back: Some(back), activity }, comes_back)
    }

    fn stream(&mut self) -> io::Result<Pin<&mut S>> {
        self.stream.as_mut().map(Pin::new).ok_or_else(|| io::ErrorKind::NotConnected.into())
    }

    fn told<T>(&self, polled: Poll<T>) -> Poll<T> {
        self.activity.wrote(polled.is_pending());
        polled
    }
}

impl<S> Drop for Lent<S> {
    fn drop(&mut self) {
        if let (Some(stream), Some(back)) = (self.stream.take(), self.back.take()) {
            // Nobody waits where the connection was aborted.
            let _ = back.send(stream);
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Lent<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.stream()?.poll_read(cx, buf)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Lent<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let polled = self.stream()?.poll_write(cx, buf);
        self.told(polled)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream()?.poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream()?.poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = self.stream()?.poll_write_vectored(cx, bufs);
        self.told(polled)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.as_ref().is_some_and(AsyncWrite::is_write_vectored)
    }
}
