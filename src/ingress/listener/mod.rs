//! A bounded listener: its connections are limited in number, in all and per peer, in time and in memory.
//!
//! The public door and the admin listener are both one; what they answer is up to their [`Handler`]. A connection beyond
//! the caps is answered 503 and closed rather than left waiting in the kernel's queue: the platforms count every second
//! until the answer, and repeat a 503 soon, but a queue behind a thousand idle connections moves only as those time out.

mod activity;
mod connection;
mod places;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use hyper::body::{Body, Incoming};
use hyper_util::rt::TokioExecutor;
use hyper_util::server::conn::auto;
use ipnet::IpNet;
use metrics::counter;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{debug, info, warn};

pub(crate) use activity::Visitor;
pub(crate) use connection::RETRY_AFTER_SECONDS;

use self::places::{NoPlace, Place, Places};
use super::origin::holds;
use super::purpose::Purpose;
use super::tls::Certificate;
use crate::telemetry::names;

/// Pause after the operating system refused a connection (no file descriptor left): one must be given back first.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// How often the log says that connections find no place. A flood fills no disk.
const NOTICE_EVERY: Duration = Duration::from_secs(10);

/// Limits of a listener.
#[derive(Clone, Debug)]
pub(crate) struct Bounds {
    pub(crate) purpose: Purpose,
    pub(crate) caps: Caps,
    pub(crate) times: Times,
    /// How long requests in progress may take to finish after a shutdown was asked for.
    pub(crate) drain: Duration,
}

/// How many connections there may be.
#[derive(Clone, Debug)]
pub(crate) struct Caps {
    /// Connections served at a time.
    pub(crate) connections: usize,
    /// Of these, from one peer.
    pub(crate) per_peer: usize,
    /// Connections beyond that which are told that there is no place, and again as many that had to make room and have
    /// not ended yet. Both hold a descriptor.
    pub(crate) spare: usize,
    /// Networks whose addresses speak for many peers.
    pub(crate) exempt: Vec<IpNet>,
}

impl Caps {
    fn is_exempt(&self, address: IpAddr) -> bool {
        holds(&self.exempt, address.to_canonical())
    }
}

/// How long a connection may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Times {
    /// Without a request in progress.
    pub(crate) header: Duration,
    /// Without progress in writing an answer.
    pub(crate) body: Duration,
    /// At most for a request that is in progress when the connection is asked to end.
    pub(crate) request: Duration,
    /// In all; then it takes no new request.
    pub(crate) age: Duration,
}

/// What answers the requests at a listener.
pub(crate) trait Handler: Send + Sync + 'static {
    /// An answer's body.
    type Body: Body<Data = Bytes, Error: Into<Box<dyn std::error::Error + Send + Sync>>>
        + Send
        + Unpin
        + 'static;

    /// Answers one request.
    fn handle(
        &self,
        request: Request<Incoming>,
        visitor: &Visitor,
    ) -> impl Future<Output = Response<Self::Body>> + Send;

    /// Notes that a connection found no place.
    fn turned_away(&self) {}
}

/// What all connections of a listener share.
struct Shared<H> {
    handler: Arc<H>,
    bounds: Bounds,
    protocol: auto::Builder<TokioExecutor>,
    tls: Option<TlsAcceptor>,
    /// Finish what is in progress, take nothing new.
    drain: CancellationToken,
}

