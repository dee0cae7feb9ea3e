//! Resolved tickets as a tickets file, from every desk, also when the run is interrupted.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use deskbridge::clock::{Clock, SystemClock};
use deskbridge::offline::export::{Columns, Export, Sink, Step};
use deskbridge_standins::{Change, NewTicket};
use jiff::{SignedDuration, Timestamp};

use crate::harness::{House, ONE_OF_EVERYTHING, billing_ticket};
use crate::process::{ask, stderr, stdout};

fn solved(category: &str) -> Change {
    Change {
        category: Some(category.into()),
        priority: Some("high".into()),
        group: Some("Billing".into()),
        solved: true,
        ..Change::default()
    }
}

fn written(number: usize) -> NewTicket {
    let body = format!("Question number {number}: where is my parcel? Write to me at jo@mail.example.");
    NewTicket {
        subject: format!("Parcel {number}"),
        body,
        email: "jo@mail.example".into(),
        ..NewTicket::default()
    }
}

fn rows(file: &Path) -> Vec<Vec<String>> {
    let mut reader = csv::Reader::from_path(file).unwrap();
    reader.records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect()
}

/// An hour from now: what has just been solved lies before it.
fn soon() -> Timestamp {
    SystemClock.now() + SignedDuration::from_hours(1)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_agents_settled_on_becomes_a_tickets_file_on_every_desk() {
    let mut house = House::start("shadow", ONE_OF_EVERYTHING).await;
    house.stop().await;
    for desk in &house.desks {
        for (number, category) in ["shipping", "returns"].into_iter().enumerate() {
            let ticket = desk.open_quietly(written(number));
            desk.agent_edits(&ticket, solved(category));
        }
        // Still open, and therefore left out.
        desk.open_quietly(written(9));
    }
    let config = house.write_settings("shadow", ONE_OF_EVERYTHING, "127.0.0.1:1", "127.0.0.1:2");
    let config = config.as_path();
    let until = soon().to_string();
    for desk in &house.desks {
        let account = desk.platform();
        let out = config.with_file_name(format!("{account}.csv"));
        let command = |extra: &[&str]| {
            let all = ["export", "--config", config.to_str().unwrap(), "--account", account, "--since", "1d"];
            ask(&[&all[..], &["--until", &until, "--out", out.to_str().unwrap()], extra].concat(), "")
        };
        let done = command(&["--json"]);
        assert!(done.status.success(), "{account}: {}", stderr(&done));
        let said: serde_json::Value = serde_json::from_str(&stdout(&done)).unwrap();
        assert_eq!((&said["rows"], &said["unlabelled"]), (&2.into(), &0.into()), "{account}");
        let header = csv::Reader::from_path(&out).unwrap().headers().unwrap().clone();
        assert_eq!(
            header.iter().collect::<Vec<_>>(),
            ["id", "subject", "body", "created_at", "requester", "language", "category", "priority"]
        );
        let mut labels: Vec<String> = rows(&out).iter().map(|row| format!("{} {}", row[6], row[7])).collect();
        labels.sort();
        assert_eq!(labels, ["returns high", "shipping high"], "{account}");
        let text = std::fs::read_to_string(&out).unwrap();
        assert!(text.contains("where is my parcel") && !text.contains("jo@mail.example"), "{text}");
        let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&out).unwrap().permissions());
        assert_eq!(mode & 0o777, 0o600);
        let again = command(&[]);
        assert_eq!(again.status.code(), Some(2));
        assert!(stderr(&again).contains("is complete"), "{}", stderr(&again));
        // Two tickets teach nothing, and `train` says so of their labels: the file itself it can read.
        let bundle = config.with_file_name("bundle");
        let train = ["train", "--tickets", out.to_str().unwrap(), "--single", "category", "--out"];
        let train = ask(&[&train[..], &[bundle.to_str().unwrap()]].concat(), "");
        assert!(stderr(&train).contains("example"), "{}", stderr(&train));
    }
    let unknown = ["export", "--config", config.to_str().unwrap(), "--account", "acme", "--since", "1d"];
    let unknown = ask(&[&unknown[..], &["--out", "x.csv"]].concat(), "");
    assert!(stderr(&unknown).contains("there is no account `acme`"), "{}", stderr(&unknown));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_run_goes_on_and_the_file_is_the_same() {
    let mut house = House::start("shadow", ONE_OF_EVERYTHING).await;
    house.stop().await;
    // Two pages and a bit on each desk.
    let count = |platform: &str| if platform == "intercom" { 310 } else { 210 };
    for desk in &house.desks {
        desk.raise_limit();
        for number in 0..count(desk.platform()) {
            let ticket = desk.open_quietly(written(number));
            desk.agent_edits(&ticket, solved(["shipping", "returns"][number % 2]));
        }
    }
    let settling = house.settling("shadow", ONE_OF_EVERYTHING, Arc::new(SystemClock));
    let times = (Timestamp::UNIX_EPOCH, soon());
    for (name, account) in &settling.accounts {
        let heads = &settling.sources[name];
        let folder = tempfile::tempdir().unwrap();
        let run = async |file: &str, most: usize| {
            let looked = AtomicUsize::new(0);
            let stop = tokio::sync::Notify::new();
            let told = |step: Step| {
                if step == Step::Looked && looked.fetch_add(1, Ordering::Relaxed) + 1 == most {
                    stop.notify_one();
                }
            };
            let export = Export {
                account,
                store: None,
                heads,
                ours: false,
                since: times.0,
                until: times.1,
                told: &told,
            };
            let path = folder.path().join(file);
            let mut sink = Sink::open(&path, Columns::of(heads), "all", times).unwrap();
            tokio::select! {
                biased;
                () = stop.notified() => None,
                done = export.run(&mut sink) => Some(done.unwrap()),
            }
        };
        let whole = run("whole.csv", usize::MAX).await.unwrap();
        let mut interruptions = 0;
        let broken = loop {
            match run("broken.csv", 170).await {
                Some(done) => break done,
                None => interruptions += 1,
            }
        };
        assert!(interruptions >= 1, "{name}: nothing was interrupted");
        assert_eq!(broken, whole, "{name}");
        let read = |file: &str| std::fs::read_to_string(folder.path().join(file)).unwrap();
        assert!(read("broken.csv") == read("whole.csv"), "{name}: the files differ");
        assert_eq!(rows(&folder.path().join("whole.csv")).len(), count(name), "{name}");
        assert!(!folder.path().join("whole.csv.export-state").exists());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_deskbridge_wrote_and_nobody_confirmed_is_left_out() {
    let mut house = House::start("live", ONE_OF_EVERYTHING).await;
    let mut tickets = Vec::new();
    for desk in &house.desks {
        tickets.push(desk.open(billing_ticket()).await);
    }
    house.settle().await;
    for (desk, ticket) in house.desks.iter().zip(&tickets) {
        desk.agent_edits(ticket, Change { solved: true, ..Change::default() });
    }
    house.stop().await;
    let config = house.write_settings("live", ONE_OF_EVERYTHING, "127.0.0.1:1", "127.0.0.1:2");
    let until = soon().to_string();
    for desk in &house.desks {
        let category = |file: &str, extra: &[&str]| {
            let out = config.with_file_name(format!("{}-{file}.csv", desk.platform()));
            let all = ["export", "--config", config.to_str().unwrap(), "--account", desk.platform()];
            let more = ["--since", "1d", "--until", &until, "--out", out.to_str().unwrap()];
            let done = ask(&[&all[..], &more, extra].concat(), "");
            assert!(done.status.success(), "{}", stderr(&done));
            rows(&out)[0][6].clone()
        };
        assert_eq!(category("theirs", &[]), "", "{}", desk.platform());
        assert_eq!(category("all", &["--ours"]), "billing", "{}", desk.platform());
    }
}
