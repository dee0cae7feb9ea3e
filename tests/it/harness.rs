//! The whole daemon in process, against stand-in helpdesks over real sockets.
//!
//! A test opens tickets as a customer, waits until the inbox is empty, and looks at the desk as an agent would. On the way
//! out the house checks what must hold after every journey: nothing pending, no panic.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use deskbridge::clock::{Clock, SystemClock};
use deskbridge::daemon::sources::sources;
use deskbridge::daemon::{Daemon, Foundations, open_accounts};
use deskbridge::domain::outcome::Entry;
use deskbridge::evidence::promotion::{Fall, Warden};
use deskbridge::evidence::settling::Settling;
use deskbridge::inference::brain::{self, Brain, Surroundings};
use deskbridge::settings::Settings;
use deskbridge::store::sqlite::Sqlite;
use deskbridge::store::{Filter, Store};
use deskbridge::worker::sweep::Sweep;
use deskbridge_standins::{Desk, NewTicket, start_all};
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// A rulebook that does one of everything to a billing ticket, and nothing to others.
pub(crate) const ONE_OF_EVERYTHING: &str = r#"
version: 1
names:
  groups: { billing: Billing }
  fields: { category: { zendesk: Category, intercom: Issue type, freshdesk: cf_category } }
  agents: { ada: Ada Lovelace }
rules:
  - id: billing
    when: { category: billing }
    then:
      - set_field: { category: "{{ category.label }}" }
      - set_priority: high
      - add_tags: [billing, routed]
      - assign_group: billing
      - assign_agent: ada
      - note: "Predicted {{ category.label }} ({{ category.confidence | percent }})"
"#;

/// A text that the starter bundle is sure about.
pub(crate) fn billing_ticket() -> NewTicket {
    NewTicket {
        subject: "Charged twice".into(),
        body: "My credit card was charged twice for the same invoice, please refund one of the two payments."
            .into(),
        email: "ines@mail.example".into(),
        tags: vec!["loyal".into()],
        touched: None,
    }
}

/// A daemon with its desks.
pub(crate) struct House {
    pub(crate) desks: Vec<Arc<dyn Desk>>,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) hooks: String,
    pub(crate) admin: String,
    daemon: Option<Daemon>,
    stop: CancellationToken,
    folder: tempfile::TempDir,
    /// Settings that every account has besides what its desk needs.
    account: &'static str,
    /// The bundle, and whose time it is; both as every house has them unless a test changes them.
    pub(crate) bundle: PathBuf,
    pub(crate) clock: Arc<dyn Clock>,
    /// A second bundle that is asked and decides nothing.
    pub(crate) challenger: Option<PathBuf>,
    /// How its work is done.
    pub(crate) worker: &'static str,
    /// Sections of the settings besides those that every house has.
    pub(crate) sections: &'static str,
}

const ANSWERING: &str = "    allow_public_replies: true
    segment: { field: company.plan, map: { enterprise: enterprise }, default: standard }
";

impl House {
    /// Starts the desks and a daemon in `mode` with `rulebook`.
    pub(crate) async fn start(mode: &str, rulebook: &str) -> Self {
        Self::start_with(mode, rulebook, "").await
    }

    /// The same, with accounts that allow answers to customers and know segments.
    pub(crate) async fn start_answering(mode: &str, rulebook: &str) -> Self {
        Self::start_with(mode, rulebook, ANSWERING).await
    }

    /// The same, with these lines in every account's settings.
    pub(crate) async fn start_with(mode: &str, rulebook: &str, account: &'static str) -> Self {
        let mut house = Self { account, ..Self::without_a_daemon().await };
        house.open(mode, rulebook).await;
        house
    }

