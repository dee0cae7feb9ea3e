//! The settings as they are used: checked, with units, defaults filled in and connectors built.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;

use deskbridge_connectors::{AccountConfig, Changing, Platform, Rotating, Ticket};

use super::heads::Heads;
use crate::diagnostics::Diagnostic;
use crate::domain::bar::Bar;
use crate::domain::mode::Mode;

/// Everything the daemon is told.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The public listener.
    pub server: Server,
    /// The listener for people and monitors.
    pub admin: Admin,
    /// Where deliveries and decisions are kept.
    pub store: StoreUrl,
    /// The model.
    pub model: Model,
    /// The rulebook's file.
    pub rulebook: PathBuf,
    /// What it takes for a label to act, and to be stopped.
    pub promotion: Promotion,
    /// Where a person's labels go.
    pub review: Review,
    /// When agents' values are final, and where they are found.
    pub settling: Settling,
    /// How platforms are looked through for tickets whose webhook never came.
    pub sweep: Sweep,
    /// How far any decision may go.
    pub mode: Mode,
    /// What is logged and how.
    pub log: Log,
    /// How work is done.
    pub worker: Worker,
    /// The accounts, in the file's order; at least one.
    pub accounts: Vec<Account>,
    /// The files that secrets were read from.
    pub secret_files: Vec<PathBuf>,
}

/// The listener that platforms post to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// Where it listens.
    pub listen: SocketAddr,
    /// Larger bodies are refused.
    pub max_body_bytes: usize,
    /// Connections held open at once.
    pub max_connections: usize,
    /// Of these, from one address that is no trusted proxy.
    pub max_connections_per_peer: usize,
    /// How long a connection takes new requests; also at the admin listener.
    pub max_connection_age: Duration,
    /// How long a connection may stay without a request in progress; also at the admin listener.
    pub header_timeout: Duration,
    /// How long a body may take to arrive; also at the admin listener.
    pub body_timeout: Duration,
    /// Bytes of bodies held in memory at once.
    pub max_buffered_bytes: usize,
    /// Of these, from one sender whose signature has not been checked yet.
    pub max_buffered_bytes_per_peer: usize,
    /// How long a stop waits for requests and work in hand.
    pub drain: Duration,
    /// Proxies whose word for a sender's address is taken.
    pub trusted_proxies: Vec<IpNet>,
    /// What it speaks TLS with; plain HTTP where there is none.
    pub tls: Option<TlsFiles>,
}

/// A certificate with its chain, and its key, both as PEM files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate, then those that vouch for it.
    pub certificate: PathBuf,
    /// The private key.
    pub key: PathBuf,
}

/// The listener for health, metrics and the dashboard.
#[derive(Clone, Debug)]
pub struct Admin {
    /// Where it listens; loopback unless there is a token.
    pub listen: SocketAddr,
    /// The bearer token its visitors need.
    pub token: Option<Changing>,
    /// Connections held open at once.
    pub max_connections: usize,
    /// Wrong tokens that an address may present within a minute.
    pub max_wrong_tokens: usize,
    /// What it speaks TLS with; plain HTTP where there is none.
    pub tls: Option<TlsFiles>,
}

/// Where the store is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreUrl {
    /// An embedded database in one file.
    Sqlite(PathBuf),
}

/// The model and how it runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Model {
    /// The bundle's folder.
    pub bundle: PathBuf,
    /// A second bundle's folder: it is asked about every ticket too, decides nothing, and stands beside the first in the report.
    pub challenger: Option<PathBuf>,
    /// The runtime library's file; found by the model's own rules when absent.
    pub runtime: Option<PathBuf>,
    /// Threads for one inference.
    pub threads: usize,
}

/// When agents' values are final, and where they are found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settling {
    /// A ticket that nobody touched for so long has settled, as a solved one has.
    pub after: Duration,
    /// How often tickets that may have settled are looked for.
    pub every: Duration,
    /// Where each head is found, as written: fields by the rulebook's word or the platform's name.
    pub heads: Heads,
}

/// What it takes for a label to act, and to be stopped.
#[derive(Clone, Debug, PartialEq)]
pub struct Promotion {
    /// The file that names the promoted labels.
    pub file: PathBuf,
    /// Whether labels stay in shadow also while there is no such file.
    pub required: bool,
    /// Tickets that a label must have been held against before it may be promoted.
    pub min_tickets: u64,
    /// The precision that the lower end of its interval must reach.
    pub target: f64,
    /// The share of a live label's writes that people may override before it falls.
    pub max_override: f64,
}

