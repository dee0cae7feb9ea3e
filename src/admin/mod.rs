//! The operator's door: health, metrics, ledger and report as JSON, and the dashboard.
//!
//! It has a listener of its own, so that the public door serves webhooks and nothing else. Nothing here changes a ticket, a
//! setting or a delivery; the one thing that can be sent to it is a person's labels, which go to a file. The ledger holds no
//! ticket text: only the review page shows one, read from its platform at that moment.

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
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use deskbridge_connectors::{Changing, Secret};
use tokio::net::TcpListener;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tracing::warn;

pub use board::Board;
pub use health::Readiness;
pub use reviewing::Reviewing;

use crate::clock::Clock;
use crate::evidence::report::render::html;
use crate::store::Store;
use crate::telemetry::PrometheusHandle;

/// What a page may do, and that nobody frames it. The digests in it are of letters that a header may hold.
static POLICY: LazyLock<HeaderValue> = LazyLock::new(|| {
    let policy = format!("{}; frame-ancestors 'none'", html::POLICY.as_str());
    HeaderValue::try_from(policy).unwrap_or(HeaderValue::from_static("default-src 'none'"))
});

/// How long answers in progress may take after a shutdown was asked for.
const DRAIN: Duration = Duration::from_secs(3);

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
    let behind = admin.clone();
    let drained = shutdown.clone().cancelled_owned();
    let server = axum::serve(listener, routes(admin)).with_graceful_shutdown(drained);
    let served = async {
        if let Err(error) = server.await {
            warn!(%error, "the operator's door stopped");
        }
    };
    let overdue = async {
        shutdown.cancelled().await;
        tokio::time::sleep(DRAIN).await;
    };
    let made = behind.board.keep_fresh(&behind);
    let counted = behind.board.count_inbox(&behind);
    tokio::select! {
        () = served => {}
        () = overdue => {}
        () = made => {}
        () = counted => {}
    }
}

fn routes(admin: Admin) -> Router {
    let guarded = Router::new()
        .route("/metrics", get(metrics::show))
        .route("/api/decisions", get(decisions::list))
        .merge(pages::routes())
        .layer(from_fn_with_state(admin.clone(), ask_for_token))
        .layer(from_fn_with_state(admin.clone(), expect_our_name));
    Router::new()
        .route("/livez", get(health::live))
        .route("/readyz", get(health::ready))
        .merge(guarded)
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

async fn ask_for_token(State(admin): State<Admin>, request: Request, next: Next) -> Response {
    let allowed = admin.token.as_ref().is_none_or(|token| presents(request.headers(), &token.newest()));
    if allowed {
        return next.run(request).await;
    }
    // Basic comes along for browsers, which cannot be told a bearer token.
    let challenge = r#"Basic realm="deskbridge", charset="UTF-8", Bearer realm="deskbridge""#;
    (StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, challenge)]).into_response()
}

/// Whether the request presents the token: as a bearer token, or as the password of basic authentication.
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
