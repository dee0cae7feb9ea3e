//! The operator's door.

use std::net::SocketAddr;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use deskbridge::admin::{Access, Admin, Readiness, serve};
use deskbridge::domain::mode::Mode;
use deskbridge::domain::outcome::{EffectOutcome, EffectRecord, Entry, Outcome};
use deskbridge::store::Depth;
use deskbridge_connectors::{Changing, Secret};
use serde_json::{Value, json};
use sha2::Digest as _;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::harness::wait_until;

use super::rig::{Manner, ManualClock, NOW, PATIENCE, Shelf};

struct Desk {
    at: SocketAddr,
    shelf: Arc<Shelf>,
    readiness: Arc<Readiness>,
    shutdown: CancellationToken,
    served: JoinHandle<()>,
    client: reqwest::Client,
}

impl Desk {
    async fn open(token: Option<&str>) -> Self {
        // Not what most of these tests are about.
        Self::reached_by(token, Access { max_wrong_tokens: 1000, ..Access::default() }).await
    }

    async fn reached_by(token: Option<&str>, access: Access) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        let shelf = Shelf::new();
        let readiness = Arc::new(Readiness::default());
        let admin = Admin {
            store: Arc::clone(&shelf) as _,
            metrics: crate::harness::recorder(),
            readiness: Arc::clone(&readiness),
            clock: Arc::new(ManualClock::at(NOW)),
            token: token.map(Secret::new).map(Changing::new),
            board: Arc::default(),
            access,
        };
        let shutdown = CancellationToken::new();
        let served = tokio::spawn(serve(listener, admin, shutdown.clone()));
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { at, shelf, readiness, shutdown, served, client }
    }

    async fn get(&self, path: &str, authorization: Option<&str>) -> (u16, String) {
        let mut request = self.client.get(format!("http://{}{path}", self.at));
        if let Some(value) = authorization {
            request = request.header("authorization", value);
        }
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    async fn json(&self, path: &str) -> (u16, Value) {
        let (status, text) = self.get(path, None).await;
        (status, serde_json::from_str(&text).unwrap())
    }
}

fn entry(account: &str, decided_at: &str) -> Entry {
    Entry {
        account: account.to_owned(),
        platform: "zendesk".to_owned(),
        ticket: "35436".to_owned(),
        requester: None,
        delivery: "01A".to_owned(),
        received_at: decided_at.parse().unwrap(),
        decided_at: decided_at.parse().unwrap(),
        mode: Mode::Shadow,
        language: json!({"code": "en", "confidence": 0.99}),
        heads: json!({
            "category": {"label": "billing", "confidence": 0.974, "runner_up": {"label": "sales", "confidence": 0.01}, "abstained": false},
            "topics": {"labels": [{"label": "refund", "confidence": 0.83}], "abstained": false},
        }),
        rules: vec!["duplicate-charge".to_owned()],
        effects: vec![EffectRecord {
            kind: "add_tags".to_owned(),
            value: json!(["billing", "<i>refund</i>"]),
            rule: "duplicate-charge".to_owned(),
            mode: Mode::Shadow,
            state: EffectOutcome::Shadowed,
            reason: None,
        }],
        outcome: Outcome::Shadowed,
        reason: Some("<script>alert('reason')</script>".to_owned()),
        digests: None,
        version: None,
        own_version: None,
        calls: Vec::new(),
        withheld: None,
        machine: None,
        challenger: None,
        awaiting: None,
        snapshot: None,
    }
}

#[tokio::test]
async fn health_says_what_is_missing() {
    let desk = Desk::open(None).await;
    assert_eq!(desk.get("/livez", None).await, (200, "ok\n".to_owned()));
    assert_eq!(desk.json("/readyz").await, (200, json!({"ready": true, "reasons": {}})));
    desk.readiness.not_ready("model", "the bundle is being loaded");
    desk.shelf.behave(Manner::Broken);
    let (status, answer) = desk.json("/readyz").await;
    assert_eq!(status, 503);
    assert_eq!(answer["reasons"]["model"], "the bundle is being loaded");
    assert_eq!(answer["reasons"]["store"], "the store cannot be used: the disk is full");
    desk.readiness.ready("model");
    desk.shelf.behave(Manner::Works);
    assert_eq!(desk.get("/readyz", None).await.0, 200);
    let waiting = Readiness::waiting_for(["names"]);
    assert_eq!(waiting.reasons().len(), 1);
}

