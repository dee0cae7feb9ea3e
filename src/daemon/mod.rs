//! The daemon put together: door, workers and admin listener around one store and one brain.
//!
//! Everything is handed in (sockets, store, clock), so that `serve`, `demo`, the tests and the
//! benchmarks start the very same thing.

pub mod descriptors;
pub mod shutdown;
pub mod sources;
pub mod watch;

mod listeners;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use prometheus::PrometheusHandle;
use tokio::net::TcpListener;
use tokio::sync::{Notify, watch as latest};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use metrics_exporter_prometheus as prometheus;

use crate::admin::{self, Admin, Board, Readiness, Reviewing};
use crate::clock::Clock;
use crate::domain::label_modes::Demotion;
use crate::evidence::gather::trained_on;
use crate::evidence::promotion::{Fall, Warden};
use crate::evidence::settling::{self, Readings, Settling};
use crate::inference::brain::Brain;
use crate::ingress::{self, Certificate};
use crate::platform::account::Account;
use crate::platform::{Calls, Line, retry::Patience};
use crate::settings::Settings;
use crate::store::Store;
use crate::telemetry;
use crate::worker::sweep::{self, Sweep};
use crate::worker::{Crew, Urgency};

/// The parts that the daemon is built from.
pub struct Foundations {
    /// The store of deliveries and decisions.
    pub store: Arc<dyn Store>,
    /// The model and the rulebook that decide.
    pub brain: Arc<Brain>,
    /// The labels that fell back to shadow, as the store has them.
    pub fallen: Vec<Demotion>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The recorder that collects metrics.
    pub metrics: PrometheusHandle,
    /// The public listener, bound.
    pub hooks: TcpListener,
    /// The TLS certificate of the public listener; `None` without TLS.
    pub certificate: Option<Arc<Certificate>>,
    /// The admin listener, bound.
    pub admin: TcpListener,
    /// The TLS certificate of the admin listener; `None` without TLS.
    pub admin_certificate: Option<Arc<Certificate>>,
}

/// A running daemon.
pub struct Daemon {
    tracker: TaskTracker,
    shutdown: CancellationToken,
    brain: latest::Sender<Arc<Brain>>,
    warden: Arc<Warden>,
    drain: Duration,
}

impl Daemon {
    /// Starts everything. It ends when `shutdown` is cancelled.
    ///
    /// # Errors
    /// When an account's TLS client cannot be built.
    pub fn start(
        settings: &Settings,
        on: Foundations,
        shutdown: CancellationToken,
    ) -> Result<Self, reqwest::Error> {
        let tracker = TaskTracker::new();
        let arrived = Arc::new(Notify::new());
        let warden = Arc::new(Warden::new(on.brain.promotions.clone(), on.fallen));
        let (brain, brain_seen) = latest::channel(on.brain);
        let accounts = open_accounts(settings)?;
        accounts.keys().for_each(|account| telemetry::begin_at_zero(account));
        let shares = descriptors::divide(settings);
        let door = listeners::door(
            settings,
            &shares,
            Arc::clone(&on.store),
            Arc::clone(&on.clock),
            Arc::clone(&arrived),
            on.certificate,
        );
        tracker.spawn(ingress::serve(on.hooks, Arc::new(door), shutdown.clone()));
        tracker.spawn(telemetry::upkeep(on.metrics.clone(), shutdown.clone()));
        let sources = sources::sources(settings, &brain_seen.borrow());
        let readings = Readings { store: Arc::clone(&on.store), sources: sources.clone() };
        let reviewing = Reviewing::new(accounts.clone(), brain_seen.clone(), &settings.review.tickets);
        let admin = Admin {
            store: Arc::clone(&on.store),
            metrics: on.metrics,
            readiness: Arc::new(Readiness::default()),
            clock: Arc::clone(&on.clock),
            token: settings.admin.token.clone(),
            board: Arc::new(board(settings, readings).guarded_by(Arc::clone(&warden)).with_review(reviewing)),
            access: listeners::access(settings, &shares, on.admin_certificate),
        };
        tracker.spawn(admin::serve(on.admin, admin, shutdown.clone()));
        accounts.values().for_each(|account| greet(&tracker, Arc::clone(account), shutdown.clone()));
        let settling = Settling {
            store: Arc::clone(&on.store),
            accounts: accounts.clone(),
            clock: Arc::clone(&on.clock),
            after: settings.settling.after,
            every: settings.settling.every,
            sources,
            warden: Arc::clone(&warden),
            fall: Fall { max_override: settings.promotion.max_override, ..Fall::default() },
        };
        tracker.spawn(settling::run(settling, shutdown.clone()));
        // Each account by itself: one whose platform hangs keeps no other from being looked
        // through.
        for (name, account) in accounts.iter().filter(|_| settings.sweep.enabled) {
            let sweep = Sweep {
                store: Arc::clone(&on.store),
                accounts: HashMap::from([(name.clone(), Arc::clone(account))]),
                clock: Arc::clone(&on.clock),
                arrived: Arc::clone(&arrived),
                every: settings.sweep.every,
                lag: settings.sweep.lag,
            };
            tracker.spawn(sweep::run(sweep, shutdown.clone()));
        }
        let crew = Crew {
            store: on.store,
            accounts,
            brain: brain_seen,
            gate: warden.gate(),
            clock: on.clock,
            arrived,
            lease: settings.worker.lease,
            patience: Patience {
                max_attempts: settings.worker.max_attempts,
                max_age: settings.worker.max_age,
            },
            urgency: Urgency::default(),
            heard: Arc::default(),
        };
        Arc::new(crew).start(settings.worker.count, &tracker, &shutdown);
        tracker.close();
        Ok(Self { tracker, shutdown, brain, warden, drain: settings.server.drain })
    }

