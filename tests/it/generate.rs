//! Training tickets through a real endpoint on loopback: good answers and bad ones, interrupted, gone on with, and trained on.

use std::collections::{BTreeMap, VecDeque};
use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use deskbridge_standins::fault::serve;
use serde_json::{Value, json};

use crate::harness::wait_until;
use crate::process::{ask, binary, stderr, stdout};

const KEY: &str = "sk-very-secret-4711";
const LABELS: &str = "heads:\n  category:\n    billing: Invoices, charges and refunds.\n    technical: Something does not work.\n    out_of_scope: Advertising.\n  priority:\n    high: It cannot wait.\n    low: It can wait.\n";

/// How one request is answered.
#[derive(Clone, Copy)]
enum Turn {
    Fenced,
    Junk,
    Busy,
    Broken,
    Same,
    Hangs,
    Refused,
    Moved,
}

/// A service that speaks the chat completions protocol; requests without a turn of their own are answered well.
#[derive(Default)]
struct Service {
    turns: Mutex<VecDeque<Turn>>,
    asked: Mutex<Vec<(String, String)>>,
}

impl Service {
    async fn start(turns: &[Turn]) -> (Arc<Self>, String) {
        let service =
            Arc::new(Self { turns: Mutex::new(turns.iter().copied().collect()), ..Self::default() });
        let router =
            Router::new().route("/v1/chat/completions", post(answer)).with_state(Arc::clone(&service));
        let (address, _) = serve(router).await.unwrap();
        (service, format!("http://{address}/v1"))
    }

    fn asked(&self) -> Vec<(String, String)> {
        self.asked.lock().unwrap().clone()
    }
}

/// Words that are no others': every ticket is made of its own.
fn ticket(number: usize, label: &str) -> Value {
    let word = |salt: usize| -> String {
        let mut rng = fastrand::Rng::with_seed(((number * 31 + salt) * 97 + label.len()) as u64);
        (0..9).map(|_| rng.lowercase()).collect()
    };
    let words: Vec<String> = (0..6).map(word).collect();
    json!({ "subject": format!("{label} {}", words[0]), "body": format!("Hello,\n\"{}\", {label}", words.join(" ")) })
}

async fn answer(
    State(service): State<Arc<Service>>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> Response {
    let text = body["messages"][1]["content"].as_str().unwrap().to_owned();
    let between =
        |from: &str, to: &str| text.split_once(from).unwrap().1.split_once(to).unwrap().0.to_owned();
    let (label, language) = (between("`", "`"), between("639-1 code: ", "\n"));
    assert_eq!(body["model"], "tiny");
    let key = headers.get(header::AUTHORIZATION).and_then(|key| key.to_str().ok()).unwrap_or_default();
    if key != format!("Bearer {KEY}") {
        return (StatusCode::UNAUTHORIZED, format!("wrong key {key}")).into_response();
    }
    let number = {
        let mut asked = service.asked.lock().unwrap();
        asked.push((label.clone(), language));
        asked.len() * 10
    };
    let count: usize = between("Write ", " ").parse().unwrap();
    let tickets = (0..count).map(|n| ticket(number + n, &label)).collect::<Vec<_>>();
    let tickets = Value::from(tickets).to_string();
    let turn = service.turns.lock().unwrap().pop_front();
    let content = match turn {
        None => tickets,
        Some(Turn::Fenced) => format!("Sure, here they are:\n```json\n{tickets}\n```\nAnything else?"),
        Some(Turn::Junk) => "I am sorry, I cannot help with that.".into(),
        Some(Turn::Same) => Value::from(vec![ticket(1, "same"); 5]).to_string(),
        Some(Turn::Busy) => {
            return (StatusCode::TOO_MANY_REQUESTS, [(header::RETRY_AFTER, "2")], KEY).into_response();
        }
        Some(Turn::Broken) => return (StatusCode::BAD_GATEWAY, "<html>").into_response(),
        Some(Turn::Refused) => {
            let body = json!({ "error": { "message": format!("Bearer {KEY}"), "code": "model_not_found" } });
            return (StatusCode::NOT_FOUND, Json(body)).into_response();
        }
        Some(Turn::Moved) => {
            return (StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, "/v1/chat/completions")])
                .into_response();
        }
        Some(Turn::Hangs) => std::future::pending().await,
    };
    Json(json!({ "choices": [{ "message": { "role": "assistant", "content": content } }] })).into_response()
}

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("labels.yaml"), LABELS).unwrap();
    std::fs::write(folder.path().join("key"), format!("{KEY}\n")).unwrap();
    folder
}

