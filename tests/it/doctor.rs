//! `doctor signature` against real deliveries of the stand-ins.

use std::path::Path;
use std::sync::{Arc, Mutex};

use axum::Router;
use bytes::Bytes;
use deskbridge_standins::Desk;
use http::HeaderMap;
use serde_json::Value;

use crate::harness::{House, ONE_OF_EVERYTHING, billing_ticket, wait_until};
use crate::process::{ask, stderr, stdout};

/// The first delivery that a desk sends for a new ticket, as it arrives.
pub(crate) async fn captured(desk: &Arc<dyn Desk>) -> (HeaderMap, Bytes) {
    let got: Arc<Mutex<Option<(HeaderMap, Bytes)>>> = Arc::default();
    let kept = Arc::clone(&got);
    let router = Router::new().fallback(async move |headers: HeaderMap, body: Bytes| {
        kept.lock().unwrap().get_or_insert((headers, body));
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    desk.deliver_to(&format!("http://{address}/hooks/{}", desk.platform()));
    desk.open(billing_ticket()).await;
    wait_until("a delivery came", async || got.lock().unwrap().is_some()).await;
    server.abort();
    got.lock().unwrap().take().unwrap()
}

/// Asks why this delivery does not verify; exit code and answer.
fn signature(folder: &Path, account: &str, headers: &HeaderMap, body: &[u8], more: &[&str]) -> (i32, Value) {
    let at = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    let mut text = format!("POST /hooks/{account} HTTP/1.1\r\n");
    for (name, value) in headers {
        text.push_str(&format!("{name}: {}\r\n", value.to_str().unwrap()));
    }
    std::fs::write(at("headers.txt"), text).unwrap();
    std::fs::write(at("body.json"), body).unwrap();
    let (config, headers_at, body_at) = (at("deskbridge.yaml"), at("headers.txt"), at("body.json"));
    let asked = ["doctor", "signature", "--config", &config, "--account", account, "--headers", &headers_at];
    let plain = ask(&[&asked[..], &["--body", body_at.as_str()], more].concat(), "");
    let json = ask(&[&asked[..], &["--body", body_at.as_str(), "--json"], more].concat(), "");
    assert_eq!(plain.status.code(), json.status.code());
    // Nothing of what is secret, signed or said is in a word of it.
    let told = [stdout(&plain), stderr(&plain), stdout(&json)].concat();
    let settings = std::fs::read_to_string(at("deskbridge.yaml")).unwrap();
    let secrets = settings.lines().filter(|line| line.contains("secret") || line.contains("token"));
    let secrets: Vec<&str> =
        secrets.flat_map(|line| line.split('"')).filter(|word| word.len() > 11).collect();
    for hidden in secrets.iter().filter(|word| !word.contains([':', ' ', '{'])) {
        assert!(!told.contains(hidden), "{told}");
    }
    assert!(!told.contains("Charged twice"), "{told}");
    for value in headers.values().filter_map(|value| value.to_str().ok()).filter(|value| value.len() > 30) {
        assert!(!told.contains(value), "{told}");
    }
    let json = serde_json::from_str(&stdout(&json)).unwrap_or_else(|_| panic!("{}", stderr(&json)));
    (plain.status.code().unwrap(), json)
}

fn causes(answer: &Value) -> Vec<&str> {
    answer["findings"].as_array().unwrap().iter().filter_map(|one| one["cause"].as_str()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_is_explained_on_every_platform() {
    let house = House::without_a_daemon().await;
    let config = house.write_settings("shadow", ONE_OF_EVERYTHING, "127.0.0.1:1", "127.0.0.1:2");
    let folder = config.parent().unwrap();
    for desk in &house.desks {
        let platform = desk.platform();
        let (headers, body) = captured(desk).await;
        let ask =
            |account: &str, body: &[u8], more: &[&str]| signature(folder, account, &headers, body, more);

        let (code, fine) = ask(platform, &body, &[]);
        assert_eq!((code, causes(&fine)), (0, vec!["verifies"]), "{platform}: {fine}");

        let other = house.desks.iter().find(|other| other.platform() != platform).unwrap().platform();
        let (code, meant) = ask(other, &body, &[]);
        assert_eq!((code, causes(&meant)[0]), (1, "other_account"), "{platform} at {other}: {meant}");
        assert!(meant["findings"][0]["remedy"].as_str().unwrap().contains(&format!("/hooks/{platform}")));

        let bare = signature(
            folder,
            platform,
            &HeaderMap::from_iter([(http::header::HOST, "a.example".parse().unwrap())]),
            &body,
            &[],
        );
        assert_eq!((bare.0, causes(&bare.1)[0]), (1, "no_signature"), "{platform}: {}", bare.1);

        // A shared token proves nothing of body and time.
        if headers.contains_key("x-bridge-token") {
            continue;
        }
        let json: Value = serde_json::from_slice(&body).unwrap();
        let rewritten = serde_json::to_string_pretty(&json).unwrap();
        let (code, changed) = ask(platform, rewritten.as_bytes(), &[]);
        assert_eq!((code, causes(&changed)), (1, vec!["body_changed"]), "{platform}: {changed}");
        let (code, late) = ask(platform, &body, &["--received-at", "2031-01-01T00:00:00Z"]);
        assert_eq!((code, causes(&late)), (1, vec!["stale"]), "{platform}: {late}");
        let (code, wrong) = ask(platform, b"{\"id\":\"1\"}", &[]);
        assert_eq!((code, causes(&wrong)), (1, vec!["length", "wrong_secret"]), "{platform}: {wrong}");
    }
    let output = ask(
        &[
            "doctor",
            "signature",
            "--config",
            config.to_str().unwrap(),
            "--account",
            "acme",
            "--headers",
            "x",
            "--body",
            "y",
        ],
        "",
    );
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("there is no account `acme`"), "{}", stderr(&output));
}