    /// Returns the model and the rulebook that decide at present.
    pub fn brain(&self) -> Arc<Brain> {
        Arc::clone(&self.brain.borrow())
    }

    /// Decides with this from now on; work in hand is finished with what it began with.
    pub fn decide_with(&self, brain: Brain) {
        self.warden.promote(brain.promotions.clone());
        self.brain.send_replace(Arc::new(brain));
    }

    /// Waits until the daemon was told to stop and has drained. False when work in hand had to be
    /// left; its leases bring it back at the next start.
    pub async fn finished(self) -> bool {
        self.shutdown.cancelled().await;
        tokio::time::timeout(self.drain, self.tracker.wait()).await.is_ok()
    }
}

/// The lines to all accounts.
///
/// # Errors
/// When an account's TLS client cannot be built.
pub fn open_accounts(settings: &Settings) -> Result<HashMap<String, Arc<Account>>, reqwest::Error> {
    settings
        .accounts
        .iter()
        .map(|account| {
            let name = account.config.id.to_string();
            let connector = Arc::clone(&account.connector);
            let line = Line::open(&name, &account.config.base_url, connector, settings.worker.call_timeout)?
                .leaving_to_agents(account.agents_share);
            let ceiling = settings.mode.min(account.mode);
            let account = Account::new(line, account.platform, ceiling)
                .with_customers(account.segment.clone(), account.config.allow_public_replies)
                .answering_at_most(account.reply_limit)
                .suggesting_in(account.suggestion_field.clone());
            Ok((name, Arc::new(account)))
        })
        .collect()
}

/// Returns the facts that the dashboard shows besides the store's contents.
fn board(settings: &Settings, readings: Readings) -> Board {
    let accounts = settings.accounts.iter();
    let accounts = accounts.map(|account| (account.name().to_owned(), settings.mode.min(account.mode)));
    let training = trained_on(&settings.model.bundle);
    Board::new(accounts.collect(), Arc::new(readings), training, settings.promotion.bar())
}

/// Reads an account's names at start-up, so that the first ticket does not wait for them. A
/// platform that is down now keeps nothing from starting, and one that does not answer keeps
/// nothing from stopping.
fn greet(tracker: &TaskTracker, account: Arc<Account>, shutdown: CancellationToken) {
    tracker.spawn(async move {
        let name = account.line.account();
        let mut calls = Calls::new();
        let Some(names) = shutdown.run_until_cancelled(account.names(&mut calls)).await else { return };
        if let Ok(names) = &names {
            for record in &names.left_out {
                tracing::warn!(
                    account = name,
                    record,
                    "a record of the account cannot be read and is left out"
                );
            }
        }
        match names {
            Ok(names) => tracing::info!(
                account = name,
                platform = account.platform.as_str(),
                mode = account.ceiling.as_str(),
                groups = names.groups.len(),
                agents = names.agents.len(),
                fields = names.fields.len(),
                "account ready"
            ),
            Err(_) => tracing::warn!(account = name, "the account's names cannot be read yet"),
        }
    });
}
