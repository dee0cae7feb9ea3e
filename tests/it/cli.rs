//! The command line as a user meets it: output, errors with their place, exit codes.

use serde_json::Value;

use crate::harness::{House, ONE_OF_EVERYTHING, billing_ticket, wait_until};
use crate::process::{Served, ask, ask_bytes, stderr, stdout};

#[test]
fn classify_prints_the_documented_line_for_each_ticket() {
    let input = "{\"id\":\"a\",\"subject\":\"Invoice\",\"body\":\"I was charged twice, please refund\"}\n\n{\"id\":7,\"body\":\"where is my parcel\"}\n";
    let output = ask(&["classify", "--bundle", "onnx/starter"], input);
    assert!(output.status.success(), "{}", stderr(&output));
    let lines: Vec<Value> = stdout(&output).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[0]["id"], "a");
    assert_eq!(lines[1]["id"], "7");
    assert_eq!(lines[0]["language"]["code"], "en");
    let category = &lines[0]["heads"]["category"];
    assert_eq!(category["label"], "billing");
    assert!(category["confidence"].as_f64().unwrap() > category["runner_up"]["confidence"].as_f64().unwrap());
    assert!(category["abstained"].is_boolean());
}

#[test]
fn classify_says_which_line_is_wrong_without_quoting_it() {
    let output = ask(&["classify"], "{\"id\":\"a\",\"body\":\"fine\"}\n{\"body\": secret words}\n");
    assert_eq!(output.status.code(), Some(2));
    let error = stderr(&output);
    assert!(error.contains("standard input:2:"), "{error}");
    assert!(!error.contains("secret words"), "{error}");
}

#[test]
fn a_missing_bundle_is_bad_settings_with_a_remedy() {
    let output = ask(&["classify", "--bundle", "no/such/bundle"], "");
    assert_eq!(output.status.code(), Some(78));
    assert!(stderr(&output).contains("no/such/bundle"), "{}", stderr(&output));
}

#[test]
fn every_command_explains_itself_with_an_example() {
    for command in [
        "serve",
        "check",
        "test",
        "schema",
        "replay",
        "classify",
        "explain",
        "train",
        "generate",
        "decisions",
        "report",
        "dead",
        "demo",
        "convert",
        "completions",
        "man",
    ] {
        let output = ask(&[command, "--help"], "");
        assert!(output.status.success(), "{command}");
        assert!(stdout(&output).contains("Example"), "{command}: {}", stdout(&output));
    }
    assert_eq!(ask(&["no-such-command"], "").status.code(), Some(2));
}

#[test]
fn check_reports_every_problem_at_once_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let settings = folder.path().join("broken.yaml");
    let rules = folder.path().join("rules.yaml");
    std::fs::write(
        &rules,
        "version: 1\nrules:\n  - id: a\n    when: { categry: billing }\n    then: [{ set_priorty: high }]\n",
    )
    .unwrap();
    std::fs::write(
        &settings,
        format!(
            "server: {{ lisen: 127.0.0.1:8080 }}\nrulebook: \"{}\"\nmodel: {{ bundle: onnx/starter }}\nmode: shaddow\naccounts:\n  acme:\n    platform: zendesk\n    base_url: http://acme.zendesk.com\n",
            rules.display()
        ),
    )
    .unwrap();
    let output = ask(&["check", "--config", settings.to_str().unwrap()], "");
    assert_eq!(output.status.code(), Some(78));
    let error = stderr(&output);
    for wanted in [
        "broken.yaml:1:",
        "lisen",
        "listen",
        "broken.yaml:4:",
        "shadow",
        "base_url",
        "webhook",
        "credentials",
        "rules.yaml:4:",
        "rules.yaml:5:",
    ] {
        assert!(error.contains(wanted), "{wanted} is missing in:\n{error}");
    }
}

#[test]
fn unusable_settings_do_not_hide_the_port_and_the_bundle() {
    let folder = tempfile::tempdir().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let settings = folder.path().join("broken.yaml");
    std::fs::write(
        &settings,
        format!(
            "server: {{ listen: \"{address}\" }}\nmodel: {{ bundle: no/such/bundle }}\nrulebook: no/such/rules.yaml\n\
             mode: shaddow\naccounts: {{}}\n"
        ),
    )
    .unwrap();
    let output = ask(&["serve", "--config", settings.to_str().unwrap()], "");
    assert_eq!(output.status.code(), Some(78));
    let error = stderr(&output);
    for wanted in ["broken.yaml:4:", "no account", "no/such/bundle", "no/such/rules.yaml", "server.listen"] {
        assert!(error.contains(wanted), "{wanted} is missing in:\n{error}");
    }
}

