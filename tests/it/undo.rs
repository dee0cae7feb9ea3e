//! A live decision taken back: as it was before, except for what a person has dealt with since and what was said.

use std::sync::Arc;

use deskbridge::domain::outcome::Outcome;
use deskbridge::store::Filter;
use deskbridge_standins::zendesk::Zendesk;
use deskbridge_standins::{Change, Desk, TicketState};

use crate::harness::{House, ONE_OF_EVERYTHING, billing_ticket};
use crate::process::{ask, stderr, stdout};

/// A house whose three tickets were decided live; each with how it stood before.
async fn decided() -> (House, Vec<(Arc<dyn Desk>, String, TicketState)>) {
    let house = House::start("live", ONE_OF_EVERYTHING).await;
    let mut tickets = Vec::new();
    for desk in &house.desks {
        let twin = desk.open_quietly(billing_ticket());
        let before = desk.ticket(&twin).unwrap();
        let ticket = desk.open(billing_ticket()).await;
        tickets.push((Arc::clone(desk), ticket, before));
    }
    house.settle().await;
    for (desk, ticket, before) in &tickets {
        let now = desk.ticket(ticket).unwrap();
        assert!(now.tags.contains("routed") && now.group != before.group, "{}: {now:?}", desk.platform());
    }
    (house, tickets)
}

async fn number(house: &House, account: &str) -> String {
    let filter = Filter { account: Some(account.to_owned()), ..Filter::default() };
    let entries = house.store.decisions(&filter).await.unwrap();
    let applied = entries.iter().find(|(_, entry)| entry.outcome == Outcome::Applied);
    applied.unwrap().0.to_string()
}

/// Everything but what was said.
fn unsaid(ticket: TicketState) -> TicketState {
    TicketState { notes: Vec::new(), ..ticket }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_decision_is_taken_back_on_every_platform() {
    let (mut house, tickets) = decided().await;
    house.stop().await;
    // Who takes something back has often stopped the writing first.
    let config = house.write_settings("shadow", ONE_OF_EVERYTHING, "127.0.0.1:1", "127.0.0.1:2");
    let config = config.to_str().unwrap();
    for (desk, ticket, before) in &tickets {
        let id = number(&house, desk.platform()).await;
        let acted = desk.ticket(ticket).unwrap();
        let undo =
            |more: &[&str]| ask(&[&["undo", "--config", config, "--decision", &id], more].concat(), "");

        let tried = undo(&["--dry-run"]);
        assert!(stdout(&tried).contains("would put back"), "{} {}", stdout(&tried), stderr(&tried));
        assert_eq!(desk.ticket(ticket).unwrap(), acted, "a dry run changes nothing");

        // The note stays, and that is said.
        let undone = undo(&[]);
        assert_eq!(undone.status.code(), Some(1), "{}: {}", desk.platform(), stderr(&undone));
        assert!(stdout(&undone).contains("a note stays in the thread"), "{}", stdout(&undone));
        let now = desk.ticket(ticket).unwrap();
        assert_eq!(now.notes, acted.notes);
        assert_eq!(unsaid(now), unsaid(before.clone()), "{}: {}", desk.platform(), stdout(&undone));

        let again = stdout(&undo(&["--json"]));
        let again: serde_json::Value = serde_json::from_str(&again).unwrap();
        let states: Vec<&str> =
            again["effects"].as_array().unwrap().iter().filter_map(|one| one["state"].as_str()).collect();
        assert!(states.iter().all(|state| ["unchanged", "refused"].contains(state)), "{again:#}");
        assert_eq!(again["ledger"], serde_json::Value::Null, "nothing was done the second time");
    }
    let entries = house.store.decisions(&Filter::default()).await.unwrap();
    let undone: Vec<_> = entries.iter().filter(|(_, entry)| entry.outcome == Outcome::Undone).collect();
    assert_eq!(undone.len(), 3);
    assert!(undone.iter().all(|(_, entry)| entry.snapshot.is_none() && entry.digests.is_none()));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_person_dealt_with_since_is_theirs() {
    let (mut house, tickets) = decided().await;
    for (desk, ticket, _) in &tickets {
        let change = Change { priority: Some("urgent".into()), tag: Some("vip".into()), ..Change::default() };
        desk.agent_edits(ticket, change);
    }
    // The platform's own words for what happened, such as a late webhook of our own write, lead to nothing.
    house.settle().await;
    house.stop().await;
    let config = house.write_settings("live", ONE_OF_EVERYTHING, "127.0.0.1:1", "127.0.0.1:2");
    for (desk, ticket, before) in &tickets {
        let id = number(&house, desk.platform()).await;
        let undone = ask(&["undo", "--config", config.to_str().unwrap(), "--decision", &id], "");
        assert_eq!(undone.status.code(), Some(1), "{}", stderr(&undone));
        assert!(
            stdout(&undone).contains("left alone      set_priority high: it holds something else by now")
        );
        let now = desk.ticket(ticket).unwrap();
        assert_eq!(now.priority.as_deref(), Some("urgent"), "{}", desk.platform());
        assert!(now.tags.contains("vip") && now.tags.contains("loyal") && !now.tags.contains("routed"));
        assert_eq!((&now.group, &now.agent), (&before.group, &before.agent), "{}", desk.platform());
    }
    let unknown = ask(&["undo", "--config", config.to_str().unwrap(), "--decision", "4711"], "");
    assert_eq!(unknown.status.code(), Some(2));
    assert!(stderr(&unknown).contains("the ledger has no decision 4711"), "{}", stderr(&unknown));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_priority_that_the_platform_keeps_is_left_and_the_rest_is_taken_back() {
    let mut house = House::start("live", ONE_OF_EVERYTHING).await;
    house.stop().await;
    let desk = Arc::new(Zendesk::start().await.unwrap());
    house.desks = vec![desk.clone()];
    house.open("live", ONE_OF_EVERYTHING).await;
    let before = desk.ticket(&desk.open_quietly(billing_ticket())).unwrap();
    let ticket = desk.open(billing_ticket()).await;
    house.settle().await;
    house.stop().await;
    assert_eq!(desk.ticket(&ticket).unwrap().priority.as_deref(), Some("high"));

    desk.keep_priorities();
    let config = house.write_settings("shadow", ONE_OF_EVERYTHING, "127.0.0.1:1", "127.0.0.1:2");
    let id = number(&house, "zendesk").await;
    let undone = ask(&["undo", "--config", config.to_str().unwrap(), "--decision", &id], "");
    assert_eq!(undone.status.code(), Some(1), "{}", stderr(&undone));
    let said = stdout(&undone);
    assert!(said.contains("left alone      clear priority: the platform does not let"), "{said}");
    let now = unsaid(desk.ticket(&ticket).unwrap());
    assert_eq!(now.priority.as_deref(), Some("high"), "{said}");
    assert_eq!(TicketState { priority: None, ..now }, unsaid(before), "{said}");
}