fn command(folder: &Path, endpoint: &str, file: &str, per_label: &str) -> Vec<String> {
    let at = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    let given = ["generate", "--labels", &at("labels.yaml"), "--out", &at(file), "--endpoint", endpoint];
    let more =
        ["--api-key-file", &at("key"), "--model", "tiny", "--per-label", per_label, "--languages", "en,de"];
    given.iter().chain(&more).map(|word| (*word).to_owned()).collect()
}

fn run(command: &[String], extra: &[&str]) -> std::process::Output {
    let words: Vec<&str> = command.iter().map(String::as_str).chain(extra.iter().copied()).collect();
    let output = ask(&words, "");
    let said = format!("{}{}", stdout(&output), stderr(&output));
    assert!(!said.contains("sk-"), "the key is told: {said}");
    output
}

/// The file's rows by column.
fn rows(file: &Path) -> Vec<BTreeMap<String, String>> {
    let mut reader = csv::Reader::from_path(file).unwrap();
    reader.deserialize().map(|row| row.unwrap()).collect()
}

fn counts(rows: &[BTreeMap<String, String>]) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for row in rows {
        *counts.entry(format!("{}{}", row["category"], row["priority"])).or_default() += 1;
    }
    counts
}

#[tokio::test(flavor = "multi_thread")]
async fn every_label_gets_its_tickets_whatever_the_endpoint_does_and_train_takes_them() {
    let folder = folder();
    let turns = [Turn::Fenced, Turn::Junk, Turn::Busy, Turn::Same, Turn::Broken, Turn::Same];
    let (service, endpoint) = Service::start(&turns).await;
    let began = std::time::Instant::now();
    let command = command(folder.path(), &endpoint, "t.csv", "11");
    let done = run(&command, &["--json"]);
    assert!(done.status.success(), "{}", stderr(&done));
    // A pause of 1 s after the junk and the 502 each, and the 2 s that were asked for.
    assert!(began.elapsed() >= Duration::from_secs(4), "{:?}", began.elapsed());
    let said: Value = serde_json::from_str(&stdout(&done)).unwrap();
    let file = folder.path().join("t.csv");
    let found = rows(&file);
    assert!(counts(&found).values().all(|count| *count == 11) && found.len() == 55, "{:?}", counts(&found));
    // Of the first five that are the same one is new, of the second none.
    assert_eq!((&said["written"], &said["duplicates"]), (&55.into(), &9.into()), "{said}");
    assert_eq!(
        said["labels"][0],
        json!({ "head": "category", "label": "billing", "rows": 11, "wanted": 11 })
    );
    let mut ids: Vec<&str> = found.iter().map(|row| row["id"].as_str()).collect();
    assert!(ids.contains(&"synthetic/billing/1") && ids.contains(&"synthetic/low/11"), "{ids:?}");
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 55);
    assert!(found.iter().all(|row| row["synthetic"] == "true"));
    for language in ["en", "de"] {
        let share = found.iter().filter(|row| row["language"] == language).count();
        assert!((20..=35).contains(&share), "{share} of 55 in {language}");
        assert!(service.asked().iter().any(|(_, asked)| asked == language));
    }

    let before = (std::fs::read(&file).unwrap(), service.asked().len());
    assert!(run(&command, &[]).status.success());
    assert!(before == (std::fs::read(&file).unwrap(), service.asked().len()), "a full file is left alone");

    let bundle = folder.path().join("bundle");
    let (file, bundle) = (file.to_str().unwrap(), bundle.to_str().unwrap());
    let train = ["train", "--tickets", file, "--single", "category", "priority", "--out", bundle, "--json"];
    let trained = ask(&train, "");
    assert!(trained.status.success(), "{}", stderr(&trained));
    let report: Value = serde_json::from_str(&stdout(&trained)).unwrap();
    assert_eq!(
        (&report["heads"]["category"]["n"], &report["heads"]["priority"]["n"]),
        (&22.into(), &22.into())
    );
    assert_eq!(report["out_of_scope"]["taught_by"], 11);
    let wrong = ask(&["train", "--tickets", file, "--single", "synthetic", "--out", bundle], "");
    assert!(stderr(&wrong).contains("`synthetic` is a ticket's own column"), "{}", stderr(&wrong));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_interrupted_leaves_a_whole_file_and_goes_on() {
    for (file, signal) in [("t.csv", "INT"), ("t.jsonl", "KILL")] {
        let folder = folder();
        let mut turns = vec![Turn::Fenced; 3];
        turns.push(Turn::Hangs);
        let (service, endpoint) = Service::start(&turns).await;
        let command = command(folder.path(), &endpoint, file, "6");
        let mut child = binary().args(&command).stderr(Stdio::null()).spawn().unwrap();
        wait_until("the fourth request hangs", async || service.asked().len() == 4).await;
        let id = child.id().to_string();
        std::process::Command::new("kill").args([&format!("-{signal}"), &id]).status().unwrap();
        let status = child.wait().unwrap();
        assert_eq!(status.code(), if signal == "INT" { Some(1) } else { None });
        let path = folder.path().join(file);
        let lines = |path: &Path| match file {
            "t.csv" => rows(path).len(),
            _ => std::fs::read_to_string(path)
                .unwrap()
                .lines()
                .filter(|line| serde_json::from_str::<Value>(line).is_ok())
                .count(),
        };
        let first = std::fs::read(&path).unwrap();
        assert_eq!(lines(&path), 15, "{file}");
        let done = run(&command, &["--json"]);
        assert!(done.status.success(), "{}", stderr(&done));
        let said: Value = serde_json::from_str(&stdout(&done)).unwrap();
        assert_eq!((&said["written"], lines(&path)), (&15.into(), 30), "{file}");
        assert!(std::fs::read(&path).unwrap().starts_with(&first), "{file}: rows are added, never changed");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_will_not_do_is_said_and_nothing_is_lost() {
    let folder = folder();
    for (turn, said) in
        [(Turn::Refused, "404 (model_not_found)"), (Turn::Moved, "307: redirects are not followed")]
    {
        let (service, endpoint) = Service::start(&[Turn::Fenced, turn]).await;
        let output = run(&command(folder.path(), &endpoint, "t.csv", "5"), &[]);
        assert_eq!(output.status.code(), Some(2));
        assert!(stderr(&output).contains(said) && stderr(&output).contains("goes on"), "{}", stderr(&output));
        assert_eq!(service.asked().len(), 2);
    }
    assert_eq!(rows(&folder.path().join("t.csv")).len(), 10);

    let (_, endpoint) = Service::start(&[]).await;
    std::fs::write(folder.path().join("key"), "sk-other").unwrap();
    let output = run(&command(folder.path(), &endpoint, "t.csv", "5"), &[]);
    assert!(stderr(&output).contains("401: the key is missing or not accepted"), "{}", stderr(&output));
    for address in ["http://llm.example/v1", "https://me:sk-1@llm.example", "llm"] {
        let output = run(&command(folder.path(), address, "t.csv", "5"), &[]);
        assert_eq!(output.status.code(), Some(2));
        assert!(stderr(&output).contains("--endpoint"), "{}", stderr(&output));
    }
    std::fs::write(folder.path().join("labels.yaml"), "heads:\n  category:\n    billing:\n").unwrap();
    let output = run(&command(folder.path(), &endpoint, "t.csv", "5"), &[]);
    assert_eq!(output.status.code(), Some(78));
    assert!(stderr(&output).contains("labels.yaml:3:"), "{}", stderr(&output));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_repeats_itself_is_left_and_the_answer_is_no() {
    let folder = folder();
    std::fs::write(
        folder.path().join("labels.yaml"),
        "heads: { category: { billing: Money., sales: Offers. } }\n",
    )
    .unwrap();
    let (service, endpoint) = Service::start(&[Turn::Same; 40]).await;
    let output = run(&command(folder.path(), &endpoint, "t.jsonl", "5"), &[]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("category billing: 1 of 5"), "{}", stderr(&output));
    assert!(stderr(&output).contains("category sales: 0 of 5"), "{}", stderr(&output));
    assert_eq!(service.asked().len(), 13, "one that brought a ticket, and six for each label that did not");
}