#[test]
fn classify_reads_missing_texts_and_says_which_line_is_no_text() {
    let output = ask(&["classify"], "\u{feff}{\"id\":-1,\"subject\":null,\"body\":\"charged twice\"}\n");
    assert!(output.status.success(), "{}", stderr(&output));
    let line: Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!(line["id"], "-1");
    let output = ask_bytes(&["classify"], b"\n{\"id\":\"a\",\"body\":\"\xff\"}\n");
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("standard input:2: this line is not UTF-8"), "{}", stderr(&output));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_cannot_be_used_is_bad_settings_for_every_command() {
    let mut house = House::start("shadow", ONE_OF_EVERYTHING).await;
    house.stop().await;
    let config = house.write_settings("shadow", ONE_OF_EVERYTHING, "127.0.0.1:0", "127.0.0.1:0");
    let text = std::fs::read_to_string(&config).unwrap().replace("sqlite:/", "sqlite:/no/such/folder/");
    std::fs::write(&config, text).unwrap();
    let config = config.to_str().unwrap();
    for command in [&["serve"][..], &["check"], &["decisions"], &["dead", "list"]] {
        let output = ask(&[command, &["--config", config]].concat(), "");
        assert_eq!(output.status.code(), Some(78), "{command:?}: {}", stderr(&output));
        assert!(stderr(&output).contains("/no/such/folder/"), "{command:?}: {}", stderr(&output));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_served_ticket_is_seen_by_every_command() {
    let mut house = House::start("shadow", ONE_OF_EVERYTHING).await;
    house.stop().await;
    let served = Served::start(&house, "shadow", ONE_OF_EVERYTHING).await;
    let desk = &house.desks[0];
    let ticket = desk.open(billing_ticket()).await;
    assert_eq!(desk.send_malformed().await, 200);
    house.settle().await;
    let config = house.write_settings("shadow", ONE_OF_EVERYTHING, "127.0.0.1:1", "127.0.0.1:2");
    let config = config.to_str().unwrap();

    let scrape =
        async || reqwest::get(format!("{}/metrics", served.admin)).await.unwrap().text().await.unwrap();
    wait_until("it is counted", async || scrape().await.contains("deskbridge_dead_letters 1")).await;
    let metrics = scrape().await;
    for name in [
        "deskbridge_webhook_requests_total",
        "deskbridge_decisions_total",
        "deskbridge_inbox_depth",
        "deskbridge_ack_seconds",
        "deskbridge_inference_seconds",
        "deskbridge_dead_letters 1",
        "deskbridge_build_info",
    ] {
        assert!(metrics.contains(name), "{name} is missing in:\n{metrics}");
    }
    assert!(!metrics.contains("charged twice"), "no ticket text in a metric");

    let output = ask(&["decisions", "--config", config, "--json"], "");
    let line: Value = serde_json::from_str(stdout(&output).lines().next().unwrap()).unwrap();
    for key in [
        "id",
        "account",
        "platform",
        "ticket",
        "delivery",
        "received_at",
        "decided_at",
        "mode",
        "language",
        "heads",
        "rules",
        "effects",
        "outcome",
        "model",
        "rulebook",
    ] {
        assert!(line.get(key).is_some(), "{key} is missing in {line}");
    }
    assert_eq!(line["outcome"], "shadowed");
    assert!(stdout(&ask(&["decisions", "--config", config], "")).contains(&ticket));
    let output = ask(&["report", "--config", config, "--format", "json"], "");
    let report: Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!(report["window"]["tickets"], 0, "nobody has settled on anything yet");
    assert!(report["window"]["answers"].as_u64().unwrap() > 0, "but there are answers to watch for drift");

    let explained =
        ask(&["explain", "--config", config, "--ticket", &format!("{}/{ticket}", desk.platform())], "");
    assert!(explained.status.success(), "{}", stderr(&explained));
    assert!(stdout(&explained).contains("billing"), "{}", stdout(&explained));

    let listed = stdout(&ask(&["dead", "list", "--config", config, "--json"], ""));
    let letter: Value = serde_json::from_str(listed.lines().next().unwrap()).unwrap();
    let id = letter["id"].to_string();
    assert!(letter["reason"].as_str().unwrap().contains('$'), "{letter}");
    assert!(ask(&["dead", "show", "--config", config, &id], "").status.success());
    assert!(ask(&["dead", "requeue", "--config", config, &id], "").status.success());
    house.settle().await;
    assert_eq!(
        ask(&["dead", "drop", "--config", config, &id], "").status.code(),
        Some(0),
        "it died again, and is dropped"
    );
    assert_eq!(
        ask(&["dead", "drop", "--config", config, &id], "").status.code(),
        Some(1),
        "and is not there any more"
    );

    let online = ask(&["check", "--config", config, "--online"], "");
    assert!(online.status.success(), "{}{}", stdout(&online), stderr(&online));
    assert!(served.terminate().success(), "SIGTERM drains and ends with 0");
}

#[tokio::test(flavor = "multi_thread")]
async fn check_online_names_the_group_that_an_account_does_not_have() {
    let mut house = House::start("shadow", ONE_OF_EVERYTHING).await;
    house.stop().await;
    let rules = ONE_OF_EVERYTHING.replace("groups: { billing: Billing }", "groups: { billing: Biling }");
    let config = house.write_settings("shadow", &rules, "127.0.0.1:1", "127.0.0.1:2");
    let output = ask(&["check", "--config", config.to_str().unwrap(), "--online"], "");
    assert_eq!(output.status.code(), Some(78), "{}", stdout(&output));
    let error = stderr(&output);
    assert!(error.contains("Biling") && error.contains("did you mean `Billing`"), "{error}");
    assert!(error.contains("rules.yaml:"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn check_online_tells_what_conditions_ask_for_in_vain() {
    let mut house = House::start("shadow", ONE_OF_EVERYTHING).await;
    house.stop().await;
    let rules = ONE_OF_EVERYTHING.replace(
        "when: { category: billing }",
        "when: { all: [{ category: billing }, { brand: Outled }, { group: Loggistics }] }",
    );
    let config = house.write_settings("shadow", &rules, "127.0.0.1:1", "127.0.0.1:2");
    let output = ask(&["check", "--config", config.to_str().unwrap(), "--online"], "");
    let said = stderr(&output);
    for unknown in [
        "brand named `Outled`; did you mean `Outlet`?",
        "group named `Loggistics`; did you mean `Logistics`?",
    ] {
        let warning = format!(
            "rules.yaml:8:9: warning: account `zendesk`: the rule `billing` asks for what is not there: the account has no {unknown}"
        );
        assert!(said.contains(&warning), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn check_online_tells_of_triggers_that_undo_a_rule() {
    let mut house = House::start("shadow", ONE_OF_EVERYTHING).await;
    house.stop().await;
    house.desks.iter().for_each(|desk| desk.reassigns_at_updates("Tier one first", "Technical Support"));
    let config = house.write_settings("shadow", ONE_OF_EVERYTHING, "127.0.0.1:1", "127.0.0.1:2");
    let output = ask(&["check", "--config", config.to_str().unwrap(), "--online"], "");
    assert!(output.status.success(), "a warning forbids nothing: {}", stderr(&output));
    let said = stderr(&output);
    for account in ["zendesk", "freshdesk"] {
        let warning = format!(
            "warning: account `{account}`: the trigger `Tier one first` may run on this update and set the group to `Technical Support`"
        );
        assert!(said.contains(&warning), "{said}");
    }
    assert!(said.contains("rules.yaml:14:"), "at the rule's own line: {said}");
    assert!(said.contains("note: account `intercom`: the platform's own triggers cannot be read"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_in_use_is_said_with_the_other_problems() {
    let mut house = House::start("shadow", ONE_OF_EVERYTHING).await;
    house.stop().await;
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let config = house.write_settings("shadow", "version: 2\nrules: []\n", &address, "127.0.0.1:0");
    let output = ask(&["serve", "--config", config.to_str().unwrap()], "");
    assert_eq!(output.status.code(), Some(78));
    let error = stderr(&output);
    assert!(error.contains("server.listen") && error.contains(&address), "{error}");
    assert!(error.contains("rules.yaml:1:"), "{error}");
}