    /// The desks and a store, and no daemon yet.
    pub(crate) async fn without_a_daemon() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let desks = start_all().await.unwrap();
        Self {
            store: Arc::new(Sqlite::open(&folder.path().join("deskbridge.db")).unwrap()),
            desks,
            hooks: String::new(),
            admin: String::new(),
            daemon: None,
            stop: CancellationToken::new(),
            folder,
            account: "",
            bundle: project().join("onnx/starter"),
            clock: Arc::new(SystemClock),
            challenger: None,
            worker: "count: 4, lease: 5s, call_timeout: 3s",
            sections: "",
        }
    }

    /// Starts a daemon on the house's store.
    pub(crate) async fn open(&mut self, mode: &str, rulebook: &str) {
        let settings = self.settings(mode, rulebook);
        let (hooks, admin) = (listener().await, listener().await);
        self.hooks = format!("http://{}", hooks.local_addr().unwrap());
        self.admin = format!("http://{}", admin.local_addr().unwrap());
        for desk in &self.desks {
            desk.deliver_to(&format!("{}/hooks/{}", self.hooks, desk.platform()));
        }
        self.stop = CancellationToken::new();
        let on = Foundations {
            fallen: self.store.demotions().await.unwrap(),
            store: Arc::clone(&self.store),
            brain: Arc::new(brain(&settings)),
            clock: Arc::clone(&self.clock),
            metrics: recorder(),
            hooks,
            certificate: None,
            admin_certificate: None,
            admin,
        };
        self.daemon = Some(Daemon::start(&settings, on, self.stop.clone()).unwrap());
    }

    /// What reads the agents' values, as the daemon has it, at a time of the test's own.
    pub(crate) fn settling(&self, mode: &str, rulebook: &str, clock: Arc<dyn Clock>) -> Settling {
        let settings = self.settings(mode, rulebook);
        let brain = brain(&settings);
        Settling {
            store: Arc::clone(&self.store),
            accounts: open_accounts(&settings).unwrap(),
            clock,
            after: settings.settling.after,
            every: settings.settling.every,
            sources: sources(&settings, &brain),
            warden: Arc::new(Warden::new(brain.promotions, Vec::new())),
            fall: Fall::default(),
        }
    }

    /// What looks for tickets whose webhook never came, as the daemon has it.
    pub(crate) fn sweep(&self) -> Sweep {
        let settings = self.settings("shadow", ONE_OF_EVERYTHING);
        Sweep {
            store: Arc::clone(&self.store),
            accounts: open_accounts(&settings).unwrap(),
            clock: Arc::clone(&self.clock),
            arrived: Arc::default(),
            every: settings.sweep.every,
            lag: Duration::ZERO,
        }
    }

    /// The settings file that a user would write for these desks, loaded.
    fn settings(&self, mode: &str, rulebook: &str) -> Settings {
        let file = self.write_settings(mode, rulebook, "127.0.0.1:1", "127.0.0.1:2");
        match Settings::load(&file, Vec::new()) {
            Ok((settings, _)) => settings,
            Err(problems) => panic!("{problems:#?}"),
        }
    }

    /// A file beside the settings.
    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes rulebook and settings for these desks; returns the settings' path.
    pub(crate) fn write_settings(&self, mode: &str, rulebook: &str, hooks: &str, admin: &str) -> PathBuf {
        let at = |name: &str| self.folder.path().join(name);
        std::fs::write(at("rules.yaml"), rulebook).unwrap();
        let mut accounts = String::new();
        for desk in &self.desks {
            accounts.push_str(&format!("  {}:\n    mode: live\n", desk.platform()));
            accounts.push_str(self.account);
            desk.account_yaml().lines().for_each(|line| accounts.push_str(&format!("    {line}\n")));
        }
        let challenger =
            self.challenger.iter().map(|bundle| format!(", challenger: {bundle:?}")).collect::<String>();
        let text = format!(
            "server: {{ listen: \"{hooks}\" }}\nadmin: {{ listen: \"{admin}\" }}\n\
             store: {{ url: \"sqlite:{}\" }}\nmodel: {{ bundle: \"{}\", threads: 1{challenger} }}\nrulebook: \"{}\"\n\
             mode: {mode}\n{}worker: {{ {} }}\naccounts:\n{accounts}",
            at("deskbridge.db").display(),
            self.bundle.display(),
            at("rules.yaml").display(),
            self.sections,
            self.worker
        );
        std::fs::write(at("deskbridge.yaml"), text).unwrap();
        // As their owner would keep them: there are secrets in them.
        #[cfg(unix)]
        std::fs::set_permissions(at("deskbridge.yaml"), std::os::unix::fs::PermissionsExt::from_mode(0o600))
            .unwrap();
        at("deskbridge.yaml")
    }

    /// Waits until nothing is pending and every stand-in has sent what it had to send.
    pub(crate) async fn settle(&self) {
        wait_until("the inbox is empty", async || self.store.depth().await.unwrap().pending == 0).await;
    }

    /// Ledger entries of a ticket that decided something.
    pub(crate) async fn decided(&self, desk: &dyn Desk, ticket: &str) -> Vec<Entry> {
        let filter = Filter {
            account: Some(desk.platform().into()),
            ticket: Some(ticket.into()),
            ..Filter::default()
        };
        let entries = self.store.decisions(&filter).await.unwrap();
        entries.into_iter().map(|(_, entry)| entry).filter(|entry| entry.digests.is_some()).collect()
    }

    /// Stops the daemon and checks that it drained.
    pub(crate) async fn stop(&mut self) {
        self.stop.cancel();
        if let Some(daemon) = self.daemon.take() {
            assert!(daemon.finished().await, "the daemon did not drain");
        }
    }
}

/// A number that the environment may set, for longer runs.
#[expect(clippy::disallowed_methods, reason = "a longer run is asked for by the environment")]
pub(crate) fn asked(name: &str, usual: u64) -> u64 {
    std::env::var(name).map_or(usual, |text| text.parse().unwrap_or_else(|_| panic!("{name} is a number")))
}

/// Waits for a condition, 30 s at most.
pub(crate) async fn wait_until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let begun = tokio::time::Instant::now();
    while !holds().await {
        assert!(begun.elapsed() < Duration::from_secs(30), "waited 30 s, but not: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// The project's folder.
pub(crate) fn project() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

async fn listener() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").await.unwrap()
}

/// The starter bundle with a rulebook, loaded as `serve` does.
fn brain(settings: &Settings) -> Brain {
    let around = Surroundings { named: None, beside: PathBuf::new(), project: project() };
    match brain::load(settings, &around) {
        Ok((brain, _)) => brain,
        Err(problems) => {
            panic!("{}", problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
        }
    }
}

/// The process has one metrics recorder, and so have all tests.
pub(crate) fn recorder() -> PrometheusHandle {
    static RECORDER: OnceLock<PrometheusHandle> = OnceLock::new();
    RECORDER.get_or_init(|| deskbridge::telemetry::init_metrics().unwrap()).clone()
}
