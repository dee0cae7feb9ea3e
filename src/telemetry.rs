//! Logs and metrics: how they are set up, and the name of every metric.
//!
//! Names are constants, so that a metric cannot be counted under one name and described under
//! another. Labels are accounts, outcomes and codes: never a ticket, never text, never a secret.

use std::io::{self, IsTerminal, Write};
use std::time::Duration;

pub use crate::settings::LogFormat;
use deskbridge_connectors::printable::printable;
use metrics::{Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder};
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

use crate::domain::outcome::Outcome;

pub use metrics_exporter_prometheus::PrometheusHandle;

/// The name of every metric.
pub mod names {
    /// Requests at the webhook door; labels `account` (`unknown` where none is configured) and
    /// `outcome`.
    pub const WEBHOOK_REQUESTS: &str = "deskbridge_webhook_requests_total";
    /// Seconds from a delivery's head to its answer.
    pub const ACK_SECONDS: &str = "deskbridge_ack_seconds";
    /// Deliveries waiting or being worked on.
    pub const INBOX_DEPTH: &str = "deskbridge_inbox_depth";
    /// Age of the oldest waiting delivery, in seconds.
    pub const OLDEST_PENDING_SECONDS: &str = "deskbridge_oldest_pending_seconds";
    /// Seconds the model took for one ticket.
    pub const INFERENCE_SECONDS: &str = "deskbridge_inference_seconds";
    /// Decisions; labels `account` and `outcome`.
    pub const DECISIONS: &str = "deskbridge_decisions_total";
    /// Effects; labels `account`, `kind` and `state`.
    pub const EFFECTS: &str = "deskbridge_effects_total";
    /// Calls to the platforms; labels `account` and `code`.
    pub const API_REQUESTS: &str = "deskbridge_api_requests_total";
    /// Tickets that the sweep found, whose webhook never came.
    pub const SWEPT: &str = "deskbridge_swept_total";
    /// 1 if the last search of a platform failed, else 0; label `account`.
    pub const SWEEP_FAILED: &str = "deskbridge_sweep_failed";
    /// The time when a platform was last searched completely, in seconds since the Unix epoch.
    pub const LAST_SWEEP: &str = "deskbridge_last_sweep_timestamp_seconds";
    /// 1 if an account's circuit breaker is open, else 0.
    pub const CIRCUIT_OPEN: &str = "deskbridge_circuit_open";
    /// Calls the platform still allows in its window; label `account`.
    pub const API_BUDGET_REMAINING: &str = "deskbridge_api_budget_remaining";
    /// Connections closed because there were too many; labels `listener` (its section of the
    /// settings) and `reason`: `displaced` by a newcomer, or a newcomer with `no_place`.
    pub const CONNECTIONS_CLOSED: &str = "deskbridge_connections_closed_total";
    /// Requests at the admin listener with a wrong token.
    pub const WRONG_TOKENS: &str = "deskbridge_admin_wrong_tokens_total";
    /// The time when the admin listener's own certificate expires, in seconds since the Unix epoch.
    pub const ADMIN_CERTIFICATE_EXPIRY: &str = "deskbridge_admin_certificate_expiry_timestamp_seconds";
    /// The time when the public listener's own certificate expires, in seconds since the Unix
    /// epoch.
    pub const CERTIFICATE_EXPIRY: &str = "deskbridge_certificate_expiry_timestamp_seconds";
    /// Deliveries set aside for a person.
    pub const DEAD_LETTERS: &str = "deskbridge_dead_letters";
    /// Share of predictions that the agents kept; labels `head` and `label`.
    pub const AGREEMENT_RATIO: &str = "deskbridge_agreement_ratio";
    /// Age of the figures of agreement and drift, in seconds; absent until there are any.
    pub const FIGURES_AGE_SECONDS: &str = "deskbridge_figures_age_seconds";
    /// 0 as it was, 1 shifting, 2 shifted; labels `head` (empty for the tickets' own) and
    /// `measure`.
    pub const DRIFT_LEVEL: &str = "deskbridge_drift_level";
    /// Deliveries verified by each configured secret; labels `account` and `secret` (its place in
    /// the list, from 0).
    pub const SECRET_USED: &str = "deskbridge_secret_used_total";
    /// Always 1; label `version`.
    pub const BUILD_INFO: &str = "deskbridge_build_info";
}

