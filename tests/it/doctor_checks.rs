//! `doctor` against the stand-ins: all well, and half of it broken in every way.

use std::path::Path;

use axum::Router;
use axum::response::Html;
use deskbridge_standins::Logged;
use serde_json::Value;

use crate::harness::{House, ONE_OF_EVERYTHING, billing_ticket, wait_until};
use crate::process::{Served, ask, stderr, stdout};

/// Exit code and rows; the table says no more than they do, and neither says a secret.
fn doctor(config: &Path, more: &[&str]) -> (i32, Vec<Value>) {
    let asked = ["doctor", "--config", config.to_str().unwrap()];
    let output = ask(&[&asked[..], &["--json"], more].concat(), "");
    let json: Value =
        serde_json::from_str(&stdout(&output)).unwrap_or_else(|_| panic!("{}", stderr(&output)));
    let told = [stdout(&output), stderr(&output)].concat();
    let settings = std::fs::read_to_string(config).unwrap();
    let lines = settings.lines().filter(|line| line.contains("secret") || line.contains("token"));
    let words = lines.flat_map(|line| line.split(['"', ' '])).filter(|word| word.len() > 11);
    for secret in words.filter(|word| !word.contains([':', '{'])) {
        assert!(!told.contains(secret), "{told}");
    }
    let keys: Vec<&str> = json.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys, ["worst", "checks"]);
    let rows = json["checks"].as_array().unwrap().clone();
    for row in &rows {
        let keys: Vec<&str> = row.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(keys, ["about", "check", "state", "seen", "remedy"]);
        assert!(["fine", "warning", "wrong"].contains(&row["state"].as_str().unwrap()), "{row}");
    }
    (output.status.code().unwrap(), rows)
}

/// How a check of a subject stands, with what was seen.
fn row<'a>(rows: &'a [Value], about: &str, check: &str) -> (&'a str, String) {
    let found = rows.iter().find(|row| row["about"] == about && row["check"] == check);
    let found = found.unwrap_or_else(|| panic!("no {check} of {about} in {rows:#?}"));
    (found["state"].as_str().unwrap(), format!("{} → {}", found["seen"], found["remedy"]))
}

#[tokio::test(flavor = "multi_thread")]
async fn where_all_is_well_nothing_is_wrong_and_nothing_is_written() {
    let house = House::without_a_daemon().await;
    let served = Served::start(&house, "live", ONE_OF_EVERYTHING).await;
    for desk in &house.desks {
        desk.open(billing_ticket()).await;
    }
    let of = |account: &'static str| deskbridge::store::Filter {
        account: Some(account.to_owned()),
        ..deskbridge::store::Filter::default()
    };
    for desk in &house.desks {
        let account = desk.platform();
        wait_until("it is decided", async || !house.store.decisions(&of(account)).await.unwrap().is_empty())
            .await;
    }
    house.settle().await;
    let writes = || house.desks.iter().flat_map(|desk| desk.requests()).filter(Logged::is_write).count();
    let before = writes();
    let (code, rows) = doctor(&served.beside("deskbridge.yaml"), &[]);
    assert_eq!(code, 0, "{rows:#?}");
    assert_eq!(writes(), before);
    for check in
        ["model", "bundle", "store", "store folder", "store file", "store log", "inbox", "dead letters"]
    {
        assert_eq!(row(&rows, "machine", check).0, "fine", "{rows:#?}");
    }
    for desk in &house.desks {
        let account = desk.platform();
        for check in
            ["reachable", "credentials", "permissions", "sweep", "clock", "deliveries", "webhook address"]
        {
            assert_eq!(row(&rows, account, check).0, "fine", "{account}: {rows:#?}");
        }
        let is_odd = |row: &&Value| row["about"] == account && row.to_string().contains("it is left out");
        let odd = rows.iter().find(is_odd).unwrap_or_else(|| panic!("a group without a name: {rows:#?}"));
        assert_eq!((&odd["check"], &odd["state"]), (&"names".into(), &"warning".into()), "{odd}");
        let (_, address) = row(&rows, account, "webhook address");
        assert!(
            address.contains("a daemon answers") && address.contains(&format!("/hooks/{account}")),
            "{address}"
        );
    }
    // A person sees the same as a table.
    let one = house.desks[0].platform();
    let config = served.beside("deskbridge.yaml");
    let table = ask(&["doctor", "--config", config.to_str().unwrap(), "--account", one], "");
    assert_eq!(table.status.code(), Some(0), "{}", stderr(&table));
    assert!(stdout(&table).contains('✓') && stdout(&table).contains(one));
    assert!(!stdout(&table).contains(house.desks[1].platform()), "{}", stdout(&table));
}

