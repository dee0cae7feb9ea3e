//! The public door: a webhook is verified, kept on disk, and only then acknowledged.
//!
//! Two addresses are served, `POST` and `HEAD /hooks/{account}`, and nothing else, so that what stands on the open
//! internet is as small as it can be. The door knows a connector's `verify` and the store's `accept`; it never
//! parses a body, never calls a platform, and never answers 500, which one platform takes as "do not try again"
//! (<https://developer.zendesk.com/api-reference/webhooks/introduction>).

pub(crate) mod listener;

mod answer;
mod origin;
mod peer;
mod purpose;
mod receive;
mod room;
mod server;
mod tls;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use deskbridge_connectors::Connector;
use tokio::sync::Notify;

pub use origin::Origins;
pub(crate) use peer::Peer;
pub use purpose::Purpose;
pub use server::serve;
pub use tls::{Certificate, Unusable};

use crate::clock::Clock;
use crate::store::Store;

/// What the door needs.
pub struct Door {
    /// Each account's connector, by the account's name, which is the last segment of its address.
    pub accounts: HashMap<String, Arc<dyn Connector>>,
    /// Where deliveries are kept.
    pub store: Arc<dyn Store>,
    /// What signed times are compared with.
    pub clock: Arc<dyn Clock>,
    /// Notified after every delivery that was stored, so that a sleeping worker wakes.
    pub arrived: Arc<Notify>,
    /// From where deliveries may come.
    pub origins: Origins,
    /// What TLS is spoken with; plain HTTP where there is none.
    pub certificate: Option<Arc<Certificate>>,
    /// How much is let in.
    pub limits: Limits,
}

impl std::fmt::Debug for Door {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Door")
            .field("accounts", &self.accounts.keys())
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

/// How much is let in, and how long it may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The largest body; larger ones are answered 413.
    pub max_body_bytes: usize,
    /// How long a connection may stay without a request in progress: for its first head, and between two requests.
    pub header_timeout: Duration,
    /// How long a body may take to arrive; answered 408.
    pub body_timeout: Duration,
    /// Connections served at a time. For a further one, a connection that never brought anything authentic is closed;
    /// if there is none, the further one is answered 503 and closed.
    pub max_connections: usize,
    /// Of these, connections of one peer address (an IPv6 network of 64 bits). Trusted proxies have no such limit.
    pub max_connections_per_peer: usize,
    /// Connections beyond those that are being answered 503, and again as many that had to make room and have not ended.
    pub spare_connections: usize,
    /// How long a connection takes new requests.
    pub max_connection_age: Duration,
    /// Deliveries being verified and stored at a time; further ones are answered 503 before their body is read.
    pub max_in_flight: usize,
    /// Bytes of bodies held in memory at a time, over all connections; beyond that a delivery is answered 503.
    pub max_buffered_bytes: usize,
    /// Of these, bytes of one sender whose signature has not been checked yet; likewise 503.
    pub max_buffered_bytes_per_peer: usize,
    /// How long the store may take; then the answer is 503, before the platform gives up by itself (the most
    /// impatient waits 5 s). A delivery that is stored after all is recognised when it comes again.
    pub store_timeout: Duration,
    /// How long requests in progress may take to finish after a shutdown was asked for.
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_body_bytes: 1024 * 1024,
            header_timeout: Duration::from_secs(5),
            body_timeout: Duration::from_secs(10),
            max_connections: 1024,
            max_connections_per_peer: 256,
            spare_connections: 64,
            max_connection_age: Duration::from_secs(300),
            max_in_flight: 256,
            max_buffered_bytes: 64 * 1024 * 1024,
            max_buffered_bytes_per_peer: 8 * 1024 * 1024,
            store_timeout: Duration::from_secs(4),
            drain: Duration::from_secs(10),
        }
    }
}