/// Serves until `shutdown`, then stops accepting, finishes what is in progress within the drain, and returns. `tasks` are
/// the listener's, and what its handler has running beside requests.
pub(crate) async fn serve<H: Handler>(
    listener: TcpListener,
    bounds: Bounds,
    certificate: Option<Arc<Certificate>>,
    handler: H,
    tasks: TaskTracker,
    shutdown: CancellationToken,
) {
    let (section, drain) = (bounds.purpose.section(), bounds.drain);
    let places = Places::new(bounds.caps.clone());
    let turned_away = Arc::new(Semaphore::new(bounds.caps.spare));
    let abort = CancellationToken::new();
    // Also when this future is dropped instead of being shut down.
    let _abort = abort.clone().drop_guard();
    let shared = Arc::new(Shared {
        handler: Arc::new(handler),
        protocol: connection::protocol(),
        tls: certificate.map(|certificate| certificate.acceptor(bounds.purpose)),
        drain: shutdown.clone(),
        bounds,
    });
    let mut notice: Option<Instant> = None;
    while let Some(accepted) = shutdown.run_until_cancelled(listener.accept()).await {
        let now = Instant::now();
        let is_time = notice.is_none_or(|last| now.duration_since(last) >= NOTICE_EVERY);
        let (stream, peer) = match accepted {
            Ok((stream, peer)) => (stream, peer.ip()),
            Err(error) => {
                if is_time {
                    notice = Some(now);
                    warn!(listener = section, %error, "a connection could not be accepted");
                }
                places.make_room();
                sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        // Without it an answer can wait 40 ms for the acknowledgement of the one before.
        let _ = stream.set_nodelay(true);
        if let Ok(place) = admit(&places, peer, now).await {
            let (shared, abort) = (Arc::clone(&shared), abort.clone());
            tasks.spawn(async move {
                tokio::select! {
                    () = shake_hands(stream, &place, &shared) => {}
                    () = abort.cancelled() => {}
                }
                if place.is_lost() {
                    counter!(names::CONNECTIONS_CLOSED, "listener" => section, "reason" => "displaced")
                        .increment(1);
                }
            });
        } else {
            counter!(names::CONNECTIONS_CLOSED, "listener" => section, "reason" => "no_place").increment(1);
            shared.handler.turned_away();
            if is_time {
                notice = Some(now);
                warn!(
                    listener = section,
                    reason = "busy",
                    "connections are turned away; all {} places, or all {} of one address, are in use",
                    shared.bounds.caps.connections,
                    shared.bounds.caps.per_peer
                );
            }
            // A client that expects TLS would not understand the answer.
            if shared.tls.is_none()
                && let Ok(permit) = Arc::clone(&turned_away).try_acquire_owned()
            {
                tokio::spawn(async move {
                    connection::turn_away(stream).await;
                    drop(permit);
                });
            }
        }
    }
    drop(listener);
    tasks.close();
    if timeout(drain, tasks.wait()).await.is_err() {
        let left = tasks.len();
        warn!(listener = section, left, "requests were cut off; they took longer than the drain allows");
    } else {
        info!(listener = section, "the listener is closed");
    }
}

/// Gives the peer a place, and waits for a moment if connections that were closed for others still hold their descriptors.
async fn admit(places: &Arc<Places>, peer: IpAddr, now: Instant) -> Result<Place, NoPlace> {
    let waiting = async {
        loop {
            match places.admit(peer, now) {
                Err(NoPlace::StillLeaving) => places.left().await,
                admitted => return admitted,
            }
        }
    };
    timeout(ACCEPT_PAUSE, waiting).await.unwrap_or(Err(NoPlace::StillLeaving))
}

/// Serves a connection, after the TLS handshake where there is one.
async fn shake_hands<H: Handler>(stream: TcpStream, place: &Place, shared: &Shared<H>) {
    let Some(tls) = &shared.tls else { return connection::serve(stream, place, shared).await };
    // Whoever does not finish the handshake in time, or is asked to go, has said nothing yet.
    tokio::select! {
        shaken = timeout(shared.bounds.times.header, tls.accept(stream)) => match shaken {
            Ok(Ok(stream)) => connection::serve(stream, place, shared).await,
            Ok(Err(error)) => debug!(%error, "a TLS handshake failed"),
            Err(_) => debug!("a TLS handshake took too long"),
        },
        () = shared.drain.cancelled() => {}
        () = place.lost() => {}
    }
}