/// The reason why logs or metrics could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The filter cannot be read.
    #[error("the log filter cannot be read; write for example `info,deskbridge=debug`")]
    Filter(#[from] tracing_subscriber::filter::ParseError),
    /// Logs were set up before.
    #[error("logs are set up already")]
    LogsTwice(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The recorder was refused.
    #[error("metrics cannot be set up")]
    Metrics(#[from] metrics_exporter_prometheus::BuildError),
}

/// Our own crates, which a level by itself is about.
const OURS: [&str; 4] = ["deskbridge", "deskbridge_connectors", "deskbridge_onnx", "deskbridge_standins"];

/// Returns the filter that is meant by `filter`: a level by itself is for the project's own crates,
/// and others may only warn. Other crates can be named as usual. No crate that reads what customers
/// wrote keeps a log of its own.
fn meant(filter: &str) -> String {
    let parts = filter.split(',').map(str::trim).map(|part| match part.parse::<LevelFilter>() {
        Ok(level) => {
            let ours = OURS.map(|name| format!("{name}={level}")).join(",");
            format!("{},{ours}", level.min(LevelFilter::WARN))
        }
        Err(_) => part.to_owned(),
    });
    parts.filter(|part| !part.is_empty()).collect::<Vec<_>>().join(",")
}

/// Writes logs to standard error from now on. `filter` is in the usual form:
/// `info,deskbridge=debug`; see [`meant`].
///
/// # Errors
/// [`Error::Filter`] or [`Error::LogsTwice`].
pub fn init_logs(format: LogFormat, filter: &str) -> Result<(), Error> {
    let filter = EnvFilter::try_new(meant(filter))?;
    // Colours are for people: in a file or a journal their codes stand between a key and its value.
    let colours = std::io::stderr().is_terminal();
    // The text format escapes values by itself; the JSON format leaves what JSON allows. Its own
    // colours must stay.
    let as_is = colours && format == LogFormat::Text;
    let logs = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(colours)
        .with_writer(move || Escaping { as_is, into: std::io::stderr() });
    match format {
        LogFormat::Text => logs.try_init(),
        LogFormat::Json => logs.json().flatten_event(true).with_current_span(false).try_init(),
    }
    .map_err(Error::LogsTwice)
}

/// Writes whole log lines, with everything escaped that a terminal would obey.
struct Escaping<W> {
    as_is: bool,
    into: W,
}

impl<W: Write> Write for Escaping<W> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if self.as_is {
            return self.into.write(line);
        }
        self.into.write_all(printable(&String::from_utf8_lossy(line)).as_bytes()).map(|()| line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.into.flush()
    }
}

/// Upper bounds, in seconds, for every `*_seconds` histogram: a stored delivery takes well under a
/// millisecond on a good disk, and after ten seconds every platform has given up.
const SECONDS: [f64; 16] =
    [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// Installs the process's metrics recorder and describes every metric. Once a process.
///
/// # Errors
/// [`Error::Metrics`] when one is installed already.
pub fn init_metrics() -> Result<PrometheusHandle, Error> {
    let handle = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS)?
        .install_recorder()?;
    describe();
    gauge!(names::BUILD_INFO, "version" => env!("CARGO_PKG_VERSION")).set(1.0);
    Ok(handle)
}

/// Folds recorded samples into their buckets every few seconds, so that memory stays bounded when
/// nobody asks for `/metrics`. Ends with `shutdown`.
pub async fn upkeep(handle: PrometheusHandle, shutdown: CancellationToken) {
    let mut every = tokio::time::interval(Duration::from_secs(5));
    while shutdown.run_until_cancelled(every.tick()).await.is_some() {
        handle.run_upkeep();
    }
}

/// Makes an account's counters exist before anything happened: a rate over a counter that begins at
/// 1 misses that one, and an alert on nothing can only be written for a series that is there.
pub fn begin_at_zero(account: &str) {
    for (name, outcome) in [
        (names::WEBHOOK_REQUESTS, "stored"),
        (names::WEBHOOK_REQUESTS, "bad_signature"),
        (names::DECISIONS, Outcome::Applied.as_str()),
        (names::DECISIONS, Outcome::Shadowed.as_str()),
        (names::DECISIONS, Outcome::NoRule.as_str()),
    ] {
        counter!(name, "account" => account.to_owned(), "outcome" => outcome).increment(0);
    }
    gauge!(names::CIRCUIT_OPEN, "account" => account.to_owned()).set(0.0);
    counter!(names::SWEPT, "account" => account.to_owned()).increment(0);
}

fn describe() {
    describe_counter!(names::WEBHOOK_REQUESTS, "Requests at the webhook door, by account and outcome");
    describe_histogram!(names::ACK_SECONDS, Unit::Seconds, "Time from a delivery's head to its answer");
    describe_gauge!(names::INBOX_DEPTH, "Deliveries waiting or being worked on");
    describe_gauge!(names::OLDEST_PENDING_SECONDS, Unit::Seconds, "Age of the oldest waiting delivery");
    describe_histogram!(names::INFERENCE_SECONDS, Unit::Seconds, "Time the model took for one ticket");
    describe_counter!(names::DECISIONS, "Decisions, by account and outcome");
    describe_counter!(names::EFFECTS, "Effects, by account, kind and state");
    describe_counter!(names::API_REQUESTS, "Calls to the platforms, by account and status code");
    describe_gauge!(names::API_BUDGET_REMAINING, "Calls the platform still allows in its window, by account");
    describe_gauge!(
        names::CIRCUIT_OPEN,
        "1 while an account's work waits because its platform gives no usable answers"
    );
    describe_counter!(names::SWEPT, "Tickets found by looking, whose webhook never came, by account");
    describe_gauge!(
        names::SWEEP_FAILED,
        "1 while tickets whose webhook never came cannot be looked for, by account"
    );
    describe_gauge!(
        names::LAST_SWEEP,
        Unit::Seconds,
        "When a platform was last looked through to its end, by account"
    );
    describe_gauge!(
        names::CERTIFICATE_EXPIRY,
        Unit::Seconds,
        "When the public listener's certificate ceases to hold"
    );
    describe_gauge!(
        names::ADMIN_CERTIFICATE_EXPIRY,
        Unit::Seconds,
        "When the admin listener's certificate ceases to hold"
    );
    describe_counter!(
        names::CONNECTIONS_CLOSED,
        "Connections closed because there were too many, by listener and reason"
    );
    describe_counter!(names::WRONG_TOKENS, "Requests at the admin listener with a wrong token");
    describe_gauge!(names::DEAD_LETTERS, "Deliveries set aside for a person");
    describe_gauge!(names::AGREEMENT_RATIO, "Share of predictions that the agents kept, by head and label");
    describe_gauge!(
        names::FIGURES_AGE_SECONDS,
        Unit::Seconds,
        "Age of the figures of agreement and drift; they are made in the background"
    );
    describe_gauge!(names::DRIFT_LEVEL, "0 as it was, 1 shifting, 2 shifted, by head and measure");
    describe_counter!(names::SECRET_USED, "Deliveries verified by each configured secret, counted from 0");
    describe_gauge!(names::BUILD_INFO, "The running version; always 1");
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::{Escaping, meant};

    #[test]
    fn a_log_line_steers_no_terminal() {
        let line = "{\"why\":\"\u{9b}31m \u{202e}x\u{7f}\"}\n";
        let mut log = Escaping { as_is: false, into: Vec::new() };
        log.write_all(line.as_bytes()).unwrap();
        let written = String::from_utf8(log.into).unwrap();
        assert_eq!(written, "{\"why\":\"\\u009b31m \\u202ex\\u007f\"}\n");
    }

    #[test]
    fn a_level_is_about_our_own_crates() {
        let all = meant("debug");
        assert!(all.starts_with("warn,deskbridge=debug,deskbridge_connectors=debug"), "{all}");
        assert!(meant("error").starts_with("error,deskbridge=error"), "{}", meant("error"));
        for asked in ["trace", "info,deskbridge=debug", "html5ever=trace", " info , hyper=debug ", ""] {
            let meant = meant(asked);
            tracing_subscriber::EnvFilter::try_new(&meant).unwrap();
        }
        assert!(meant("info,hyper=debug").contains(",hyper=debug"));
    }
}
