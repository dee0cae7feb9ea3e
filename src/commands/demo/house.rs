//! The demo's house: a folder with settings and a store, and the daemon's process.

use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use deskbridge_standins::Desk;
use tokio::process::{Child, Command};

use crate::cli::Demo;
use crate::domain::mode::Mode;
use crate::store::{Store, sqlite::Sqlite};

/// How long the daemon may take to be ready, or to stop.
const PATIENCE: Duration = Duration::from_secs(60);

pub(super) struct House {
    folder: PathBuf,
    hooks: SocketAddr,
    admin: SocketAddr,
    accounts: String,
    bundle: PathBuf,
    rulebook: PathBuf,
    daemon: Option<Child>,
}

impl House {
    /// Makes the folder, picks free ports and points the desks' webhooks at them.
    pub(super) fn build(args: &Demo, desks: &[Arc<dyn Desk>]) -> anyhow::Result<Self> {
        let folder = std::env::temp_dir().join(format!("deskbridge-demo-{}", std::process::id()));
        std::fs::create_dir_all(&folder)?;
        let (hooks, admin) = (free_port()?, free_port()?);
        let mut accounts = String::new();
        for desk in desks {
            desk.deliver_to(&format!("http://{hooks}/hooks/{}", desk.platform()));
            accounts.push_str(&format!("  {}:\n", desk.platform()));
            desk.account_yaml().lines().for_each(|line| accounts.push_str(&format!("    {line}\n")));
            accounts.push_str("    mode: live\n");
        }
        Ok(Self {
            folder,
            hooks,
            admin,
            accounts,
            bundle: std::path::absolute(&args.bundle)?,
            rulebook: std::path::absolute(&args.rulebook)?,
            daemon: None,
        })
    }

    pub(super) fn hooks(&self) -> String {
        format!("http://{}/hooks/…", self.hooks)
    }

    pub(super) fn admin(&self) -> String {
        format!("http://{}/", self.admin)
    }

    /// The ledger, read beside the running daemon.
    pub(super) fn store(&self) -> anyhow::Result<Arc<dyn Store>> {
        Ok(Arc::new(Sqlite::open(&self.folder.join("deskbridge.db"))?))
    }

    /// Starts the daemon in a mode and waits until it is ready.
    pub(super) async fn start(&mut self, mode: Mode) -> anyhow::Result<()> {
        let settings = self.folder.join("deskbridge.yaml");
        std::fs::write(&settings, self.settings(mode))?;
        let log = std::fs::File::options().create(true).append(true).open(self.folder.join("daemon.log"))?;
        let mut daemon = Command::new(std::env::current_exe()?)
            .args(["serve", "--config"])
            .arg(&settings)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .context("the daemon cannot be started")?;
        let ready = format!("http://{}/readyz", self.admin);
        let client = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(2)).build()?;
        let begun = tokio::time::Instant::now();
        loop {
            if client.get(&ready).send().await.is_ok_and(|answer| answer.status().is_success()) {
                self.daemon = Some(daemon);
                return Ok(());
            }
            if let Some(status) = daemon.try_wait()? {
                bail!("the daemon ended with {status}:\n{}", self.log());
            }
            if begun.elapsed() > PATIENCE {
                bail!("the daemon is not ready after {} s:\n{}", PATIENCE.as_secs(), self.log());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Ends the daemon as a service manager does, and waits until it has drained.
    pub(super) async fn stop(&mut self) -> anyhow::Result<()> {
        let Some(mut daemon) = self.daemon.take() else { return Ok(()) };
        let process = daemon.id().context("the daemon has ended by itself")?;
        // The standard library sends no signals, and `kill` is on every machine that has make.
        Command::new("kill").args(["-TERM", &process.to_string()]).status().await?;
        let status =
            tokio::time::timeout(PATIENCE, daemon.wait()).await.context("the daemon does not stop")??;
        if !status.success() {
            bail!("the daemon ended with {status}:\n{}", self.log());
        }
        Ok(())
    }

    /// The last lines of the daemon's log.
    pub(super) fn log(&self) -> String {
        let log = std::fs::read_to_string(self.folder.join("daemon.log")).unwrap_or_default();
        let lines: Vec<_> = log.lines().collect();
        lines[lines.len().saturating_sub(20)..].join("\n")
    }

    fn settings(&self, mode: Mode) -> String {
        let (store, bundle, rulebook) =
            (self.folder.join("deskbridge.db"), self.bundle.display(), self.rulebook.display());
        format!(
            "server: {{ listen: \"{}\" }}\nadmin: {{ listen: \"{}\" }}\nstore: {{ url: \"sqlite:{}\" }}\n\
             model: {{ bundle: \"{bundle}\" }}\nrulebook: \"{rulebook}\"\nmode: {mode}\naccounts:\n{}",
            self.hooks,
            self.admin,
            store.display(),
            self.accounts
        )
    }
}

impl Drop for House {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// A port that is free now. Somebody may take it before the daemon does; the daemon then says so and the demo fails.
fn free_port() -> std::io::Result<SocketAddr> {
    TcpListener::bind("127.0.0.1:0")?.local_addr()
}
