//! How the admin listener is reached: its connections, its TLS, the size and number of requests, and wrong tokens.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use deskbridge_connectors::{Changing, Secret};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use ipnet::IpNet;
use metrics::counter;
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout};
use tracing::warn;

use crate::ingress::listener::{Bounds, Caps, Times, Visitor};
use crate::ingress::{Certificate, Origins, Peer, Purpose};
use crate::telemetry::names;

/// The largest body. The only ones are forms of the review page.
const MOST_BODY_BYTES: usize = 256 * 1024;

/// Requests behind the token that are worked on at a time; further ones are answered 503.
pub(super) const MOST_REQUESTS: usize = 32;

/// How long an answer in progress may take, at a shutdown and on a connection that is old.
const DRAIN: Duration = Duration::from_secs(3);
const LONGEST_REQUEST: Duration = Duration::from_secs(30);

/// How long wrong tokens are remembered.
const MEMORY: Duration = Duration::from_secs(60);

/// Addresses that are remembered for wrong tokens. Beyond that, the one whose memory ends first is forgotten.
const MOST_REMEMBERED: usize = 4096;

/// How the admin listener is reached.
#[derive(Clone, Debug)]
pub struct Access {
    /// What TLS is spoken with; plain HTTP if there is none.
    pub certificate: Option<Arc<Certificate>>,
    /// Connections served at a time. For a further one, a connection that never presented the token is closed.
    pub max_connections: usize,
    /// Connections beyond those that hold a descriptor for a moment.
    pub spare_connections: usize,
    /// How long a connection may stay without a request in progress.
    pub header_timeout: Duration,
    /// How long a body may take to arrive.
    pub body_timeout: Duration,
    /// How long a connection takes new requests.
    pub max_connection_age: Duration,
    /// Wrong tokens that an address may present within a minute; then it is refused for the rest of it.
    pub max_wrong_tokens: usize,
    /// Proxies that say in whose name they ask.
    pub trusted_proxies: Vec<IpNet>,
}

impl Default for Access {
    fn default() -> Self {
        Self {
            certificate: None,
            max_connections: 64,
            spare_connections: 64,
            header_timeout: Duration::from_secs(5),
            body_timeout: Duration::from_secs(10),
            max_connection_age: Duration::from_secs(300),
            max_wrong_tokens: 10,
            trusted_proxies: Vec::new(),
        }
    }
}

impl Access {
    pub(super) fn bounds(&self) -> Bounds {
        Bounds {
            purpose: Purpose::Admin,
            caps: Caps {
                connections: self.max_connections,
                // On loopback everybody has one address: the operator, the probes, and a program that floods.
                per_peer: self.max_connections,
                spare: self.spare_connections,
                exempt: Vec::new(),
            },
            times: Times {
                header: self.header_timeout,
                body: self.body_timeout,
                request: LONGEST_REQUEST,
                age: self.max_connection_age,
            },
            drain: DRAIN,
        }
    }
}

/// What the token is guarded with.
#[derive(Debug)]
pub(super) struct Guard {
    token: Changing,
    origins: Origins,
    wrong_tokens: WrongTokens,
}

impl Guard {
    /// Returns the guard of a token.
    pub(super) fn new(token: Changing, access: &Access) -> Self {
        let origins = Origins { trusted_proxies: access.trusted_proxies.clone(), allowed: HashMap::new() };
        Self { token, origins, wrong_tokens: WrongTokens::new(access.max_wrong_tokens) }
    }

    /// Returns who a request counts for.
    fn peer(&self, visitor: &Visitor, headers: &HeaderMap) -> Peer {
        let address = visitor.address();
        self.origins.counted(address, headers).unwrap_or_else(|| Peer::of(address))
    }
}

/// Lets a request pass that presents the token.
pub(super) async fn ask_for_token(State(guard): State<Arc<Guard>>, request: Request, next: Next) -> Response {
    let visitor = request.extensions().get::<Visitor>();
    let peer = visitor.map(|visitor| guard.peer(visitor, request.headers()));
    let now = Instant::now();
    if let Some(left) = peer.and_then(|peer| guard.wrong_tokens.refused_for(peer, now)) {
        let seconds = left.as_secs() + 1;
        return (StatusCode::TOO_MANY_REQUESTS, [(header::RETRY_AFTER, seconds.to_string())]).into_response();
    }
    if presents(request.headers(), &guard.token.newest()) {
        if let Some(visitor) = visitor {
            visitor.prove();
        }
        return next.run(request).await;
    }
    // A browser asks first without one.
    if let Some(peer) = peer.filter(|_| request.headers().contains_key(header::AUTHORIZATION)) {
        counter!(names::WRONG_TOKENS).increment(1);
        if guard.wrong_tokens.note(peer, now) {
            warn!(%peer, "too many wrong tokens at the admin listener; this address is refused for a minute");
        }
    }
    // Basic comes along for browsers, which cannot be told a bearer token.
    let challenge = r#"Basic realm="deskbridge", charset="UTF-8", Bearer realm="deskbridge""#;
    (StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, challenge)]).into_response()
}