#[tokio::test]
async fn the_token_is_asked_for_everywhere_but_at_the_probes() {
    let desk = Desk::open(Some("s3cret-token")).await;
    for path in ["/livez", "/readyz"] {
        assert_eq!(desk.get(path, None).await.0, 200, "{path}");
    }
    let basic = |pair: &str| format!("Basic {}", STANDARD.encode(pair));
    for path in [
        "/",
        "/metrics",
        "/api/decisions",
        "/api/report",
        "/decisions",
        "/decisions.csv",
        "/agreement",
        "/dead",
    ] {
        for wrong in [
            None,
            Some("Bearer".to_owned()),
            Some("Bearer ".to_owned()),
            Some("Bearer s3cret-toke".to_owned()),
            Some("Bearer s3cret-token2".to_owned()),
            Some("s3cret-token".to_owned()),
            Some("Digest s3cret-token".to_owned()),
            Some(basic("s3cret-token")),
            Some(basic("s3cret-token:")),
            Some(basic("operator:wrong")),
            Some("Basic %%%".to_owned()),
        ] {
            assert_eq!(desk.get(path, wrong.as_deref()).await.0, 401, "{path} with {wrong:?}");
        }
        for right in
            ["Bearer s3cret-token".to_owned(), "bearer s3cret-token".to_owned(), basic("me:s3cret-token")]
        {
            assert_eq!(desk.get(path, Some(&right)).await.0, 200, "{path} with {right}");
        }
    }
    let answer = desk.client.get(format!("http://{}/", desk.at)).send().await.unwrap();
    assert!(
        answer.headers()["www-authenticate"].to_str().unwrap().contains("Basic"),
        "a browser asks for it"
    );
}

#[tokio::test]
async fn decisions_are_lines_with_an_id() {
    let desk = Desk::open(None).await;
    assert_eq!(desk.json("/api/decisions").await, (200, json!([])));
    *desk.shelf.entries.lock().unwrap() = vec![
        (7, entry("acme", "2026-11-18T08:00:00Z")),
        (8, entry("chat", "2026-11-19T08:00:00Z")),
        (9, entry("acme", "2026-11-20T08:00:00Z")),
    ];
    let ids = async |path: &str| -> Vec<i64> {
        let (status, lines) = desk.json(path).await;
        assert_eq!(status, 200, "{lines}");
        lines.as_array().unwrap().iter().map(|line| line["id"].as_i64().unwrap()).collect()
    };
    assert_eq!(ids("/api/decisions").await, [7, 8, 9]);
    assert_eq!(ids("/api/decisions?limit=2").await, [8, 9]);
    assert_eq!(ids("/api/decisions?account=acme").await, [7, 9]);
    assert_eq!(ids("/api/decisions?since=2026-11-19").await, [8, 9]);
    assert_eq!(ids("/api/decisions?since=2026-11-19T09:00:00%2B01:00&account=acme").await, [9]);
    // Each page says where the next one is, until there is none.
    let (mut address, mut seen) = (Some("/api/decisions?limit=2".to_owned()), Vec::new());
    while let Some(path) = address {
        let answer = desk.client.get(format!("http://{}{path}", desk.at)).send().await.unwrap();
        let link = answer.headers().get("link").map(|link| link.to_str().unwrap().to_owned());
        address = link.map(|link| {
            assert!(link.ends_with("; rel=\"next\""), "{link}");
            link.trim_start_matches('<').split('>').next().unwrap().to_owned()
        });
        let lines: Vec<Value> = answer.json().await.unwrap();
        seen.push(lines.iter().map(|line| line["id"].as_i64().unwrap()).collect::<Vec<_>>());
    }
    assert_eq!(seen, [vec![8, 9], vec![7]]);
    assert_eq!(ids("/api/decisions?before=9&account=acme").await, [7]);
    let (_, lines) = desk.json("/api/decisions?limit=1").await;
    assert_eq!(lines[0]["ticket"], "35436");
    assert_eq!(lines[0]["heads"]["category"]["label"], "billing");
    assert_eq!(lines[0]["effects"][0]["state"], "shadowed");
    for wrong in ["since=yesterday", "limit=-1", "limit=many", "acount=acme", "limit=1&limit=2", "before=x"] {
        let (status, answer) = desk.json(&format!("/api/decisions?{wrong}")).await;
        assert_eq!(status, 400, "{wrong}");
        assert!(answer["error"].is_string());
    }
}

