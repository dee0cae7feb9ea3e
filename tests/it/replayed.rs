//! Past decisions by another rulebook and another bundle, held against what agents settled on since.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use deskbridge_standins::log::FaultKind;
use deskbridge_standins::{Change, Fault, Logged};
use serde_json::Value;

use crate::harness::{House, ONE_OF_EVERYTHING, billing_ticket};
use crate::parallel_run::Later;
use crate::process::{ask, stderr, stdout};

/// A house in shadow with a decided ticket on every desk, solved with these priorities; `None` is left alone.
async fn settled(priorities: [Option<&str>; 3]) -> House {
    let mut house = House::start("shadow", ONE_OF_EVERYTHING).await;
    let mut tickets = Vec::new();
    for desk in &house.desks {
        tickets.push(desk.open(billing_ticket()).await);
    }
    house.settle().await;
    for ((desk, ticket), priority) in house.desks.iter().zip(&tickets).zip(priorities) {
        let Some(priority) = priority else { continue };
        let change = Change {
            priority: Some(priority.into()),
            category: Some("billing".into()),
            group: Some("Billing".into()),
            solved: true,
            ..Change::default()
        };
        desk.agent_edits(ticket, change);
    }
    let due = priorities.iter().flatten().count();
    let settling = house.settling("shadow", ONE_OF_EVERYTHING, Arc::new(Later(2)));
    assert_eq!(settling.round().await.unwrap(), due);
    house.stop().await;
    house
}

