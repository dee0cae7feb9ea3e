//! A platform's calls are few and tickets are many: nobody is refused, agents keep their share, and what is urgent goes first.

use std::sync::Arc;
use std::time::{Duration, Instant};

use deskbridge_standins::log::FaultKind;
use deskbridge_standins::{Change, Desk, Fault, Logged, NewTicket};

use crate::harness::{House, ONE_OF_EVERYTHING, asked, billing_ticket, wait_until};

/// Tickets of a desk's backlog where `DESKBRIDGE_BACKLOG` does not say otherwise.
const BACKLOG: u64 = 100;

const PATIENT: &str = "Just a small question about the colours you offer, no hurry at all. Thank you!";
const URGENT: &str = "URGENT: our production is down, nobody in the company can log in and we lose money every minute. Help now!";

async fn open(desk: &dyn Desk, subject: &str, body: &str) -> String {
    desk.open(NewTicket { subject: subject.into(), body: body.into(), ..billing_ticket() }).await
}

/// How many of these tickets are decided.
async fn decided(house: &House, desk: &dyn Desk, tickets: &[String]) -> usize {
    let mut count = 0;
    for ticket in tickets {
        count += usize::from(!house.decided(desk, ticket).await.is_empty());
    }
    count
}

#[tokio::test(flavor = "multi_thread")]
async fn urgent_tickets_do_not_wait_behind_a_backlog() {
    // Of the 1,667 calls in ten seconds eight are ours, and a ticket that no rule is for takes one or two.
    let mut house = House::start_with("live", ONE_OF_EVERYTHING, "    agents_share: 0.995\n").await;
    let desk = house.desks.iter().find(|desk| desk.platform() == "intercom").unwrap().clone();
    let (mut patient, mut urgent) = (Vec::new(), Vec::new());
    for _ in 0..16 {
        patient.push(open(&*desk, "A question for later", PATIENT).await);
    }
    let some = async || decided(&house, &*desk, &patient).await > 0;
    wait_until("the first calls are used", some).await;
    // More than what is left of this window, so that they have to wait too, and behind all the others.
    for _ in 0..5 {
        urgent.push(open(&*desk, "Everything is down, urgent", URGENT).await);
    }
    wait_until("nobody is at work", async || house.store.depth().await.unwrap().claimed == 0).await;
    let (first, before) = (decided(&house, &*desk, &urgent).await, decided(&house, &*desk, &patient).await);
    assert!(first < urgent.len() && before < 8, "{first} urgent ones, {before} others");
    wait_until("the urgent ones are decided", async || {
        decided(&house, &*desk, &urgent).await == urgent.len()
    })
    .await;
    let waiting = patient.len() - decided(&house, &*desk, &patient).await;
    assert!(waiting >= 8, "only {waiting} of those that came before them still wait");
    let refused = desk.requests().iter().filter(|call| call.status == 429).count();
    assert_eq!(refused, 0);
    house.stop().await;
}

