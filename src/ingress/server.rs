//! The public door on its listener.

use std::sync::Arc;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::listener::{self, Bounds, Caps, Times};
use super::purpose::Purpose;
use super::receive::Gate;
use super::{Door, Limits};

/// Serves the door on `listener` until `shutdown`, then stops accepting, finishes what is in progress within
/// [`super::Limits::drain`], and returns.
pub async fn serve(listener: TcpListener, door: Arc<Door>, shutdown: CancellationToken) {
    let bounds = bounds(&door.limits, &door.origins.trusted_proxies);
    let certificate = door.certificate.clone();
    let tasks = TaskTracker::new();
    let gate = Gate::new(door, tasks.clone());
    listener::serve(listener, bounds, certificate, gate, tasks, shutdown).await;
}

fn bounds(limits: &Limits, proxies: &[ipnet::IpNet]) -> Bounds {
    Bounds {
        purpose: Purpose::Hooks,
        caps: Caps {
            connections: limits.max_connections,
            per_peer: limits.max_connections_per_peer,
            spare: limits.spare_connections,
            exempt: proxies.to_vec(),
        },
        times: Times {
            header: limits.header_timeout,
            body: limits.body_timeout,
            // A delivery in progress is read, verified and stored by then.
            request: limits.body_timeout + limits.store_timeout,
            age: limits.max_connection_age,
        },
        drain: limits.drain,
    }
}