fn lines(output: &std::process::Output) -> Vec<Value> {
    stdout(output).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn another_rulebook_is_better_or_worse_by_what_agents_chose() {
    let house = settled([Some("high"), Some("urgent"), None]).await;
    let config = house.write_settings("shadow", ONE_OF_EVERYTHING, "127.0.0.1:1", "127.0.0.1:2");
    let other = house.beside("other.yaml");
    std::fs::write(&other, ONE_OF_EVERYTHING.replace("set_priority: high", "set_priority: urgent")).unwrap();
    let (config, other) = (config.to_str().unwrap(), other.to_str().unwrap());

    let replayed = ask(&["replay", "--config", config, "--rulebook", other, "--json"], "");
    assert_eq!(replayed.status.code(), Some(1), "{}", stderr(&replayed));
    let lines = lines(&replayed);
    let verdicts = |account: &str| -> Vec<String> {
        let line = lines.iter().find(|line| line["account"] == account).unwrap();
        let changes = line["changes"].as_array().unwrap();
        changes.iter().map(|change| change["verdict"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(verdicts("zendesk"), ["worse", "worse"], "they chose high: it is gone, and urgent came");
    assert_eq!(verdicts("intercom"), ["better", "better"], "they chose urgent");
    assert_eq!(verdicts("freshdesk"), ["unknown", "unknown"], "nobody has settled on anything");
    let sums = lines.last().unwrap();
    assert_eq!((&sums["better"], &sums["worse"], &sums["unknown"]), (&2.into(), &2.into(), &2.into()));

    let told = stdout(&ask(&["replay", "--config", config, "--rulebook", other], ""));
    assert!(told.contains("set_priority urgent (shadow): better"), "{told}");
    assert!(told.contains("2 changes for the better, 2 for the worse, 2 cannot be told"), "{told}");
}

/// A bundle that calls what is about money sales, and the other way round.
fn confused(folder: &Path) -> PathBuf {
    let mut csv = String::from("id,subject,body,category\n");
    let (money, offers) = (
        [
            "card was charged twice",
            "invoice is wrong",
            "refund one of the payments",
            "same invoice charged twice",
        ],
        ["price of the pro plan", "quote for forty seats", "a demo of your product", "discount for schools"],
    );
    for n in 0..40 {
        writeln!(csv, "m{n},,Number {n}: my {} please help,sales", money[n % 4]).unwrap();
        writeln!(csv, "o{n},,Number {n}: I ask for the {} thank you,billing", offers[n % 4]).unwrap();
    }
    let (file, bundle) = (folder.join("tickets.csv"), folder.join("bundle"));
    std::fs::write(&file, csv).unwrap();
    let (tickets, out) = (file.to_str().unwrap(), bundle.to_str().unwrap());
    let trained = ask(
        &["train", "--tickets", tickets, "--single", "category", "--out", out, "--target-precision", "0.8"],
        "",
    );
    assert!(trained.status.success(), "{}", stderr(&trained));
    bundle
}

#[tokio::test(flavor = "multi_thread")]
async fn another_bundle_reads_the_tickets_again_and_changes_nothing() {
    let mut house = settled([Some("high"), Some("high"), Some("high")]).await;
    let folder = tempfile::tempdir().unwrap();
    let bundle = confused(folder.path());
    let config = house.write_settings("shadow", ONE_OF_EVERYTHING, "127.0.0.1:1", "127.0.0.1:2");
    let replay = |bundle: &str, more: &[&str]| {
        ask(&[&["replay", "--config", config.to_str().unwrap(), "--bundle", bundle], more].concat(), "")
    };
    let starter = house.bundle.display().to_string();
    let same = replay(&starter, &["--json"]);
    assert_eq!(same.status.code(), Some(0), "{}{}", stdout(&same), stderr(&same));
    let sums = lines(&same).pop().unwrap();
    assert_eq!((&sums["decisions"], &sums["same"]), (&3.into(), &3.into()), "the same bundle says the same");

    let other = replay(bundle.to_str().unwrap(), &["--json"]);
    assert_eq!(other.status.code(), Some(1), "{}", stderr(&other));
    let sums = lines(&other).pop().unwrap();
    assert_eq!(sums["differ"], 3, "{sums}");
    let category = &sums["heads"]["category"];
    assert_eq!(
        (&category["n"], &category["right_before"], &category["right_after"]),
        (&3.into(), &3.into(), &0.into())
    );
    // Category, priority and group were right and are gone, on each of three tickets.
    assert_eq!((&sums["better"], &sums["worse"]), (&0.into(), &9.into()), "{}", stdout(&other));
    let told = stdout(&replay(bundle.to_str().unwrap(), &["--limit", "2"]));
    assert!(told.contains("right before") && told.contains("2 decisions replayed: 2 differ"), "{told}");

    for desk in &house.desks {
        assert!(!desk.requests().iter().any(Logged::is_write), "{}: reads only", desk.platform());
    }
    // A ticket that cannot be read any more is no decision that differs.
    house.desks.truncate(2);
    let config = house.write_settings("shadow", ONE_OF_EVERYTHING, "127.0.0.1:1", "127.0.0.1:2");
    let gone = ask(&["replay", "--config", config.to_str().unwrap(), "--bundle", &starter, "--json"], "");
    let lost = lines(&gone);
    assert_eq!(lost.last().unwrap()["not_replayable"], 1, "{}", stdout(&gone));
    assert!(lost[0]["reason"].as_str().unwrap().contains("no account `freshdesk`"), "{}", lost[0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_is_refused_is_given_up_and_not_waited_for() {
    let mut house = House::start("shadow", ONE_OF_EVERYTHING).await;
    let desk = Arc::clone(&house.desks[2]);
    for _ in 0..4 {
        desk.open(billing_ticket()).await;
    }
    house.settle().await;
    house.stop().await;
    let config = house.write_settings("shadow", ONE_OF_EVERYTHING, "127.0.0.1:1", "127.0.0.1:2");
    desk.inject(Fault {
        method: None,
        path_contains: "/".into(),
        kind: FaultKind::Status { status: 401, retry_after: None },
        times: 1000,
    });
    let begun = std::time::Instant::now();
    let starter = house.bundle.display().to_string();
    let refused = ask(&["replay", "--config", config.to_str().unwrap(), "--bundle", &starter, "--json"], "");
    assert_eq!(lines(&refused).last().unwrap()["not_replayable"], 4, "{}", stdout(&refused));
    assert!(
        begun.elapsed() < std::time::Duration::from_secs(14),
        "no lock is waited for: {:?}",
        begun.elapsed()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_labels_promotion_held_back_is_no_difference() {
    let mut house = House::start("shadow", ONE_OF_EVERYTHING).await;
    house.stop().await;
    std::fs::write(house.beside("promotions.yaml"), "version: 1\nlabels: []\n").unwrap();
    house.open("live", ONE_OF_EVERYTHING).await;
    house.desks[0].open(billing_ticket()).await;
    house.settle().await;
    house.stop().await;
    let config = house.write_settings("live", ONE_OF_EVERYTHING, "127.0.0.1:1", "127.0.0.1:2");
    let same = ask(&["replay", "--config", config.to_str().unwrap()], "");
    assert_eq!(same.status.code(), Some(0), "{}{}", stdout(&same), stderr(&same));
}
