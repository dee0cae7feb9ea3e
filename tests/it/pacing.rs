//! A platform's calls are few and tickets are many: nobody is refused, agents keep their share, and what is urgent goes first.

use deskbridge_standins::{Desk, NewTicket};

use crate::harness::{House, ONE_OF_EVERYTHING, billing_ticket, wait_until};

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
