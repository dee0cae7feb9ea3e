//! A second bundle beside the one that decides, and a new bundle in its place.

use std::path::Path;

use serde_json::Value;

use crate::harness::{House, ONE_OF_EVERYTHING, billing_ticket, project, wait_until};
use crate::process::{Served, ask, stderr, stdout};

/// A bundle with the starter's categories, made from their descriptions alone: much less sure than the starter.
fn other_bundle(out: &Path) {
    let labels = project().join("onnx/starter/labels.yaml");
    let asked = ["zero-shot", "--labels", labels.to_str().unwrap(), "--out", out.to_str().unwrap()];
    let made = ask(&asked, "");
    assert!(made.status.success(), "{}", stderr(&made));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_challenger_is_asked_and_reported_and_decides_nothing() {
    let folder = tempfile::tempdir().unwrap();
    other_bundle(folder.path());
    let mut house = House::without_a_daemon().await;
    house.challenger = Some(folder.path().to_owned());
    house.open("live", ONE_OF_EVERYTHING).await;
    for desk in &house.desks {
        let ticket = desk.open(billing_ticket()).await;
        house.settle().await;
        let entry = house.decided(desk.as_ref(), &ticket).await.remove(0);
        assert_eq!(entry.heads["category"]["label"], "billing");
        assert_eq!(entry.digests.as_ref().unwrap().model, starter().as_str());
        let trial = entry.challenger.expect("the challenger was asked too");
        assert_ne!(trial.model, starter());
        assert_eq!(trial.heads["category"]["label"], "billing", "{trial:?}");
        assert_ne!(trial.heads["category"]["confidence"], entry.heads["category"]["confidence"]);
        assert!(trial.heads.get("priority").is_none(), "it has a head of its own alone");
        assert_eq!(
            desk.ticket(&ticket).unwrap().group.as_deref(),
            Some("Billing"),
            "the live bundle's rules act"
        );
    }
    house.stop().await;
    let config = house.write_settings("live", ONE_OF_EVERYTHING, "127.0.0.1:1", "127.0.0.1:2");
    let config = config.to_str().unwrap();
    let report = ask(&["report", "--config", config, "--format", "json"], "");
    let report: Value = serde_json::from_str(&stdout(&report)).unwrap();
    let category = &report["challenge"]["heads"]["category"];
    assert_eq!(category["n"], house.desks.len(), "{report:#}");
    let named = category["same"].as_u64().unwrap() + category["only_live"].as_u64().unwrap();
    assert_eq!(named, house.desks.len() as u64, "the same label, or too unsure to name it: {category}");
    for format in ["text", "html"] {
        let told = stdout(&ask(&["report", "--config", config, "--format", format], ""));
        assert!(told.to_lowercase().contains("challenger"), "{told}");
    }

    std::fs::remove_file(folder.path().join("heads.onnx")).unwrap();
    let checked = ask(&["check", "--config", config], "");
    let told = stderr(&checked);
    assert!(
        checked.status.code() == Some(78) && told.contains("heads.onnx") && told.contains("model.challenger"),
        "{told}"
    );
}

/// The starter's digest.
fn starter() -> String {
    deskbridge_onnx::Bundle::open(&project().join("onnx/starter")).unwrap().digest.as_str().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_bundle_is_compared_on_the_last_tickets_before_it_takes_over() {
    let folder = tempfile::tempdir().unwrap();
    let served_from = folder.path().join("bundle");
    copy(&project().join("onnx/starter"), &served_from);
    let mut house = House::start("shadow", ONE_OF_EVERYTHING).await;
    house.stop().await;
    house.bundle = served_from.clone();
    let served = Served::start(&house, "shadow", ONE_OF_EVERYTHING).await;
    for desk in &house.desks {
        desk.open(billing_ticket()).await;
    }
    house.settle().await;
    let next = folder.path().join("next");
    other_bundle(&next);
    copy(&next, &served_from);
    served.hang_up();
    wait_until("the bundle is swapped", async || served.log().contains("rulebook and bundle reloaded")).await;
    let log = served.log();
    assert!(log.contains("of the last 3 tickets (category "), "{log}");
    assert!(!log.contains("charged"), "no text of a ticket is told");
    let desk = &house.desks[0];
    let ticket = desk.open(billing_ticket()).await;
    house.settle().await;
    let model = house.decided(desk.as_ref(), &ticket).await.remove(0).digests.unwrap().model;
    assert_ne!(model, starter());
    // Both bundles were in memory at once, on one encoder.
    let peak = served.peak_bytes() / 1024 / 1024;
    assert!(peak < 250, "{peak} MiB");
    assert!(served.terminate().success());
}

/// A bundle's files, the manifest last.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for name in ["encoder.onnx", "tokenizer.json", "lexicon.bin", "heads.onnx", "manifest.json"] {
        std::fs::copy(from.join(name), to.join(name)).unwrap();
    }
}
