//! The settings as they are used: checked, with units, defaults filled in and connectors built.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use deskbridge_connectors::{AccountConfig, Connector, Platform, Secret, Ticket};

use crate::mode::Mode;

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
    /// How far any decision may go.
    pub mode: Mode,
    /// What is logged and how.
    pub log: Log,
    /// How work is done.
    pub worker: Worker,
    /// The accounts, in the file's order; at least one.
    pub accounts: Vec<Account>,
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
    /// How long a stop waits for requests and work in hand.
    pub drain: Duration,
}

/// The listener for health, metrics and the dashboard.
#[derive(Clone, Debug)]
pub struct Admin {
    /// Where it listens; loopback unless there is a token.
    pub listen: SocketAddr,
    /// The bearer token its visitors need.
    pub token: Option<Secret>,
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
    /// The runtime library's file; found by the model's own rules when absent.
    pub runtime: Option<PathBuf>,
    /// Threads for one inference.
    pub threads: usize,
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

/// One account, ready to use.
#[derive(Clone, Debug)]
pub struct Account {
    /// Its platform.
    pub platform: Platform,
    /// What its connector was built from.
    pub config: AccountConfig,
    /// Its connector.
    pub connector: Arc<dyn Connector>,
    /// How far decisions on it may go, before the daemon's own mode is applied.
    pub mode: Mode,
    /// How its customers are told apart.
    pub segment: Option<Segment>,
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