/// Serves an HTML page for everything, as a proxy does that wants a login.
async fn proxy() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = Router::new().fallback(async || Html("<h1>Please log in</h1>"));
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    format!("http://{address}")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_broken_hides_nothing_of_the_rest() {
    let house = House::without_a_daemon().await;
    let config = house.write_settings("live", ONE_OF_EVERYTHING, "127.0.0.1:1", "127.0.0.1:2");
    let whole = std::fs::read_to_string(&config).unwrap();
    let urls: Vec<&str> = whole.lines().filter_map(|line| line.trim().strip_prefix("base_url: ")).collect();
    let [one, two, three] = [0, 1, 2].map(|at| house.desks[at].platform());
    let with = |text: &str| std::fs::write(&config, text).unwrap();

    // Nothing listens, a proxy answers, nobody knows the name, and the bundle is not there.
    let page = proxy().await;
    let broken = whole
        .replace(urls[0], "http://127.0.0.1:9")
        .replace(urls[1], &page)
        .replace(urls[2], "https://desk.invalid")
        .replace("onnx/starter", "onnx/nowhere");
    with(&broken);
    let (code, rows) = doctor(&config, &[]);
    assert_eq!(code, 1, "{rows:#?}");
    assert_eq!(row(&rows, "machine", "configuration").0, "wrong");
    assert_eq!(row(&rows, "machine", "store").0, "fine");
    for (account, word) in [(one, "TCP"), (two, "HTML page"), (three, "DNS")] {
        let (state, seen) = row(&rows, account, "reachable");
        assert!(state == "wrong" && seen.contains(word), "{account}: {seen}");
        let (state, seen) = row(&rows, account, "webhook address");
        assert!(state == "fine" && seen.contains("no daemon runs"), "{seen}");
        assert_eq!(row(&rows, account, "deliveries").0, "warning");
    }

    // A store whose folder is not there, beside accounts that are well.
    with(&whole.replace("/deskbridge.db", "/nowhere/deskbridge.db"));
    let (code, rows) = doctor(&config, &[]);
    assert_eq!((code, row(&rows, "machine", "store").0), (1, "wrong"), "{rows:#?}");
    assert_eq!(row(&rows, one, "credentials").0, "fine");

    // Settings that are none, and an account that is not there.
    with("accounts: 1\n");
    assert_eq!(doctor(&config, &[]).0, 78);
    with(&whole);
    let output = ask(&["doctor", "--config", config.to_str().unwrap(), "--account", "acme"], "");
    assert_eq!(output.status.code(), Some(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_that_a_platform_does_not_accept_are_named() {
    let house = House::without_a_daemon().await;
    let config = house.write_settings("live", ONE_OF_EVERYTHING, "127.0.0.1:1", "127.0.0.1:2");
    let whole = std::fs::read_to_string(&config).unwrap();
    let wrong: Vec<String> = whole
        .lines()
        .map(|line| match line.trim_start().split_once(':') {
            Some(("client_secret", _)) => {
                format!("{} another-secret", line.split_once(':').unwrap().0.to_owned() + ":")
            }
            Some(("credentials", rest)) if rest.contains("api_key") => {
                "    credentials: { api_key: another-key-1 }".into()
            }
            Some(("credentials", rest)) if rest.contains("access") => {
                "    credentials: { access_token: another-one-1 }".into()
            }
            _ => line.to_owned(),
        })
        .collect();
    std::fs::write(&config, wrong.join("\n")).unwrap();
    let (code, rows) = doctor(&config, &[]);
    assert_eq!(code, 1, "{rows:#?}");
    for desk in &house.desks {
        let (state, seen) = row(&rows, desk.platform(), "credentials");
        assert!(state == "wrong" && !seen.contains("null"), "{}: {seen}", desk.platform());
    }
}
