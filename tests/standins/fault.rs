//! Puts a request log and armed faults in front of any stand-in, and serves it so that a connection can be cut.
//!
//! A handler cannot hang up by itself, yet "the change was made and the answer never came" is the one fault that
//! decides whether a bridge writes twice. So the stand-ins are served by a small accept loop that gives every
//! connection a wire cutter, and one middleware pulls it. It never touches what a stand-in keeps.

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderValue, StatusCode, header};
use hyper::body::Frame;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::Sleep;

use crate::log::{FaultKind, Logged, RequestLog};
use crate::webhook::now_ms;

/// More than any request a bridge sends; stops a runaway client from filling the test machine.
const BODY_CAP_BYTES: usize = 4 << 20;

/// Hangs up one connection.
#[derive(Clone, Debug, Default)]
struct Cutter(Arc<Notify>);

impl Cutter {
    /// Ends the connection; the caller is dropped with it.
    async fn cut(&self) -> Response {
        self.0.notify_one();
        std::future::pending().await
    }
}

/// Logs every request that reaches `router` and lets armed faults happen to it. The log's status is 0 where the
/// connection was cut, and bodies of `/oauth/` requests are not kept, because they carry secrets.
///
/// Cutting works only for routers that [`serve`] serves; elsewhere a cut is answered 502.
pub fn instrument(router: Router, log: RequestLog) -> Router {
    router.layer(from_fn_with_state(log, observe))
}

/// Serves `router` on a loopback port of the system's choice until the handle is aborted, which also closes
/// every connection.
///
/// # Errors
/// No loopback port can be bound.
pub async fn serve(router: Router) -> std::io::Result<(SocketAddr, JoinHandle<()>)> {
    let listener = TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    Ok((address, tokio::spawn(accept(listener, router))))
}

async fn accept(listener: TcpListener, router: Router) {
    // Owned by this task, so that aborting it drops every connection as well.
    let mut connections = JoinSet::new();
    loop {
        let stream = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                Err(_) => continue,
            },
            Some(_) = connections.join_next(), if !connections.is_empty() => continue,
        };
        // Small answers must not wait for the client's delayed acknowledgement.
        let _ = stream.set_nodelay(true);
        let cutter = Cutter::default();
        let service = TowerToHyperService::new(router.clone().layer(axum::Extension(cutter.clone())));
        connections.spawn(async move {
            let connection =
                hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service);
            tokio::select! {
                _ = connection => {}
                () = cutter.0.notified() => {}
            }
        });
    }
}

async fn observe(State(log): State<RequestLog>, request: Request, next: Next) -> Response {
    let method = request.method().as_str().to_owned();
    let path = request.uri().path_and_query().map_or_else(|| "/".to_owned(), ToString::to_string);
    let cutter = request.extensions().get::<Cutter>().cloned();
    let (head, body) = request.into_parts();
    let Ok(body) = to_bytes(body, BODY_CAP_BYTES).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let shown = if path.starts_with("/oauth/") {
        serde_json::Value::Null
    } else {
        serde_json::from_slice(&body).unwrap_or_default()
    };
    let note = |status: u16| {
        log.push(Logged {
            method: method.clone(),
            path: path.clone(),
            body: shown.clone(),
            status,
            at_ms: now_ms(),
        });
    };
    let work = next.run(Request::from_parts(head, Body::from(body)));

    let answer = match log.fault_for(&method, &path) {
        None => work.await,
        Some(FaultKind::Slow(pause)) => {
            let answer = work.await;
            tokio::time::sleep(pause).await;
            answer
        }
        Some(FaultKind::Drip(pause)) => {
            let (head, body) = whole(work.await).await;
            Response::from_parts(head, Body::new(Drip::new(body, pause)))
        }
        Some(FaultKind::Truncated) => {
            let (head, body) = whole(work.await).await;
            Response::from_parts(head, Body::from(body.slice(..body.len() / 2)))
        }
        Some(FaultKind::Padded(blanks)) => {
            let (head, body) = whole(work.await).await;
            Response::from_parts(head, Body::from([body, vec![b' '; blanks].into()].concat()))
        }
        Some(FaultKind::Redirect(to)) => {
            (StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, to)]).into_response()
        }
        Some(FaultKind::Strike { before, what }) => {
            if before {
                (what.0)();
                work.await
            } else {
                let answer = work.await;
                (what.0)();
                answer
            }
        }
        Some(FaultKind::Status { status, retry_after }) => refuse(status, retry_after.map(HeaderValue::from)),
        Some(FaultKind::Until { status, seconds }) => refuse(status, http_date(seconds)),
        Some(FaultKind::Html) => {
            let html = "<!doctype html><title>Just a moment</title><p>Checking your browser";
            ([(header::CONTENT_TYPE, "text/html")], html).into_response()
        }
        Some(kind @ (FaultKind::CutAfterWork | FaultKind::CutBeforeWork)) => {
            if matches!(kind, FaultKind::CutAfterWork) {
                drop(work.await);
            }
            note(0);
            return match cutter {
                Some(cutter) => cutter.cut().await,
                None => StatusCode::BAD_GATEWAY.into_response(),
            };
        }
    };
    note(answer.status().as_u16());
    answer
}

fn refuse(status: u16, retry_after: Option<HeaderValue>) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut answer =
        (status, [(header::CONTENT_TYPE, "application/json")], r#"{"error":"fault"}"#).into_response();
    if let Some(retry_after) = retry_after {
        answer.headers_mut().insert(header::RETRY_AFTER, retry_after);
    }
    answer
}

/// The second after so many from now, as HTTP writes dates.
fn http_date(seconds: u32) -> Option<HeaderValue> {
    let at = jiff::Timestamp::from_second(now_ms() / 1_000 + 1 + i64::from(seconds)).ok()?;
    let text = jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&at).ok()?;
    HeaderValue::from_str(&text).ok()
}

/// An answer with its body in hand, and without a length: what becomes of the body decides that.
async fn whole(answer: Response) -> (http::response::Parts, Bytes) {
    let (mut head, body) = answer.into_parts();
    head.headers.remove(header::CONTENT_LENGTH);
    (head, to_bytes(body, BODY_CAP_BYTES).await.unwrap_or_default())
}

/// A body that comes a byte at a time.
struct Drip {
    left: Bytes,
    pause: Duration,
    next: Pin<Box<Sleep>>,
}

impl Drip {
    fn new(left: Bytes, pause: Duration) -> Self {
        Self { left, pause, next: Box::pin(tokio::time::sleep(pause)) }
    }
}

impl hyper::body::Body for Drip {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        if self.left.is_empty() {
            return Poll::Ready(None);
        }
        std::task::ready!(self.next.as_mut().poll(context));
        let until = tokio::time::Instant::now() + self.pause;
        self.next.as_mut().reset(until);
        Poll::Ready(Some(Ok(Frame::data(self.left.split_to(1)))))
    }
}