impl Promotion {
    /// What a label has to reach.
    pub fn bar(&self) -> Bar {
        Bar { min_tickets: usize::try_from(self.min_tickets).unwrap_or(usize::MAX), target: self.target }
    }
}

/// What is logged and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    /// For people or for machines.
    pub format: LogFormat,
    /// A level, or directives such as `info,deskbridge::worker=debug`.
    pub level: String,
}

/// How a log line looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// One readable line.
    Text,
    /// One JSON object.
    Json,
}

/// How work is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Worker {
    /// How many work at once.
    pub count: usize,
    /// How long a claim is held without being renewed.
    pub lease: Duration,
    /// Counted attempts before a delivery is set aside.
    pub max_attempts: u32,
    /// Age at which a delivery is set aside, whatever its attempts.
    pub max_age: Duration,
    /// How long one call to a platform may take.
    pub call_timeout: Duration,
}

/// How platforms are looked through for tickets whose webhook never came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sweep {
    /// Whether they are.
    pub enabled: bool,
    /// How often.
    pub every: Duration,
    /// The delay that a webhook may have before its ticket is searched for.
    pub lag: Duration,
}

/// The review queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Review {
    /// The tickets file that reviewed tickets are written to.
    pub tickets: PathBuf,
}

/// One account, ready to use.
#[derive(Clone, Debug)]
pub struct Account {
    /// Its platform.
    pub platform: Platform,
    /// What its connector was built from.
    pub config: AccountConfig,
    /// Its connector.
    pub connector: Arc<Rotating>,
    /// How far decisions on it may go, before the daemon's own mode is applied.
    pub mode: Mode,
    /// How its customers are told apart.
    pub segment: Option<Segment>,
    /// The text field that agents are told suggestions in; a private note where there is none.
    pub suggestion_field: Option<String>,
    /// The number of public answers of one template that a requester gets within a day; unlimited
    /// if `None`.
    pub reply_limit: Option<u32>,
    /// The networks that its webhooks may come from; from anywhere where there is none.
    pub allow_from: Vec<IpNet>,
    /// The share of the platform's calls that is left to the people who work there, over 0 and under 1.
    pub agents_share: f64,
}

/// What could be read of settings that cannot be used, or of settings that can: enough to look at the files and
/// addresses they name, so that one mistake in the settings does not hide the mistakes elsewhere.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Draft {
    /// The bundle's folder.
    pub bundle: Option<PathBuf>,
    /// The runtime library's file, where one is named.
    pub runtime: Option<PathBuf>,
    /// The rulebook's file.
    pub rulebook: Option<PathBuf>,
    /// The platforms that accounts name, whether or not the account can be opened.
    pub platforms: Vec<Platform>,
    /// Where the public listener shall be.
    pub hooks: Option<SocketAddr>,
    /// Where the admin listener shall be.
    pub admin: Option<SocketAddr>,
}

/// Settings that cannot be used.
#[derive(Clone, Debug)]
pub struct Unusable {
    /// Every problem there is; warnings among them, so that one print shows all.
    pub problems: Vec<Diagnostic>,
    /// What could be read all the same.
    pub draft: Draft,
}

impl Settings {
    /// The files, platforms and addresses that they name.
    pub fn draft(&self) -> Draft {
        Draft {
            bundle: Some(self.model.bundle.clone()),
            runtime: self.model.runtime.clone(),
            rulebook: Some(self.rulebook.clone()),
            platforms: self.accounts.iter().map(|account| account.platform).collect(),
            hooks: Some(self.server.listen),
            admin: Some(self.admin.listen),
        }
    }
}

impl Account {
    /// The account's name.
    pub fn name(&self) -> &str {
        self.config.id.as_str()
    }
}

/// How an account's customers are told apart: a field's value, in our words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// The dotted field on the platform (`organization.plan`).
    pub field: String,
    /// The platform's value to our word.
    pub map: BTreeMap<String, String>,
    /// Our word where the field is empty or holds something else.
    pub default: String,
}

impl Segment {
    /// The segment of a ticket's customer, in our words. The platform's value is matched upper and lower case alike.
    pub fn of(&self, ticket: &Ticket) -> &str {
        let value = ticket.profile.get(&self.field).map(ToString::to_string);
        value
            .and_then(|value| self.map.iter().find(|(known, _)| known.eq_ignore_ascii_case(&value)))
            .map_or(self.default.as_str(), |(_, word)| word.as_str())
    }
}
