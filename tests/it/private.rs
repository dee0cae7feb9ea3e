//! Everything that the daemon wrote or answered, searched for what a customer wrote and for every secret of the settings.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use deskbridge_standins::NewTicket;

use crate::harness::{House, ONE_OF_EVERYTHING, billing_ticket, wait_until};
use crate::process::{Served, ask, stderr, stdout};

const MARKS: [&str; 4] =
    ["ZEBRACROSSING-SUBJECT", "ZEBRACROSSING-BODY", "zebra.crossing@mail.example", "+49 171 5551234567"];

/// A ticket that the starter is sure about, with a mark in everything a customer says.
fn marked() -> NewTicket {
    let plain = billing_ticket();
    NewTicket {
        subject: format!("{} {}", plain.subject, MARKS[0]),
        // As mail comes: whoever takes markup apart must not tell what it found.
        body: format!("<div><p>{}</p> <b>{}</b> {} {}</div>", plain.body, MARKS[1], MARKS[2], MARKS[3]),
        email: MARKS[2].into(),
        ..plain
    }
}

/// Plain, in lower case, and as base64 and hexadecimal digits would hold it.
fn forms(text: &str) -> Vec<String> {
    vec![text.to_owned(), text.to_lowercase(), STANDARD.encode(text), hex::encode(text)]
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_a_customer_wrote_and_no_secret_is_left_anywhere() {
    let mut house = House::without_a_daemon().await;
    house.sections = "log: { level: debug, format: json }\n";
    house.open("live", ONE_OF_EVERYTHING).await;
    house.stop().await;
    let served = Served::start(&house, "live", ONE_OF_EVERYTHING).await;
    let mut tickets = Vec::new();
    for desk in &house.desks {
        tickets.push((desk.clone(), desk.open(marked()).await));
        // Told apart from the true ones, and no more of them is said.
        assert!(desk.forge(&tickets.last().unwrap().1).await >= 400);
    }
    for (desk, ticket) in &tickets {
        wait_until("it is decided", async || !house.decided(desk.as_ref(), ticket).await.is_empty()).await;
    }
    house.settle().await;
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let mut written: Vec<(String, Vec<u8>)> = Vec::new();
    for path in [
        "/metrics",
        "/",
        "/decisions",
        "/decisions/1",
        "/agreement",
        "/promotion",
        "/drift",
        "/dead",
        "/review",
        "/api/decisions",
        "/api/report",
    ] {
        let answer = client.get(format!("{}{path}", served.admin)).send().await.unwrap();
        written.push((path.to_owned(), answer.bytes().await.unwrap().to_vec()));
    }
    let config = served.beside("deskbridge.yaml");
    let config = config.to_str().unwrap();
    for command in [
        &["decisions", "--config", config, "--json"][..],
        &["report", "--config", config, "--format", "json"],
        &["check", "--config", config, "--json"],
        &["doctor", "--config", config, "--json"],
        &["dead", "list", "--config", config, "--json"],
    ] {
        let said = tokio::task::block_in_place(|| ask(command, ""));
        written.push((command[0].to_owned(), [stdout(&said), stderr(&said)].concat().into_bytes()));
    }
    assert!(served.terminate().success());
    // A settled body is overwritten in the file, and stands in the log until its next turn: that is now.
    let store = rusqlite::Connection::open(house.beside("deskbridge.db")).unwrap();
    let busy: i64 = store.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0)).unwrap();
    assert_eq!(busy, 0);
    drop(store);
    for file in std::fs::read_dir(house.beside("")).unwrap() {
        let path = file.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_file() && name != "deskbridge.yaml" {
            written.push((name, std::fs::read(&path).unwrap()));
        }
    }
    assert!(written.iter().any(|(name, bytes)| name == "deskbridge.db" && bytes.len() > 50_000));
    assert!(written.iter().any(|(name, bytes)| name == "daemon.log" && bytes.len() > 1_000));
    let settings = std::fs::read_to_string(config).unwrap();
    let secret = settings
        .lines()
        .filter(|line| line.contains("secret") || line.contains("token") || line.contains("api_key"));
    let secrets: Vec<&str> = secret
        .flat_map(|line| line.split(['"', ' ', ',', '[', ']', '{', '}']))
        .filter(|word| word.len() > 11 && !word.ends_with(':') && !word.contains('/'))
        .collect();
    assert!(secrets.len() >= 4, "{}", secrets.len());
    let hidden: Vec<String> = MARKS.iter().chain(&secrets).flat_map(|text| forms(text)).collect();
    for (place, bytes) in &written {
        for text in &hidden {
            assert!(!holds(bytes, text), "{place} holds {text}");
        }
    }
}