#[tokio::test]
async fn the_page_shows_decisions_and_escapes_them() {
    let desk = Desk::open(None).await;
    assert!(desk.get("/", None).await.1.contains("Nothing has been decided yet"));
    desk.shelf.entries.lock().unwrap().push((7, entry("acme", "2026-11-18T08:00:00Z")));
    *desk.shelf.depth.lock().unwrap() =
        Depth { pending: 12, claimed: 3, dead: 2, oldest: Some("2026-11-20T06:30:00Z".parse().unwrap()) };
    let answer = desk.client.get(format!("http://{}/", desk.at)).send().await.unwrap();
    let policy = answer.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.starts_with("default-src 'none'"), "{policy}");
    let page = answer.text().await.unwrap();
    for shown in [
        "acme/35436",
        "billing",
        "97 %",
        "refund",
        "duplicate-charge",
        "shadowed",
        "1 h 30 min",
        "<dd>12</dd>",
        "<dd>2</dd>",
        "prefers-color-scheme: dark",
        "All 1 decision",
    ] {
        assert!(page.contains(shown), "{shown} is missing in\n{page}");
    }
    assert_eq!(page.matches("<script").count(), 1, "our own, at the end");
    let script = page.split("<script>").nth(1).unwrap().split("</script>").next().unwrap();
    let digest = STANDARD.encode(sha2::Sha256::digest(script));
    assert!(policy.contains(&format!("script-src 'sha256-{digest}'")), "{policy}");
    assert!(!page.contains("<i>"), "{page}");
    assert!(page.contains("&lt;script&gt;"));
    assert!(
        !page.contains("http://") && !page.contains("https://") && !page.contains("src="),
        "it loads nothing"
    );
}

#[tokio::test]
async fn gauges_are_what_was_counted_last() {
    let desk = Desk::open(None).await;
    *desk.shelf.depth.lock().unwrap() =
        Depth { pending: 4, claimed: 0, dead: 1, oldest: Some("2026-11-20T07:59:30Z".parse().unwrap()) };
    let counted = "deskbridge_inbox_depth 4\n";
    wait_until("it is counted", async || desk.get("/metrics", None).await.1.contains(counted)).await;
    let (status, text) = desk.get("/metrics", None).await;
    assert_eq!(status, 200);
    for line in [
        "deskbridge_inbox_depth 4\n",
        "deskbridge_dead_letters 1\n",
        "deskbridge_oldest_pending_seconds 30\n",
    ] {
        assert!(text.contains(line), "{line} is missing in\n{text}");
    }
}

#[tokio::test]
async fn a_shutdown_closes_the_door_although_somebody_stays() {
    let desk = Desk::open(None).await;
    let _stays = tokio::net::TcpStream::connect(desk.at).await.unwrap();
    assert_eq!(desk.get("/livez", None).await.0, 200);
    desk.shutdown.cancel();
    tokio::time::timeout(PATIENCE, desk.served).await.expect("the door closes").unwrap();
}

#[tokio::test]
async fn without_a_token_only_this_machines_own_names_are_answered() {
    let open = Desk::open(None).await;
    let asked = async |desk: &Desk, host: &str| {
        let request = desk.client.get(format!("http://{}/api/decisions", desk.at)).header("host", host);
        request.send().await.unwrap().status().as_u16()
    };
    for host in
        ["localhost", "LOCALHOST:8081", "127.0.0.1", "127.0.0.1:9", "127.8.9.1", "[::1]", "[::1]:8081"]
    {
        assert_eq!(asked(&open, host).await, 200, "{host}");
    }
    // Names that somebody else can make point here.
    for host in [
        "evil.example",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "10.0.0.5",
        "[::2]",
        "a@127.0.0.1",
        "",
    ] {
        assert_eq!(asked(&open, host).await, 421, "{host}");
    }
    let probe = open.client.get(format!("http://{}/livez", open.at)).header("host", "10.0.0.5");
    assert_eq!(probe.send().await.unwrap().status().as_u16(), 200, "a probe may come by any name");
    let guarded = Desk::open(Some("a token of some length")).await;
    assert_eq!(asked(&guarded, "desk.example").await, 401, "the token is what guards it then");
    let answer = guarded.client.get(format!("http://{}/livez", guarded.at)).send().await.unwrap();
    for name in [
        "content-security-policy",
        "x-content-type-options",
        "permissions-policy",
        "cross-origin-opener-policy",
    ] {
        assert!(answer.headers().contains_key(name), "{name}");
    }
}
