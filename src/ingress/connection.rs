//! One connection: served, watched, and closed so that its last answer arrives.
//!
//! One rule bounds every kind of slow client, on HTTP/1.1 and HTTP/2 alike: a connection without a request in
//! progress for `header_timeout` is closed. That covers silence, a head that trickles in, idle keep-alive, and a peer
//! that does not read its answers; requests in progress are bounded by the body's and the store's own timeouts.

use std::convert::Infallible;
use std::io;
use std::net::IpAddr;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;
use tracing::debug;

use super::receive::Gate;

/// How long, and over how many bytes, a closed connection is read on so that its answer is not lost.
const LINGER: Duration = Duration::from_secs(2);
const LINGER_BYTES: usize = 32 * 1024 * 1024;

/// How long a connection that was asked to end may take over it.
const FAREWELL: Duration = Duration::from_secs(1);

/// Which end was asked for.
#[derive(Clone, Debug)]
pub(super) struct Ends {
    /// Finish what is in progress, take nothing new.
    pub(super) drain: CancellationToken,
    /// Stop now.
    pub(super) abort: CancellationToken,
}

/// What a connection is doing.
#[derive(Debug)]
pub(super) struct Activity {
    state: Mutex<State>,
    unread: AtomicBool,
}

#[derive(Debug)]
struct State {
    in_progress: usize,
    quiet_since: Instant,
}

impl Activity {
    fn new() -> Self {
        let state = State { in_progress: 0, quiet_since: Instant::now() };
        Self { state: Mutex::new(state), unread: AtomicBool::new(false) }
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner));
    }

    fn begin(self: &Arc<Self>) -> InProgress {
        self.change(|state| state.in_progress += 1);
        InProgress(Arc::clone(self))
    }

    /// Since when nothing is in progress.
    fn quiet_since(&self) -> Option<Instant> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        (state.in_progress == 0).then_some(state.quiet_since)
    }

    /// A request was answered whose body is still on its way.
    pub(super) fn leave_unread(&self) {
        self.unread.store(true, Ordering::Relaxed);
    }
}

/// A request in progress; over when dropped, also when the client hangs up in the middle.
struct InProgress(Arc<Activity>);

impl Drop for InProgress {
    fn drop(&mut self) {
        self.0.change(|state| {
            state.in_progress -= 1;
            state.quiet_since = Instant::now();
        });
    }
}

/// How connections speak: HTTP/1.1 with keep-alive, or HTTP/2 by prior knowledge.
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
pub(super) async fn serve<S>(
    stream: S,
    peer: IpAddr,
    protocol: &auto::Builder<TokioExecutor>,
    gate: &Arc<Gate>,
    ends: &Ends,
) where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let activity = Arc::new(Activity::new());
    let (lent, back) = Lent::new(stream);
    {
        let service = service_fn(|request| {
            let (gate, in_progress) = (Arc::clone(gate), activity.begin());
            async move { Ok::<_, Infallible>(gate.receive(request, peer, &in_progress.0).await) }
        });
        let mut connection = pin!(protocol.serve_connection(TokioIo::new(lent), service));
        let patience = gate.limits().header_timeout;
        let mut look = pin!(sleep_until(Instant::now() + patience));
        let mut asked_to_end = false;
        loop {
            tokio::select! {
                ended = connection.as_mut() => {
                    if let Err(error) = ended {
                        debug!(%error, "a connection ended");
                    }
                    break;
                }
                () = ends.drain.cancelled(), if !asked_to_end => {
                    asked_to_end = true;
                    connection.as_mut().graceful_shutdown();
                }
                () = ends.abort.cancelled() => return,
                () = look.as_mut() => {
                    let now = Instant::now();
                    let until = activity.quiet_since().unwrap_or(now) + patience;
                    if until > now {
                        look.as_mut().reset(until);
                    } else if asked_to_end {
                        break;
                    } else {
                        // First politely: an HTTP/2 client may be sending its next request at this moment.
                        asked_to_end = true;
                        connection.as_mut().graceful_shutdown();
                        look.as_mut().reset(now + FAREWELL);
                    }
                }
            }
        }
    }
    if activity.unread.load(Ordering::Relaxed)
        && let Ok(stream) = back.await
    {
        linger(stream).await;
    }
}

/// Answers 503 to a connection that there is no place for, and closes it.
pub(super) async fn turn_away(mut stream: TcpStream) {
    let answer = format!(
        "HTTP/1.1 503 Service Unavailable\r\nretry-after: {}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
        super::answer::RETRY_AFTER_SECONDS
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

/// A stream that comes back when the connection that borrowed it is dropped.
struct Lent<S> {
    stream: Option<S>,
    back: Option<oneshot::Sender<S>>,
}

impl<S: Unpin> Lent<S> {
    fn new(stream: S) -> (Self, oneshot::Receiver<S>) {
        let (back, comes_back) = oneshot::channel();
        (Self { stream: Some(stream), back: Some(back) }, comes_back)
    }

    fn stream(&mut self) -> io::Result<Pin<&mut S>> {
        self.stream.as_mut().map(Pin::new).ok_or_else(|| io::ErrorKind::NotConnected.into())
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
        self.stream()?.poll_write(cx, buf)
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
        self.stream()?.poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.as_ref().is_some_and(AsyncWrite::is_write_vectored)
    }
}
