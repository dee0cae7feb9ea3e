//! The review queue as a person uses it: tickets read from their platform, labels saved to a file that `train` takes.

use std::sync::Arc;

use deskbridge_standins::log::FaultKind;
use deskbridge_standins::{Change, Fault, NewTicket};
use serde_json::Value;

use super::browser::{Browser, LOOKS};
use super::pages::visit;
use crate::harness::{House, ONE_OF_EVERYTHING, project};
use crate::process::{ask, stderr, stdout};

/// Texts that a model for seven categories finds hard, and an address that must not be learnt.
const HARD: [&str; 3] = [
    "The invoice for my return shows the wrong account, and the parcel is late. Write to ines@mail.example please.",
    "I cannot log in to pay the bill, the app says my card was refused and my password too.",
    "Does the price include shipping? The last parcel was charged twice and came back.",
];

/// A house in shadow with a hard ticket on every desk.
async fn house() -> House {
    let house = House::start("shadow", ONE_OF_EVERYTHING).await;
    for (desk, body) in house.desks.iter().zip(HARD) {
        desk.open(NewTicket {
            subject: "A question".into(),
            body: body.into(),
            email: "ines@mail.example".into(),
            ..NewTicket::default()
        })
        .await;
    }
    house.settle().await;
    house
}

fn saved(house: &House) -> Vec<Value> {
    let text = std::fs::read_to_string(house.beside("reviewed.jsonl")).unwrap_or_default();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn client() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap()
}

async fn page(address: &str) -> String {
    client().get(address).send().await.unwrap().text().await.unwrap()
}

/// What stands between two marks, first come.
fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    let from = text.find(before).unwrap_or_else(|| panic!("no {before} in {text}")) + before.len();
    &text[from..from + text[from..].find(after).unwrap()]
}

