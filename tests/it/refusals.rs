//! What a platform says no to: whose trouble it is, the account's or the ticket's, and where it ends.

use std::time::Duration;

use deskbridge::domain::outcome::{EffectOutcome, EffectRecord, Outcome};
use deskbridge_standins::log::FaultKind;
use deskbridge_standins::{Desk, Fault};

use crate::harness::{House, ONE_OF_EVERYTHING, billing_ticket, wait_until};

fn says(method: Option<&'static str>, path: &str, status: u16, times: u32) -> Fault {
    let kind = FaultKind::Status { status, retry_after: None };
    Fault { method, path_contains: path.into(), kind, times }
}

/// A house whose work is given up after two attempts, and where every desk's names are known.
async fn house() -> House {
    let mut house = House::without_a_daemon().await;
    house.worker = "count: 4, lease: 5s, call_timeout: 3s, max_attempts: 2";
    house.open("live", ONE_OF_EVERYTHING).await;
    for desk in &house.desks {
        desk.open(billing_ticket()).await;
    }
    house.settle().await;
    house
}

/// How the account reads a ticket, told from how it read the first one.
fn look_at(desk: &dyn Desk, ticket: &str) -> String {
    let first = desk.tickets()[0].clone();
    let seen = desk.requests();
    let paths = seen.iter().filter(|one| one.method == "GET").filter_map(|one| one.path.split('?').next());
    let mut looks = paths.filter_map(|path| path.trim_end_matches(".json").strip_suffix(&first));
    format!("{}{ticket}", looks.next().expect("a look"))
}

/// The ticket that a desk opens after this one.
fn next(ticket: String) -> String {
    (ticket.parse::<u64>().unwrap() + 1).to_string()
}

/// The account's open dead letters, as their reasons.
async fn dead(house: &House, desk: &dyn Desk) -> Vec<String> {
    let dead = house.store.dead(&Default::default()).await.unwrap();
    dead.into_iter().filter(|letter| letter.account == desk.platform()).map(|letter| letter.reason).collect()
}