/// Tells if the request presents the token: as a bearer token, or as the password of basic authentication.
fn presents(headers: &HeaderMap, token: &Secret) -> bool {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return false };
    let Some(split) = value.as_bytes().iter().position(|byte| *byte == b' ') else { return false };
    let (scheme, rest) = value.as_bytes().split_at(split);
    let presented = rest.trim_ascii();
    if scheme.eq_ignore_ascii_case(b"bearer") {
        return token.equals(presented);
    }
    if !scheme.eq_ignore_ascii_case(b"basic") {
        return false;
    }
    let Ok(pair) = STANDARD.decode(presented) else { return false };
    let password = pair.iter().position(|byte| *byte == b':').map(|colon| &pair[colon + 1..]);
    password.is_some_and(|password| token.equals(password))
}

/// Wrong tokens by address.
#[derive(Debug)]
pub(super) struct WrongTokens {
    most: usize,
    seen: Mutex<HashMap<Peer, Seen>>,
}

#[derive(Clone, Copy, Debug)]
struct Seen {
    since: Instant,
    wrong: usize,
}

impl WrongTokens {
    fn new(most: usize) -> Self {
        Self { most, seen: Mutex::default() }
    }

    /// Returns for how long the peer is refused whatever it presents. `None` if it is not.
    pub(super) fn refused_for(&self, peer: Peer, now: Instant) -> Option<Duration> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let seen = seen.get(&peer).filter(|seen| seen.wrong >= self.most)?;
        MEMORY.checked_sub(now.duration_since(seen.since)).filter(|left| !left.is_zero())
    }

    /// Notes a wrong token. Returns true if it was the last one that the peer may present.
    pub(super) fn note(&self, peer: Peer, now: Instant) -> bool {
        let mut all = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let is_over = |seen: &Seen| now.duration_since(seen.since) >= MEMORY;
        if !all.contains_key(&peer) && all.len() >= MOST_REMEMBERED {
            all.retain(|_, seen| !is_over(seen));
            let oldest = all.iter().min_by_key(|(_, seen)| seen.since).map(|(peer, _)| *peer);
            if let Some(oldest) = oldest.filter(|_| all.len() >= MOST_REMEMBERED) {
                all.remove(&oldest);
            }
        }
        let seen = all.entry(peer).or_insert(Seen { since: now, wrong: 0 });
        if is_over(seen) {
            *seen = Seen { since: now, wrong: 0 };
        }
        seen.wrong += 1;
        seen.wrong == self.most
    }
}

/// Reads the body before anything is done for it: neither its size nor its time is up to the sender.
pub(super) async fn read_body(State(patience): State<Duration>, request: Request, next: Next) -> Response {
    let (head, body) = request.into_parts();
    let visitor = head.extensions.get::<Visitor>().cloned();
    let status = match timeout(patience, Limited::new(body, MOST_BODY_BYTES).collect()).await {
        Ok(Ok(body)) => {
            return next.run(Request::from_parts(head, Body::from(body.to_bytes()))).await;
        }
        Ok(Err(error)) if error.is::<LengthLimitError>() => StatusCode::PAYLOAD_TOO_LARGE,
        Ok(Err(_)) => StatusCode::BAD_REQUEST,
        Err(_) => StatusCode::REQUEST_TIMEOUT,
    };
    if let Some(visitor) = visitor {
        visitor.leave_unread();
        visitor.close();
    }
    status.into_response()
}

/// Lets only so many requests be worked on at a time.
pub(super) async fn take_turns(
    State(turns): State<Arc<Semaphore>>,
    request: Request,
    next: Next,
) -> Response {
    match turns.try_acquire() {
        Ok(_turn) => next.run(request).await,
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "1")]).into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(n: u32) -> Peer {
        Peer::of(std::net::Ipv4Addr::from(n).into())
    }

    #[tokio::test]
    async fn wrong_tokens_are_counted_by_address_and_forgotten_after_a_minute() {
        let wrong = WrongTokens::new(2);
        let now = Instant::now();
        assert!(!wrong.note(peer(1), now));
        assert_eq!(wrong.refused_for(peer(1), now), None);
        assert!(wrong.note(peer(1), now + MEMORY / 2), "that was the last");
        assert_eq!(wrong.refused_for(peer(1), now + MEMORY / 2), Some(MEMORY / 2));
        assert_eq!(wrong.refused_for(peer(2), now), None);
        assert_eq!(wrong.refused_for(peer(1), now + MEMORY), None);
        assert!(!wrong.note(peer(1), now + MEMORY), "a new minute");
    }

    #[tokio::test]
    async fn so_many_addresses_are_remembered_and_no_more() {
        let wrong = WrongTokens::new(1);
        let now = Instant::now();
        for n in 0..=u32::try_from(MOST_REMEMBERED).unwrap() {
            wrong.note(peer(n), now + Duration::from_micros(n.into()));
        }
        assert_eq!(wrong.seen.lock().unwrap().len(), MOST_REMEMBERED);
        assert_eq!(wrong.refused_for(peer(0), now), None, "the oldest was forgotten");
        assert!(wrong.refused_for(peer(1), now).is_some());
    }
}