async fn post(
    address: &str,
    form: &[(&str, &str)],
    headers: &[(&'static str, &str)],
) -> (u16, String, String) {
    let body = form.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&");
    let mut request =
        client().post(address).body(body).header("content-type", "application/x-www-form-urlencoded");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let answer = request.send().await.unwrap();
    let next = answer.headers().get("location").map(|to| to.to_str().unwrap().to_owned()).unwrap_or_default();
    (answer.status().as_u16(), next, answer.text().await.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn only_our_own_forms_save_and_only_what_there_is_to_say() {
    let mut house = house().await;
    let queue = page(&format!("{}/review", house.admin)).await;
    let first = between(&queue, "<a href=\"/review/", "?").to_owned();
    let address = format!("{}/review/{first}", house.admin);
    let shown = page(&address).await;
    let token = between(&shown, "name=\"token\" value=\"", "\"").to_owned();
    let form = |token: &'static str| [("token", token), ("head.category", "billing")];

    for (headers, form, status) in [
        (vec![], form("0000"), 403),
        (
            vec![("sec-fetch-site", "cross-site")],
            [("token", token.as_str()), ("head.category", "billing")],
            403,
        ),
        (
            vec![("origin", "https://evil.example")],
            [("token", token.as_str()), ("head.category", "billing")],
            403,
        ),
        (vec![("origin", "null")], [("token", token.as_str()), ("head.category", "billing")], 403),
        (vec![], [("token", token.as_str()), ("head.category", "bling")], 400),
        (vec![], [("token", token.as_str()), ("head.category", "")], 400),
    ] {
        let (answered, _, why) = post(&address, &form, &headers).await;
        assert_eq!(answered, status, "{headers:?} {form:?}: {why}");
    }
    let long = "x".repeat(80_000);
    assert_eq!(post(&address, &[("token", &token), ("head.category", &long)], &[]).await.0, 413);
    assert_eq!(post(&format!("{}/review/999999", house.admin), &form("0"), &[]).await.0, 404);
    assert!(saved(&house).is_empty(), "nothing of that was saved");

    let own = house.admin.clone();
    let headers = [("sec-fetch-site", "same-origin"), ("origin", own.as_str())];
    let send = [("token", token.as_str()), ("head.category", "billing"), ("head.priority", "")];
    let (status, next, _) = post(&address, &send, &headers).await;
    assert_eq!(status, 303);
    assert!(next.starts_with("/review/") && !next.starts_with(&format!("/review/{first}?")), "{next}");
    // On second thoughts.
    let send =
        [("token", token.as_str()), ("head.category", "account"), ("say.topics", "1"), ("head.topics", "")];
    assert_eq!(post(&address, &send, &headers).await.0, 303);
    let rows = saved(&house);
    assert_eq!(rows.len(), 1, "the later review replaces the earlier");
    assert_eq!((&rows[0]["category"], &rows[0]["topics"]), (&"account".into(), &"".into()));
    assert_eq!(rows[0].get("priority"), None, "what was left out is not guessed");
    let queue = page(&format!("{}/review", house.admin)).await;
    assert!(
        !queue.contains(&format!("href=\"/review/{first}?")),
        "what was reviewed is not asked about again"
    );

    // Nothing was written to a platform, and no text to the ledger.
    house.stop().await;
    assert!(
        house.desks.iter().all(|desk| !desk.requests().iter().any(deskbridge_standins::Logged::is_write))
    );
    let entries = house.store.decisions(&Default::default()).await.unwrap();
    assert!(!serde_json::to_string(&entries).unwrap().contains("log in to pay"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_that_cannot_be_read_is_said_so() {
    let mut house = House::start("shadow", ONE_OF_EVERYTHING).await;
    let desk = Arc::clone(&house.desks[0]);
    desk.open(NewTicket { body: HARD[0].into(), email: "ines@mail.example".into(), ..NewTicket::default() })
        .await;
    house.settle().await;
    let queue = page(&format!("{}/review", house.admin)).await;
    let first = between(&queue, "<a href=\"/review/", "?").to_owned();
    desk.inject(Fault {
        method: None,
        path_contains: "/tickets/".into(),
        kind: FaultKind::Status { status: 404, retry_after: None },
        times: 1,
    });
    let shown = page(&format!("{}/review/{first}", house.admin)).await;
    assert!(shown.contains("The ticket is not there any more.") && !shown.contains("<form"), "{shown}");
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_confirms_one_corrects_another_and_trains_on_it() {
    let mut house = house().await;
    let admin = house.admin.clone();
    tokio::task::spawn_blocking(move || {
        let mut browser = Browser::start();
        for look in LOOKS {
            browser.look(look);
            visit(&mut browser, &admin, "/review");
            browser.picture(&project().join(format!("target/screenshots/review-{}.png", look.name)));
            let link = browser.value("document.querySelector('tbody a').getAttribute('href')");
            let text = visit(&mut browser, &admin, link.as_str().unwrap());
            assert!(text.contains("What is it?") && HARD.iter().any(|hard| text.contains(hard)), "{text}");
            browser.picture(&project().join(format!("target/screenshots/ticket-{}.png", look.name)));
        }
        let send = |browser: &mut Browser| {
            browser.value("document.querySelector('.answer button').focus()");
            browser.press("Enter");
            let mut waited = 0;
            while browser.value("location.search.includes('saved=') && document.readyState") != "complete" {
                waited += 1;
                assert!(waited < 500, "the form was not sent: {}", browser.value("document.body.innerText"));
                std::thread::sleep(std::time::Duration::from_millis(20));
            }
            browser.value("history.replaceState(null, '', location.pathname)");
        };
        send(&mut browser);
        let now = browser.value("document.body.innerText");
        assert!(now.as_str().unwrap().contains("Saved. This is the next one."), "{now}");
        browser.value("document.querySelector('select[name=\"head.category\"]').value = 'sales'");
        send(&mut browser);
        browser.value("document.querySelector('input[name=scope]').checked = true");
        send(&mut browser);
        let end = browser.value("document.body.innerText");
        assert!(end.as_str().unwrap().contains("That was the last one here."), "{end}");
    })
    .await
    .unwrap();
    let rows = saved(&house);
    assert_eq!(rows.len(), 3);
    assert_eq!(rows[1]["category"], "sales");
    assert_eq!(rows[2]["category"], "out_of_scope");
    let text = rows.iter().map(ToString::to_string).collect::<String>();
    assert!(!text.contains("ines@mail.example") && text.contains("parcel"), "addresses are replaced: {text}");

    // What was saved is what `evaluate` and `train` read.
    let file = house.beside("reviewed.jsonl");
    let bundle = project().join("onnx/starter");
    let measured = ask(
        &["evaluate", "--bundle", bundle.to_str().unwrap(), "--tickets", file.to_str().unwrap(), "--json"],
        "",
    );
    assert!(measured.status.success(), "{}", stderr(&measured));
    let measured: Value = serde_json::from_str(&stdout(&measured)).unwrap();
    assert_eq!(measured["heads"]["category"]["n"], 2, "and a stranger: {measured:#}");
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_agents_settled_on_is_asked_about_first_where_it_was_another() {
    let mut house = House::start("shadow", ONE_OF_EVERYTHING).await;
    let desk = Arc::clone(&house.desks[1]);
    let ticket = desk.open(crate::harness::billing_ticket()).await;
    house.settle().await;
    let change = Change { category: Some("sales".into()), solved: true, ..Change::default() };
    desk.agent_edits(&ticket, change);
    let later = Arc::new(crate::parallel_run::Later(2));
    assert_eq!(house.settling("shadow", ONE_OF_EVERYTHING, later).round().await.unwrap(), 1);
    // Figures are made anew every minute; a daemon that has just started makes them now.
    house.stop().await;
    house.open("shadow", ONE_OF_EVERYTHING).await;
    let queue = page(&format!("{}/review?order=disagreed", house.admin)).await;
    assert!(queue.contains(&ticket) && queue.contains("<td>sales</td>"), "{queue}");
    let id = between(&queue, "<a href=\"/review/", "?").to_owned();
    let shown = page(&format!("{}/review/{id}?order=disagreed", house.admin)).await;
    assert!(
        shown.contains("<option value=\"sales\" selected>"),
        "their choice is chosen beforehand: {shown}"
    );
    house.stop().await;
}