/// What a call takes of the plan: on Freshdesk each embedded object costs two more.
fn cost(platform: &str, call: &Logged) -> f64 {
    let mut asked = call.path.split(['?', '&']);
    let embedded = asked.find_map(|part| part.strip_prefix("include=")).filter(|_| platform == "freshdesk");
    1.0 + 2.0 * embedded.map_or(0, |list| list.replace("%2C", ",").split(',').count()) as f64
}

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::print_stdout, reason = "a longer run says what it did")]
async fn a_backlog_drains_at_the_limit_and_nobody_is_refused() {
    let count = usize::try_from(asked("DESKBRIDGE_BACKLOG", BACKLOG)).unwrap();
    let mut house = House::start("live", ONE_OF_EVERYTHING).await;
    let mut plans = Vec::new();
    // Thousands have larger plans, so that they take minutes and not hours; the limit is still what they wait for.
    let larger = u32::try_from(count.div_ceil(1000)).unwrap();
    for desk in &house.desks {
        // Freshdesk counts by the minute and does not say when one ends; the others say so, and a test may have shorter ones.
        let (calls, seconds) = match desk.platform() {
            "zendesk" => (250 * larger, 10),
            "intercom" => (500 * larger, 10),
            _ => (1200 * larger, 60),
        };
        desk.allow(calls, Duration::from_secs(seconds));
        plans.push((f64::from(calls), seconds as f64));
    }
    let (begun, before): (_, Vec<usize>) =
        (Instant::now(), house.desks.iter().map(|desk| desk.requests().len()).collect());
    // All desks at once: each has its customers.
    let opening: Vec<_> = house
        .desks
        .iter()
        .map(|desk| {
            let desk = Arc::clone(desk);
            tokio::spawn(async move {
                let mut opened = Vec::new();
                for _ in 0..count {
                    opened.push(desk.open(billing_ticket()).await);
                }
                opened
            })
        })
        .collect();
    let mut tickets = Vec::new();
    for opened in opening {
        tickets.push(opened.await.unwrap());
    }
    let (mut waiting, mut drained) = (tickets.clone(), vec![None; house.desks.len()]);
    while drained.contains(&None) {
        tokio::time::sleep(Duration::from_millis(500)).await;
        for ((desk, waiting), drained) in house.desks.iter().zip(&mut waiting).zip(&mut drained) {
            while let Some(last) = waiting.last()
                && !house.decided(&**desk, last).await.is_empty()
            {
                waiting.pop();
            }
            if drained.is_none() && waiting.is_empty() {
                *drained = Some(begun.elapsed().as_secs_f64());
            }
        }
        assert!(begun.elapsed() < Duration::from_secs(300 + 6 * count as u64), "{drained:?}");
    }
    house.settle().await;
    for (n, desk) in house.desks.iter().enumerate() {
        let (name, (limit, window)) = (desk.platform(), plans[n]);
        let calls = desk.requests().split_off(before[n]);
        let refused = calls.iter().filter(|call| call.status == 429).count();
        // Half of the plan is ours. Its windows are there from the first second on, and the last one need not be waited for.
        let windows = (calls.iter().map(|call| cost(name, call)).sum::<f64>() / (limit / 2.0)).ceil();
        let took = drained[n].unwrap();
        println!(
            "{name}: {count} tickets, {} calls in {took:.0} s, {windows} windows of {window} s, {refused} refused",
            calls.len()
        );
        assert!(windows > 1.0, "{name}: {} calls are no backlog", calls.len());
        assert_eq!(refused, 0, "{name}");
        assert!(
            took < windows * window * 1.25 + 15.0,
            "{name}: {took:.0} s for {windows} windows of {window} s"
        );
        for ticket in &tickets[n] {
            assert_eq!(house.decided(&**desk, ticket).await.len(), 1, "{name}/{ticket}");
            assert_eq!(desk.ticket(ticket).unwrap().notes.len(), 1, "{name}/{ticket}");
        }
    }
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ticket_updates_have_a_limit_of_their_own_and_people_their_share_of_it() {
    // Of a hundred changes in a minute five are ours.
    let mut house = House::start_with("live", ONE_OF_EVERYTHING, "    agents_share: 0.95\n").await;
    let desk = house.desks.iter().find(|desk| desk.platform() == "zendesk").unwrap().clone();
    let busy = desk.open_quietly(billing_ticket());
    // People have changed ninety-two tickets in this minute.
    for n in 0..92 {
        desk.agent_edits(&busy, Change { tag: Some(format!("tag-{n}")), ..Change::default() });
    }
    let mut tickets = Vec::new();
    for _ in 0..14 {
        tickets.push(desk.open(billing_ticket()).await);
    }
    wait_until("what may be changed is", async || decided(&house, &*desk, &tickets).await >= 4).await;
    wait_until("nobody is at work", async || house.store.depth().await.unwrap().claimed == 0).await;
    let changes = || desk.requests().into_iter().filter(Logged::is_write).collect::<Vec<_>>();
    let (all, refused) = (changes().len(), changes().iter().filter(|call| call.status == 429).count());
    assert!((4..=5).contains(&all), "{all} changes");
    assert_eq!(refused, 0);
    assert!(house.store.depth().await.unwrap().pending >= 14 - all as u64, "the others wait");
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_until_a_date_is_kept() {
    let mut house = House::start("live", ONE_OF_EVERYTHING).await;
    for desk in &house.desks {
        let name = desk.platform();
        // Names are read once, and the fault is for the ticket.
        desk.open(billing_ticket()).await;
        house.settle().await;
        let next = (desk.tickets().last().unwrap().parse::<u64>().unwrap() + 1).to_string();
        desk.inject(Fault {
            method: Some("GET"),
            path_contains: next.clone(),
            kind: FaultKind::Until { status: 503, seconds: 3 },
            times: 1,
        });
        assert_eq!(desk.open(billing_ticket()).await, next, "{name}");
        house.settle().await;
        let calls: Vec<Logged> =
            desk.requests().into_iter().filter(|call| call.path.contains(&next)).collect();
        let waited = calls[1].at_ms - calls[0].at_ms;
        assert_eq!(calls[0].status, 503, "{name}");
        assert!(waited >= 3_000, "{name}: asked again after {waited} ms");
    }
    house.stop().await;
}
