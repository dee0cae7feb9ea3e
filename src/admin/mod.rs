//! The operator's door: health, metrics, ledger and report as JSON, and the dashboard.
//!
//! It has a listener of its own, so that the public door serves webhooks and nothing else. Nothing here changes a ticket, a
//! setting or a delivery; the one thing that can be sent to it is a person's labels, which go to a file. The ledger holds no
//! ticket text: only the review page shows one, read from its platform at that moment.

mod access;
mod address;
mod board;
mod decisions;
mod health;
mod metrics;
mod pages;
mod reviewing;
mod stream;

use std::net::IpAddr;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use deskbridge_connectors::Changing;
use hyper::body::Incoming;
use hyper::service::Service;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use access::Access;
pub use board::Board;
pub use health::Readiness;
pub use reviewing::Reviewing;

use self::access::Guard;
use crate::clock::Clock;
use crate::evidence::report::render::html;
use crate::ingress::listener::{self, Visitor};
use crate::store::Store;
use crate::telemetry::PrometheusHandle;

/// What a page may do, and that nobody frames it. The digests in it are of letters that a header may hold.
static POLICY: LazyLock<HeaderValue> = LazyLock::new(|| {
    let policy = format!("{}; frame-ancestors 'none'", html::POLICY.as_str());
    HeaderValue::try_from(policy).unwrap_or(HeaderValue::from_static("default-src 'none'"))
});

/// What the operator's door shows.
#[derive(Clone)]
pub struct Admin {
    /// Inbox and ledger.
    pub store: Arc<dyn Store>,
    /// The recorded metrics.
    pub metrics: PrometheusHandle,
    /// Whether the daemon can do its work.
    pub readiness: Arc<Readiness>,
    /// For the age of what waits.
    pub clock: Arc<dyn Clock>,
    /// Asked for everywhere but at `/livez` and `/readyz`; nothing is asked for when `None`, which the settings
    /// allow on loopback only.
    pub token: Option<Changing>,
    /// What the dashboard knows besides the store.
    pub board: Arc<Board>,
    /// How it is reached, and how often.
    pub access: Access,
}

impl std::fmt::Debug for Admin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Admin")
            .field("readiness", &self.readiness)
            .field("token", &self.token)
            .finish_non_exhaustive()
    }
}

/// Serves on `listener` until `shutdown`, then gives answers in progress three seconds and returns.
pub async fn serve(listener: TcpListener, admin: Admin, shutdown: CancellationToken) {
    let (bounds, certificate) = (admin.access.bounds(), admin.access.certificate.clone());
    let behind = admin.clone();
    let pages = Pages(TowerToHyperService::new(routes(admin)));
    let served = listener::serve(listener, bounds, certificate, pages, TaskTracker::new(), shutdown);
    let made = behind.board.keep_fresh(&behind);
    let counted = behind.board.count_inbox(&behind);
    tokio::select! {
        () = served => {}
        () = made => {}
        () = counted => {}
    }
}

/// The routes as the listener asks them.
struct Pages(TowerToHyperService<Router>);

impl listener::Handler for Pages {
    type Body = Body;

    async fn handle(&self, mut request: http::Request<Incoming>, visitor: &Visitor) -> Response {
        request.extensions_mut().insert(visitor.clone());
        // HTTP/2 names the host in the address alone, and where both name it the address counts (RFC 9112, 3.2.2).
        let named = request.uri().authority().map(|named| HeaderValue::from_str(named.as_str()));
        if let Some(Ok(host)) = named {
            request.headers_mut().insert(header::HOST, host);
        }
        let Ok(answer) = self.0.call(request.map(Body::new)).await;
        answer
    }
}

fn routes(admin: Admin) -> Router {
    let turns = Arc::new(Semaphore::new(access::MOST_REQUESTS));
    let guarded = Router::new()
        .route("/metrics", get(metrics::show))
        .route("/api/decisions", get(decisions::list))
        .merge(pages::routes())
        .layer(from_fn_with_state(turns, access::take_turns));
    let guarded = match &admin.token {
        Some(token) => {
            let guard = Guard::new(token.clone(), &admin.access);
            guarded.layer(from_fn_with_state(Arc::new(guard), access::ask_for_token))
        }
        None => guarded,
    };
    let guarded = guarded.layer(from_fn_with_state(admin.clone(), expect_our_name));
    Router::new()
        .route("/livez", get(health::live))
        .route("/readyz", get(health::ready))
        .merge(guarded)
        .layer(from_fn_with_state(admin.access.body_timeout, access::read_body))
        .layer(from_fn(harden))
        .with_state(admin)
}

/// Without a token only this machine may ask, and a page elsewhere must not ask in its visitor's name: a name of its own that is
/// made to point at this machine (DNS rebinding) comes as `Host`, so that only this machine's own names are answered.
async fn expect_our_name(State(admin): State<Admin>, request: Request, next: Next) -> Response {
    if admin.token.is_some() || is_ours(request.headers()) {
        return next.run(request).await;
    }
    let told =
        "This is answered at localhost and 127.0.0.1 only. To use another name, set admin.token_file.\n";
    (StatusCode::MISDIRECTED_REQUEST, told).into_response()
}

/// Whether the request names this machine by a name that can be no other's.
fn is_ours(headers: &HeaderMap) -> bool {
    let mut values = headers.get_all(header::HOST).iter();
    let (Some(host), None) = (values.next(), values.next()) else { return false };
    let Ok(host) = host.to_str() else { return false };
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or(rest),
        None => host.rsplit_once(':').map_or(host, |(name, _)| name),
    };
    name.eq_ignore_ascii_case("localhost") || name.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// Nothing here may be cached, sniffed, framed, or made to load anything; of scripts and styles only our own may run.
async fn harden(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "same-origin"),
        (HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), microphone=()"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.insert(header::CONTENT_SECURITY_POLICY, POLICY.clone());
    response
}

/// Waits for the store, but not for ever: the operator's door answers also when the store does not.
async fn promptly<T>(
    answer: impl Future<Output = Result<T, crate::store::Error>>,
) -> Result<T, crate::store::Error> {
    timeout(Duration::from_secs(2), answer)
        .await
        .unwrap_or_else(|late| Err(crate::store::Error::Unavailable(Box::new(late))))
}
