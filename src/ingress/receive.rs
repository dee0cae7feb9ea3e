//! One request, from its head to its answer.
//!
//! What costs nothing is refused first: path, method, encoding and announced length before a byte of the body is
//! read. The signature is checked over the raw bytes before anybody parses them. Verifying and storing run as a task
//! of their own: a client that hangs up in the middle of a commit cannot leave a stored delivery that nobody counts
//! and no worker is woken for, and a panic ends that task alone. A refusal is one log line with the account and the
//! reason; never a body, a header, or a path that names no account of ours.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use deskbridge_connectors::{AccountId, Connector, Delivery, Verified};
use http::{HeaderMap, Method, Request, Response, Version, header};
use http_body_util::{BodyExt, Empty};
use hyper::body::{Body, Incoming};
use metrics::{counter, histogram};
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout};
use tokio_util::task::TaskTracker;
use tracing::{info, warn};

use super::Door;
use super::answer::Answer;
use super::listener::{Handler, Visitor};
use super::peer::Peer;
use super::room::{Reservation, Room};
use crate::store;
use crate::telemetry::names;

/// The door, and what all its requests share.
pub(super) struct Gate {
    door: Arc<Door>,
    in_flight: Arc<Semaphore>,
    room: Arc<Room>,
    tasks: TaskTracker,
}

/// A body, and the room in memory it was let into.
struct Held {
    body: Bytes,
    room: Reservation,
}

impl Gate {
    pub(super) fn new(door: Arc<Door>, tasks: TaskTracker) -> Self {
        let limits = &door.limits;
        let in_flight = Arc::new(Semaphore::new(limits.max_in_flight.min(Semaphore::MAX_PERMITS)));
        let room = Room::new(limits.max_buffered_bytes, limits.max_buffered_bytes_per_peer);
        Self { door, in_flight, room, tasks }
    }

    /// Answers one request.
    async fn receive(&self, request: Request<Incoming>, visitor: &Visitor) -> Response<Empty<Bytes>> {
        let since = Instant::now();
        let peer = visitor.address();
        let (head, body) = request.into_parts();
        let mut unread = !body.is_end_stream();
        let named = hook(head.uri.path());
        let known = named.and_then(|name| self.door.accounts.get(name).zip(AccountId::new(name).ok()));
        let answer = match (&known, &head.method) {
            (None, _) if named.is_none() => Answer::NotFound,
            (None, _) => Answer::UnknownAccount,
            (Some((_, account)), _) if !self.door.origins.allow(account.as_str(), peer, &head.headers) => {
                Answer::Elsewhere
            }
            (Some(_), &Method::HEAD) => Answer::Present,
            (Some((connector, account)), &Method::POST) => {
                let answer =
                    self.post(account.clone(), connector, head.headers, body, visitor, &mut unread).await;
                histogram!(names::ACK_SECONDS).record(since.elapsed().as_secs_f64());
                answer
            }
            (Some(_), _) => Answer::MethodNotAllowed,
        };
        count(known.as_ref().map(|(_, account)| account), answer);
        if unread {
            visitor.leave_unread();
        }
        // A trusted proxy's connection carries the deliveries of others too.
        let refused = answer.is_refusal() && !self.door.origins.trusts(peer);
        if refused && head.version >= Version::HTTP_2 {
            visitor.close();
        }
        answer.response(head.version, unread || refused)
    }

