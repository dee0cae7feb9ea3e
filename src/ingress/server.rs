//! Accepts connections until a shutdown is asked for, then lets those in progress finish.
//!
//! A connection beyond the cap is answered 503 and closed rather than left waiting in the kernel's queue: the
//! platforms count every second until the answer, and repeat a 503 soon, but a queue behind a thousand idle
//! connections moves only as those time out.

use std::sync::Arc;
use std::time::Duration;

use metrics::counter;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{debug, info, warn};

use super::connection::{self, Ends};
use super::receive::Gate;
use super::{Certificate, Door};
use crate::telemetry::names;

/// Connections that are told there is no place, at a time; beyond that they are cut without a word.
const TURNED_AWAY: usize = 64;

/// Pause after the operating system refused a connection (no file descriptor left): one must be given back first.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Serves the door on `listener` until `shutdown`, then stops accepting, finishes what is in progress within
/// [`super::Limits::drain`], and returns.
pub async fn serve(listener: TcpListener, door: Arc<Door>, shutdown: CancellationToken) {
    let limits = door.limits;
    let tasks = TaskTracker::new();
    let places = Arc::new(Semaphore::new(limits.max_connections.min(Semaphore::MAX_PERMITS)));
    let turned_away = Arc::new(Semaphore::new(TURNED_AWAY));
    let tls = door.certificate.clone().map(Certificate::acceptor);
    let gate = Arc::new(Gate::new(door, tasks.clone()));
    let protocol = Arc::new(connection::protocol());
    let abort = CancellationToken::new();
    // Also when this future is dropped instead of being shut down.
    let _abort = abort.clone().drop_guard();
    let ends = Ends { drain: shutdown.clone(), abort };
    while let Some(accepted) = shutdown.run_until_cancelled(listener.accept()).await {
        let (stream, peer) = match accepted {
            Ok((stream, peer)) => (stream, peer.ip()),
            Err(error) => {
                warn!(%error, "a connection could not be accepted");
                sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        // Without it an answer can wait 40 ms for the acknowledgement of the one before.
        let _ = stream.set_nodelay(true);
        if let Ok(place) = Arc::clone(&places).try_acquire_owned() {
            let (protocol, gate, ends) = (Arc::clone(&protocol), Arc::clone(&gate), ends.clone());
            let tls = tls.clone();
            tasks.spawn(async move {
                match tls {
                    None => connection::serve(stream, peer, &protocol, &gate, &ends).await,
                    // Whoever does not finish the handshake in time, or is asked to go, has said nothing yet.
                    Some(tls) => tokio::select! {
                        shaken = timeout(limits.header_timeout, tls.accept(stream)) => match shaken {
                            Ok(Ok(stream)) => connection::serve(stream, peer, &protocol, &gate, &ends).await,
                            Ok(Err(error)) => debug!(%error, "a TLS handshake failed"),
                            Err(_) => debug!("a TLS handshake took too long"),
                        },
                        () = ends.drain.cancelled() => {}
                    },
                }
                drop(place);
            });
        } else {
            counter!(names::WEBHOOK_REQUESTS, "account" => "unknown", "outcome" => "busy").increment(1);
            warn!(reason = "busy", "a connection was turned away; all {} are in use", limits.max_connections);
            // A client that expects TLS would not understand the answer.
            if tls.is_none()
                && let Ok(place) = Arc::clone(&turned_away).try_acquire_owned()
            {
                tokio::spawn(async move {
                    connection::turn_away(stream).await;
                    drop(place);
                });
            }
        }
    }
    drop(listener);
    tasks.close();
    if timeout(limits.drain, tasks.wait()).await.is_err() {
        warn!(left = tasks.len(), "requests were cut off; they took longer than the drain allows");
    } else {
        info!("the door is closed");
    }
}