async fn outcome(house: &House, desk: &dyn Desk, ticket: &str) -> Vec<Outcome> {
    let filter = deskbridge::store::Filter {
        account: Some(desk.platform().into()),
        ticket: Some(ticket.into()),
        ..Default::default()
    };
    house.store.decisions(&filter).await.unwrap().into_iter().map(|(_, entry)| entry.outcome).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn refused_credentials_lock_the_account_and_cost_no_ticket() {
    let mut house = house().await;
    // Ten refusals would use up the two attempts of any of these tickets five times over.
    for desk in &house.desks {
        desk.inject(says(None, "/", 401, 10));
    }
    let mut opened = Vec::new();
    for desk in &house.desks {
        for _ in 0..4 {
            opened.push((desk.clone(), desk.open(billing_ticket()).await));
        }
    }
    let locked = || async {
        let seen = house.desks.iter().map(|desk| desk.requests());
        seen.map(|seen| seen.iter().filter(|one| one.status == 401).count()).min().unwrap_or_default()
    };
    wait_until("every account was refused", async || locked().await > 0).await;
    // While the account is locked, its work waits and is not tried again and again.
    tokio::time::sleep(Duration::from_secs(2)).await;
    for desk in &house.desks {
        let refused = desk.requests().iter().filter(|one| one.status == 401).count();
        assert!(refused <= 8, "{}: {refused} calls with credentials that are refused", desk.platform());
        assert!(dead(&house, desk.as_ref()).await.is_empty(), "{}", desk.platform());
    }
    assert_eq!(house.store.depth().await.unwrap().pending, 12);
    // The credentials work again; a desk is told by the next try.
    for desk in &house.desks {
        desk.clear_faults();
    }
    house.settle().await;
    for (desk, ticket) in opened {
        let decided = house.decided(desk.as_ref(), &ticket).await;
        assert_eq!(decided.len(), 1, "{}/{ticket}", desk.platform());
        assert_eq!(decided[0].outcome, Outcome::Applied, "{}/{ticket}", desk.platform());
    }
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_that_is_forbidden_ends_as_a_dead_letter_and_no_other_waits_for_it() {
    let mut house = house().await;
    for desk in &house.desks {
        let forbidden = next(desk.open_quietly(billing_ticket()));
        let path = look_at(desk.as_ref(), &forbidden);
        desk.inject(says(Some("GET"), &path, 403, 20));
        assert_eq!(desk.open(billing_ticket()).await, forbidden, "{}", desk.platform());
        let fine = desk.open(billing_ticket()).await;
        house.settle().await;
        assert_eq!(outcome(&house, desk.as_ref(), &fine).await[0], Outcome::Applied, "{}", desk.platform());
        let dead = dead(&house, desk.as_ref()).await;
        assert!(
            dead.len() == 1 && dead[0].contains("403") && dead[0].contains("failed 2 times"),
            "{}: {dead:?}",
            desk.platform()
        );
    }
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_that_is_gone_is_moot() {
    let mut house = house().await;
    for desk in &house.desks {
        let gone = next(desk.open_quietly(billing_ticket()));
        let path = look_at(desk.as_ref(), &gone);
        desk.inject(says(Some("GET"), &path, 404, 20));
        assert_eq!(desk.open(billing_ticket()).await, gone, "{}", desk.platform());
        house.settle().await;
        assert_eq!(outcome(&house, desk.as_ref(), &gone).await, [Outcome::Moot], "{}", desk.platform());
        assert!(dead(&house, desk.as_ref()).await.is_empty(), "{}", desk.platform());
    }
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_is_rejected_is_told_with_its_reason_and_can_be_put_back() {
    let mut house = house().await;
    for desk in &house.desks {
        // Attributes that are refused together are sent again each by itself.
        let times = if desk.platform() == "intercom" { 3 } else { 1 };
        desk.inject(says(Some("PUT"), "/", 422, times));
        let ticket = desk.open(billing_ticket()).await;
        house.settle().await;
        if desk.platform() == "intercom" {
            // A change is several requests there: what is rejected is told with its effect, and the rest is done.
            let decided = house.decided(desk.as_ref(), &ticket).await;
            let rejected =
                |effect: &&EffectRecord| effect.reason.as_deref().is_some_and(|why| why.contains("422"));
            let refused: Vec<_> = decided[0].effects.iter().filter(rejected).collect();
            assert!(refused.iter().all(|effect| effect.state == EffectOutcome::Refused));
            assert!(
                !refused.is_empty() && refused.len() < decided[0].effects.len(),
                "{:?}",
                decided[0].effects
            );
            assert_eq!(desk.ticket(&ticket).unwrap().notes.len(), 1);
            continue;
        }
        let letters = house.store.dead(&Default::default()).await.unwrap();
        let letter = letters.iter().find(|letter| letter.account == desk.platform()).expect("a dead letter");
        assert!(letter.reason.contains("rejects the request"), "{}: {}", desk.platform(), letter.reason);
        assert!(house.store.requeue(letter.id, deskbridge::clock::Clock::now(&*house.clock)).await.unwrap());
        house.settle().await;
        assert_eq!(outcome(&house, desk.as_ref(), &ticket).await[0], Outcome::Applied, "{}", desk.platform());
        assert_eq!(desk.ticket(&ticket).unwrap().notes.len(), 1, "{}", desk.platform());
    }
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_storm_of_conflicts_ends_and_the_ticket_stays_as_it_is() {
    let mut house = house().await;
    for desk in &house.desks {
        desk.inject(says(Some("PUT"), "/", 409, 60));
        let ticket = desk.open(billing_ticket()).await;
        house.settle().await;
        let writes = desk.requests().iter().filter(|one| one.status == 409).count();
        assert!(writes <= 12, "{}: {writes} tries", desk.platform());
        let dead = dead(&house, desk.as_ref()).await;
        assert!(dead.len() == 1 && dead[0].contains("failed 2 times"), "{}: {dead:?}", desk.platform());
        assert!(outcome(&house, desk.as_ref(), &ticket).await.is_empty(), "{}", desk.platform());
        desk.clear_faults();
    }
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_expires_in_the_middle_is_fetched_anew_and_nothing_is_locked() {
    let mut house = house().await;
    let desk = house.desks.iter().find(|desk| desk.platform() == "zendesk").unwrap().clone();
    let fetched = || desk.requests().iter().filter(|call| call.path.starts_with("/oauth/tokens")).count();
    for method in ["GET", "PUT"] {
        let before = fetched();
        desk.inject(says(Some(method), "/api/v2/tickets/", 401, 1));
        let ticket = desk.open(billing_ticket()).await;
        let begun = std::time::Instant::now();
        house.settle().await;
        assert!(
            begun.elapsed() < Duration::from_secs(10),
            "an account that is locked waits for fifteen seconds"
        );
        assert_eq!(outcome(&house, desk.as_ref(), &ticket).await[0], Outcome::Applied, "{method}");
        assert_eq!(desk.ticket(&ticket).unwrap().notes.len(), 1, "{method}");
        assert_eq!(fetched(), before + 1, "{method}");
    }
    house.stop().await;
}
