//! The real binary as a process: started, killed, asked.

use std::fs::File;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

use crate::harness::{House, project, wait_until};

/// A running `deskbridge serve`, killed when dropped.
pub(crate) struct Served {
    child: Child,
    pub(crate) admin: String,
    hooks: String,
    settings: PathBuf,
}

impl Served {
    /// Starts the daemon on the house's desks, with free ports, and waits until it is ready.
    pub(crate) async fn start(house: &House, mode: &str, rulebook: &str) -> Self {
        Self::start_under(house, mode, rulebook, ":").await
    }

    /// The same under what a shell says first, such as `ulimit -n 64`.
    pub(crate) async fn start_under(house: &House, mode: &str, rulebook: &str, first: &str) -> Self {
        Self::start_changed(house, mode, rulebook, first, |settings| settings).await
    }

    /// The same with settings that the test has changed.
    pub(crate) async fn start_changed(
        house: &House,
        mode: &str,
        rulebook: &str,
        first: &str,
        change: impl FnOnce(String) -> String,
    ) -> Self {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        Self::start_asked(house, mode, rulebook, first, change, |admin| (client, format!("http://{admin}")))
            .await
    }

    /// Starts it with an admin listener that speaks TLS for localhost; `client` trusts its certificate.
    pub(crate) async fn start_secured(
        house: &House,
        mode: &str,
        rulebook: &str,
        client: reqwest::Client,
        change: impl FnOnce(String) -> String,
    ) -> Self {
        let url = |admin: &str| (client, format!("https://{}", admin.replace("127.0.0.1", "localhost")));
        Self::start_asked(house, mode, rulebook, ":", change, url).await
    }

    async fn start_asked(
        house: &House,
        mode: &str,
        rulebook: &str,
        first: &str,
        change: impl FnOnce(String) -> String,
        asked: impl FnOnce(&str) -> (reqwest::Client, String),
    ) -> Self {
        let (hooks, admin) = (free(), free());
        let settings = house.write_settings(mode, rulebook, &hooks, &admin);
        let written = std::fs::read_to_string(&settings).unwrap();
        std::fs::write(&settings, change(written)).unwrap();
        for desk in &house.desks {
            desk.deliver_to(&format!("http://{hooks}/hooks/{}", desk.platform()));
        }
        let log = File::create(settings.with_file_name("daemon.log")).unwrap();
        let child = Command::new("bash")
            .current_dir(project())
            .stdin(Stdio::null())
            .args([
                "-c",
                &format!("{first}; exec \"$0\" \"$@\""),
                env!("CARGO_BIN_EXE_deskbridge"),
                "serve",
                "--config",
            ])
            .arg(&settings)
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        let (client, admin) = asked(&admin);
        let served = Self { child, admin, hooks, settings };
        let ready = format!("{}/readyz", served.admin);
        wait_until("the daemon is ready", async || {
            client.get(&ready).send().await.is_ok_and(|answer| answer.status().is_success())
        })
        .await;
        served
    }

    /// A file beside the daemon's settings, such as `rules.yaml`.
    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        self.settings.with_file_name(name)
    }

    /// Everything the daemon has printed so far.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.beside("daemon.log")).unwrap_or_default()
    }

    /// Where it listens for webhooks: `127.0.0.1:<port>`.
    pub(crate) fn hooks(&self) -> &str {
        &self.hooks
    }

    /// Its process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Whether it has ended, whichever way.
    pub(crate) fn is_gone(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// SIGHUP.
    pub(crate) fn hang_up(&self) {
        Command::new("kill").args(["-HUP", &self.child.id().to_string()]).status().unwrap();
    }

    /// The most memory it ever had, in bytes, as the kernel counts it (`VmHWM`).
    pub(crate) fn peak_bytes(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("Linux");
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
    }

    /// kill -9.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// SIGTERM, and the exit status.
    pub(crate) fn terminate(mut self) -> std::process::ExitStatus {
        Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().unwrap();
        self.child.wait().unwrap()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The binary under test, in the project's folder.
pub(crate) fn binary() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_deskbridge"));
    command.current_dir(project()).stdin(Stdio::null());
    command
}

/// Runs the binary with input and returns what it said.
pub(crate) fn ask(arguments: &[&str], input: &str) -> Output {
    ask_bytes(arguments, input.as_bytes())
}

/// Runs the binary with input that may be no text and returns what it said.
pub(crate) fn ask_bytes(arguments: &[&str], input: &[u8]) -> Output {
    use std::io::Write;
    let mut child = binary()
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // A command that does not read its input closes it; that is its right.
    let _ = stdin.write_all(input);
    drop(stdin);
    child.wait_with_output().unwrap()
}

/// What a command printed on standard output.
pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// What a command printed on standard error.
pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn free() -> String {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}
