//! A real headless Chromium, spoken to over its debugging pipe: two named pipes, no port and no client library.
//!
//! <https://chromedevtools.github.io/devtools-protocol/>; messages are JSON ended by a zero byte.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_secs(60);

/// A browser with one page.
pub(crate) struct Browser {
    child: Child,
    to: File,
    from: Receiver<Value>,
    session: String,
    asked: u64,
    events: Vec<Value>,
    _folder: tempfile::TempDir,
}

/// What a page may look like.
#[derive(Clone, Copy)]
pub(crate) struct Look {
    pub(crate) name: &'static str,
    pub(crate) width: u32,
    pub(crate) scheme: &'static str,
}

/// Every look that is tested.
pub(crate) const LOOKS: [Look; 4] = [
    Look { name: "light", width: 1280, scheme: "light" },
    Look { name: "dark", width: 1280, scheme: "dark" },
    Look { name: "phone", width: 390, scheme: "light" },
    Look { name: "small-phone-dark", width: 360, scheme: "dark" },
];

impl Browser {
    pub(crate) fn start() -> Self {
        let program = find();
        let folder = tempfile::tempdir().unwrap();
        let (to, from) = (folder.path().join("to"), folder.path().join("from"));
        assert!(Command::new("mkfifo").args([&to, &from]).status().unwrap().success(), "mkfifo");
        let line = r#"exec "$0" --headless --remote-debugging-pipe --no-sandbox --disable-gpu --disable-quic --no-first-run \
            --disable-background-networking --disable-component-update --disable-sync --disable-extensions \
            --hide-scrollbars --user-data-dir="$1/profile" about:blank 3<"$1/to" 4>"$1/from""#;
        let child = Command::new("sh")
            .args(["-c", line])
            .arg(program)
            .arg(folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // In the order in which the shell opens its ends: each opening waits for the other side.
        let to = OpenOptions::new().write(true).open(&to).unwrap();
        let lines = BufReader::new(File::open(&from).unwrap());
        let (told, from) = channel();
        std::thread::spawn(move || {
            for message in lines.split(0).map_while(Result::ok) {
                if told.send(serde_json::from_slice(&message).unwrap()).is_err() {
                    return;
                }
            }
        });
        let mut browser =
            Self { child, to, from, session: String::new(), asked: 0, events: Vec::new(), _folder: folder };
        let target = browser.ask("Target.createTarget", json!({ "url": "about:blank" }))["targetId"].clone();
        let attached = browser.ask("Target.attachToTarget", json!({ "targetId": target, "flatten": true }));
        browser.session = attached["sessionId"].as_str().unwrap().to_owned();
        for domain in ["Page", "Runtime", "Log", "Network"] {
            browser.ask(&format!("{domain}.enable"), json!({}));
        }
        browser.ask("Page.setDownloadBehavior", json!({ "behavior": "deny" }));
        browser
    }

    /// Asks for something and waits for its answer; what happens meanwhile is kept.
    pub(crate) fn ask(&mut self, method: &str, params: Value) -> Value {
        self.asked += 1;
        let mut message = json!({ "id": self.asked, "method": method, "params": params });
        if !self.session.is_empty() {
            message["sessionId"] = json!(self.session);
        }
        let mut bytes = serde_json::to_vec(&message).unwrap();
        bytes.push(0);
        self.to.write_all(&bytes).expect("the browser listens");
        loop {
            let told = self.from.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("no answer to {method}"));
            if told["id"] == json!(self.asked) {
                assert!(told["error"].is_null(), "{method}: {}", told["error"]);
                return told["result"].clone();
            }
            self.events.push(told);
        }
    }

    /// Goes to an address and waits until it is loaded; forgets what happened before.
    pub(crate) fn open(&mut self, address: &str) {
        self.events.clear();
        self.ask("Page.navigate", json!({ "url": address }));
        self.until("Page.loadEventFired");
    }

    fn until(&mut self, event: &str) {
        let begun = Instant::now();
        while !self.events.iter().any(|told| told["method"] == event) {
            assert!(begun.elapsed() < PATIENCE, "{event} did not come");
            let told = self.from.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("{event} did not come"));
            self.events.push(told);
        }
    }

    /// What an expression, or the promise it gives, comes to.
    pub(crate) fn value(&mut self, expression: &str) -> Value {
        let params = json!({ "expression": expression, "returnByValue": true, "awaitPromise": true });
        let told = self.ask("Runtime.evaluate", params);
        assert!(told["exceptionDetails"].is_null(), "{expression}: {}", told["exceptionDetails"]);
        told["result"]["value"].clone()
    }

    pub(crate) fn press(&mut self, key: &str) {
        let code = if key == "Tab" { 9 } else { 13 };
        let text = if key == "Enter" { "\r" } else { "" };
        for kind in ["keyDown", "keyUp"] {
            self.ask(
                "Input.dispatchKeyEvent",
                json!({ "type": kind, "key": key, "code": key, "windowsVirtualKeyCode": code, "text": text }),
            );
        }
    }

    pub(crate) fn look(&mut self, look: Look) {
        self.ask(
            "Emulation.setDeviceMetricsOverride",
            json!({ "width": look.width, "height": 900, "screenWidth": look.width, "screenHeight": 900, "deviceScaleFactor": 1, "mobile": look.width < 600 }),
        );
        let features = json!([{ "name": "prefers-color-scheme", "value": look.scheme }]);
        self.ask("Emulation.setEmulatedMedia", json!({ "features": features }));
    }

    /// The whole page as a PNG file.
    pub(crate) fn picture(&mut self, to: &Path) {
        self.capture(to, true);
    }

    /// What is seen of the page without scrolling, as a PNG file.
    pub(crate) fn top(&mut self, to: &Path) {
        self.capture(to, false);
    }

    fn capture(&mut self, to: &Path, whole: bool) {
        let params = json!({ "format": "png", "captureBeyondViewport": whole });
        let shot = self.ask("Page.captureScreenshot", params);
        let bytes = STANDARD.decode(shot["data"].as_str().unwrap()).unwrap();
        assert!(bytes.len() > 5000, "{} is empty", to.display());
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        std::fs::write(to, bytes).unwrap();
    }

    /// What the page complained about since it was opened: the console, exceptions, the policy.
    pub(crate) fn complaints(&self) -> Vec<String> {
        let complains = |told: &&Value| match told["method"].as_str() {
            Some("Runtime.exceptionThrown") => true,
            Some("Runtime.consoleAPICalled") => {
                ["error", "warning", "assert"].contains(&told["params"]["type"].as_str().unwrap_or_default())
            }
            Some("Log.entryAdded") => told["params"]["entry"]["level"] != "verbose",
            _ => false,
        };
        self.events.iter().filter(complains).map(|told| told["params"].to_string()).collect()
    }

    /// Every address that was asked for since the page was opened.
    pub(crate) fn requests(&self) -> Vec<String> {
        let asked = self.events.iter().filter(|told| told["method"] == "Network.requestWillBeSent");
        asked.filter_map(|told| told["params"]["request"]["url"].as_str().map(str::to_owned)).collect()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The browser's program.
fn find() -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let names = ["chromium", "chromium-browser", "google-chrome"];
    std::env::split_paths(&path)
        .flat_map(|folder| names.map(|name| folder.join(name)))
        .find(|program| program.is_file())
        .expect("the dashboard is tested in Chromium, which is not installed: `make browser` as root does, or `apt-get install chromium`")
}