    async fn post(
        &self,
        account: AccountId,
        connector: &Arc<dyn Connector>,
        headers: HeaderMap,
        mut body: Incoming,
        visitor: &Visitor,
        unread: &mut bool,
    ) -> Answer {
        if encoded(&headers) {
            return Answer::Encoded;
        }
        if body.size_hint().lower() > self.door.limits.max_body_bytes as u64 {
            return Answer::TooLarge;
        }
        // Asked before the body is read, taken after: a client that sends slowly holds no place in the queue.
        if self.in_flight.available_permits() == 0 {
            return Answer::Busy;
        }
        let sender = self.door.origins.counted(visitor.address(), &headers);
        let held = match timeout(self.door.limits.body_timeout, self.read(&mut body, sender)).await {
            Ok(Ok(held)) => held,
            Ok(Err(refused)) => return refused,
            Err(_) => return Answer::Timeout,
        };
        *unread = false;
        let Ok(place) = Arc::clone(&self.in_flight).try_acquire_owned() else { return Answer::Busy };
        let Held { body, mut room } = held;
        let visitor = visitor.clone();
        let delivery = Delivery { account, headers, body };
        let (door, connector) = (Arc::clone(&self.door), Arc::clone(connector));
        let kept = self.tasks.spawn(async move {
            let authentic = || {
                visitor.prove();
                room.verified();
            };
            let answer = keep(&door, &*connector, delivery, authentic).await;
            drop((place, room));
            answer
        });
        match timeout(self.door.limits.store_timeout, kept).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => Answer::Panicked,
            Err(_) => Answer::Unavailable,
        }
    }

    /// Reads the body, counting while it comes: neither one body, nor all of a sender, nor all together outgrow their
    /// limit.
    async fn read(&self, body: &mut Incoming, sender: Option<Peer>) -> Result<Held, Answer> {
        let mut room = self.room.open(sender);
        let mut first = Bytes::new();
        let mut whole = BytesMut::new();
        let mut length = 0;
        while let Some(frame) = body.frame().await {
            let Ok(data) = frame.map_err(|_| Answer::Incomplete)?.into_data() else { continue };
            length += data.len();
            if length > self.door.limits.max_body_bytes {
                return Err(Answer::TooLarge);
            }
            room.grow(data.len()).map_err(|_| Answer::Busy)?;
            // Nearly every webhook arrives in one piece, which then is not copied.
            if length == data.len() {
                first = data;
            } else {
                if whole.is_empty() {
                    whole.extend_from_slice(&first);
                }
                whole.extend_from_slice(&data);
            }
        }
        let body = if whole.is_empty() { first } else { whole.freeze() };
        Ok(Held { body, room })
    }
}

impl Handler for Gate {
    type Body = Empty<Bytes>;

    async fn handle(&self, request: Request<Incoming>, visitor: &Visitor) -> Response<Empty<Bytes>> {
        self.receive(request, visitor).await
    }

    fn turned_away(&self) {
        counter!(names::WEBHOOK_REQUESTS, "account" => "unknown", "outcome" => Answer::Busy.outcome())
            .increment(1);
    }
}

/// Verifies and stores. `authentic` is called in between, if the signature matched.
async fn keep(
    door: &Door,
    connector: &dyn Connector,
    delivery: Delivery,
    authentic: impl FnOnce(),
) -> Answer {
    let now = door.clock.now();
    let verified = match connector.verify(&delivery, now) {
        Ok(verified) => verified,
        Err(rejected) => return Answer::Rejected(rejected),
    };
    authentic();
    let Verified::Delivery(verified) = verified else { return Answer::Handshake };
    let account = verified.account().as_str();
    let secret = verified.secret_index().to_string();
    counter!(names::SECRET_USED, "account" => account.to_owned(), "secret" => secret).increment(1);
    match door.store.accept(&verified, now).await {
        Ok(accepted) => {
            if accepted == store::Accepted::New {
                door.arrived.notify_one();
            }
            Answer::Accepted(accepted)
        }
        Err(store::Error::Busy) => Answer::Busy,
        Err(error) => {
            warn!(account, %error, "a delivery could not be kept");
            Answer::Unavailable
        }
    }
}

/// The account that `/hooks/{account}` names.
fn hook(path: &str) -> Option<&str> {
    path.strip_prefix("/hooks/").filter(|name| !name.is_empty() && !name.contains('/'))
}

fn encoded(headers: &HeaderMap) -> bool {
    let plain = |value: &http::HeaderValue| value.as_bytes().trim_ascii().eq_ignore_ascii_case(b"identity");
    headers.get_all(header::CONTENT_ENCODING).iter().any(|value| !plain(value))
}

/// Counts an answer, and logs it where it is a refusal.
fn count(account: Option<&AccountId>, answer: Answer) {
    let account = account.map_or("unknown", AccountId::as_str);
    let reason = answer.outcome();
    counter!(names::WEBHOOK_REQUESTS, "account" => account.to_owned(), "outcome" => reason).increment(1);
    match answer {
        Answer::Accepted(store::Accepted::Dead) => {
            warn!(account, reason, "a delivery is authentic and cannot be read; see `deskbridge dead list`");
        }
        _ if answer.status().is_success() => {}
        _ if answer.status().is_server_error() => warn!(account, reason, "a delivery was put off"),
        _ => info!(account, reason, "a request was refused"),
    }
}
