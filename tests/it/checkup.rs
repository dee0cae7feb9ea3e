//! `doctor`: every part the daemon stands on, fine or broken, and no broken one hides another.

use deskbridge_standins::Fault;
use deskbridge_standins::log::FaultKind;
use serde_json::Value;

use crate::harness::{House, ONE_OF_EVERYTHING, billing_ticket};
use crate::process::{ask, stderr, stdout};

/// The exit code, and every part.
fn doctor(config: &str, more: &[&str]) -> (i32, Vec<Value>) {
    let asked = [&["doctor", "--config", config, "--json"], more].concat();
    let found = tokio::task::block_in_place(|| ask(&asked, ""));
    let parts = stdout(&found).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    (found.status.code().unwrap_or_else(|| panic!("{}", stderr(&found))), parts)
}

fn part<'a>(parts: &'a [Value], name: &str) -> &'a Value {
    parts.iter().find(|part| part["part"] == name).unwrap_or_else(|| panic!("no {name}: {parts:#?}"))
}

async fn closed() -> (House, String) {
    let mut house = House::start("live", ONE_OF_EVERYTHING).await;
    for desk in &house.desks {
        desk.open(billing_ticket()).await;
    }
    house.settle().await;
    house.stop().await;
    let config = house.write_settings("live", ONE_OF_EVERYTHING, "127.0.0.1:1", "127.0.0.1:2");
    let config = config.to_str().unwrap().to_owned();
    (house, config)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_healthy_desk_is_said_to_be_so() {
    let (house, config) = closed().await;
    let (code, parts) = doctor(&config, &[]);
    assert_eq!(code, 0, "{parts:#?}");
    for name in ["settings and rulebook", "model", "daemon", "disk", "store", "inbox"] {
        assert_ne!(part(&parts, name)["state"], "wrong", "{parts:#?}");
    }
    assert!(part(&parts, "daemon")["seen"].as_str().unwrap().contains("none is running"));
    for desk in &house.desks {
        let of = |what: &str| part(&parts, &format!("{}: {what}", desk.platform()))["state"].clone();
        assert_eq!(
            (of("address"), of("clock"), of("deliveries")),
            ("fine".into(), "fine".into(), "fine".into())
        );
    }
    let text = tokio::task::block_in_place(|| ask(&["doctor", "--config", &config], ""));
    assert!(stdout(&text).contains('✓') && text.status.success(), "{}", stdout(&text));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_told_with_what_to_do_and_hides_nothing_else() {
    let (house, config) = closed().await;
    let settings = std::fs::read_to_string(&config).unwrap();
    let (refused, gone, fine) = (&house.desks[0], &house.desks[1], &house.desks[2]);
    refused.inject(Fault {
        method: None,
        path_contains: "/".into(),
        kind: FaultKind::Status { status: 401, retry_after: None },
        times: 100,
    });
    // Nobody listens where the second account is said to be.
    let nowhere = settings.replace(&gone.base_url(), "http://127.0.0.1:9");
    std::fs::write(&config, nowhere).unwrap();
    let (code, parts) = doctor(&config, &[]);
    assert_eq!(code, 1);
    let access = part(&parts, &format!("{}: access", refused.platform()));
    assert_eq!(access["state"], "wrong");
    assert!(access["seen"].as_str().unwrap().contains("credentials"), "{access}");
    let address = part(&parts, &format!("{}: address", gone.platform()));
    assert_eq!(address["state"], "wrong");
    assert!(address["todo"].as_str().unwrap().contains("base_url"), "{address}");
    assert_eq!(part(&parts, &format!("{}: address", fine.platform()))["state"], "fine");
    let only = doctor(&config, &["--account", fine.platform()]);
    assert_eq!(only.0, 0, "{:#?}", only.1);

    // A store that another hand has damaged.
    std::fs::write(&config, &settings).unwrap();
    let file = house.beside("damaged.db");
    let copied = tokio::task::block_in_place(|| {
        ask(&["backup", "--config", &config, "--out", file.to_str().unwrap()], "")
    });
    assert!(copied.status.success(), "{}", stderr(&copied));
    let mut bytes = std::fs::read(&file).unwrap();
    // Every page but the first, which says what kind of file it is.
    bytes[4096..].fill(0xA5);
    std::fs::write(&file, bytes).unwrap();
    let damaged = settings.replace("deskbridge.db", "damaged.db");
    std::fs::write(&config, damaged).unwrap();
    let (code, parts) = doctor(&config, &[]);
    assert_eq!(code, 1);
    let told: Vec<_> =
        parts.iter().filter(|part| part["state"] == "wrong" && part["part"] == "store").collect();
    assert!(!told.is_empty() && told[0]["todo"].as_str().unwrap().contains("backup"), "{parts:#?}");

    std::fs::write(&config, settings.replace("/onnx/starter", "/onnx/nowhere")).unwrap();
    let (code, parts) = doctor(&config, &["--account", fine.platform()]);
    assert_eq!(code, 1);
    assert!(
        parts
            .iter()
            .any(|part| part["state"] == "wrong" && part["seen"].as_str().unwrap().contains("manifest.json")),
        "{parts:#?}"
    );
    assert_eq!(part(&parts, &format!("{}: address", fine.platform()))["state"], "fine");
    let unusable = tokio::task::block_in_place(|| ask(&["doctor", "--config", "/nowhere.yaml"], ""));
    assert_eq!(unusable.status.code(), Some(78));
}
