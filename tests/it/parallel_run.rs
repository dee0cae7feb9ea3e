//! From shadow to live: what agents chose is read back, held against what was decided, and decides what may act.

use std::sync::Arc;

use deskbridge::clock::{Clock, SystemClock};
use deskbridge::evidence::gather::Pace;
use deskbridge::evidence::report::observation::{Course, Influence, Observation};
use deskbridge::evidence::settling::Readings;
use deskbridge_standins::intercom::Intercom;
use deskbridge_standins::{Change, Desk};
use jiff::{SignedDuration, Timestamp};

use crate::harness::{House, ONE_OF_EVERYTHING, billing_ticket};
use crate::process::{ask, stderr, stdout};

/// Some hours from now.
pub(crate) struct Later(pub(crate) i64);

impl Clock for Later {
    fn now(&self) -> Timestamp {
        SystemClock.now() + SignedDuration::from_hours(self.0)
    }
}

/// What an agent does who finds that a ticket is about money.
fn handled(category: &str) -> Change {
    Change {
        priority: Some("high".into()),
        category: Some(category.into()),
        group: Some("Billing".into()),
        reply: Some("We have sent it back.".into()),
        solved: true,
        ..Change::default()
    }
}

/// Reads what is due in so many hours; returns how many tickets settled.
async fn settle(house: &House, mode: &str, hours: i64) -> usize {
    house.settling(mode, ONE_OF_EVERYTHING, Arc::new(Later(hours))).round().await.unwrap()
}

async fn seen(house: &House, mode: &str) -> (Vec<Observation>, Vec<Course>) {
    let settling = house.settling(mode, ONE_OF_EVERYTHING, Arc::new(SystemClock));
    let readings = Readings { store: Arc::clone(&house.store), sources: settling.sources };
    let (mut seen, mut courses) = (Vec::new(), Vec::new());
    let took = readings.each(None, Pace::Foreground, |ticket| {
        seen.extend(ticket.observations);
        courses.push(ticket.course);
    });
    took.await.unwrap();
    (seen, courses)
}

fn of<'a>(seen: &'a [Observation], desk: &dyn Desk, head: &str) -> &'a Observation {
    seen.iter().find(|one| one.account == desk.platform() && one.head == head).unwrap_or_else(|| {
        panic!("nothing of {head} on {}: {seen:#?}", desk.platform());
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn in_shadow_the_agents_own_choice_is_read_back_on_every_platform() {
    let mut house = House::start("shadow", ONE_OF_EVERYTHING).await;
    let mut tickets = Vec::new();
    for desk in &house.desks {
        tickets.push(desk.open(billing_ticket()).await);
    }
    house.settle().await;
    assert_eq!(settle(&house, "shadow", 0).await, 0, "nobody has had the time to choose");
    for (desk, ticket) in house.desks.iter().zip(&tickets) {
        desk.agent_edits(ticket, handled("billing"));
    }
    let writes = |desk: &Arc<dyn Desk>| desk.requests().iter().filter(|one| one.method != "GET").count();
    let before: Vec<usize> = house.desks.iter().map(writes).collect();
    assert_eq!(settle(&house, "shadow", 2).await, 3);
    assert_eq!(settle(&house, "shadow", 200).await, 0, "once");
    let after: Vec<usize> = house.desks.iter().map(writes).collect();
    // A token is asked for by POST; nothing else is.
    assert!(before.iter().zip(&after).all(|(before, after)| after - before <= 1), "{before:?} {after:?}");

    let (seen, courses) = seen(&house, "shadow").await;
    for desk in &house.desks {
        let category = of(&seen, &**desk, "category");
        assert_eq!(category.influence, Influence::Independent, "{category:?}");
        assert_eq!(category.settled, ["billing".to_owned()].into());
        assert_eq!(category.named, ["billing".to_owned()].into());
        let tells = desk.platform() != "freshdesk";
        assert_eq!(category.first.is_some(), tells, "{category:?}");
        let priority = of(&seen, &**desk, "priority");
        assert_eq!(priority.settled, ["high".to_owned()].into());
        assert!(seen.iter().all(|one| one.head != "sentiment"), "agents choose that nowhere");
        let course = courses.iter().find(|course| course.account == desk.platform()).unwrap();
        assert!(course.closed_at.is_some() && course.first_reply_at.is_some(), "{course:?}");
        assert_eq!(course.routed_at.is_some(), tells, "{course:?}");
    }
    house.stop().await;

    let config = house.write_settings("shadow", ONE_OF_EVERYTHING, "127.0.0.1:1", "127.0.0.1:2");
    let config = config.to_str().unwrap();
    let report = ask(&["report", "--config", config, "--format", "json"], "");
    let report: serde_json::Value = serde_json::from_str(&stdout(&report)).unwrap();
    assert_eq!(report["agreement"]["category"]["n"], 3, "{report:#}");
    assert_eq!(report["agreement"]["category"]["agreed"], 3);
    let ledger = std::fs::read(std::path::Path::new(config).with_file_name("deskbridge.db")).unwrap();
    assert!(!String::from_utf8_lossy(&ledger).contains("We have sent it back"), "no text is kept");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_priority_that_nobody_chose_is_not_held_against_the_model() {
    let mut house = House::start("shadow", ONE_OF_EVERYTHING).await;
    for desk in &house.desks {
        let ticket = desk.open(billing_ticket()).await;
        let solved = Change { category: Some("billing".into()), solved: true, ..Change::default() };
        desk.agent_edits(&ticket, solved);
    }
    house.settle().await;
    assert_eq!(settle(&house, "shadow", 2).await, 3);
    let (seen, _) = seen(&house, "shadow").await;
    for desk in &house.desks {
        assert_eq!(of(&seen, &**desk, "category").settled, ["billing".to_owned()].into());
        let priority = of(&seen, &**desk, "priority");
        assert!(priority.settled.is_empty(), "{}: {priority:?}", desk.platform());
    }
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attribute_of_tickets_is_read_in_words_though_conversations_have_its_twin() {
    let mut house = House::start("shadow", ONE_OF_EVERYTHING).await;
    house.stop().await;
    let desk = Arc::new(Intercom::start().await.unwrap());
    house.desks = vec![desk.clone()];
    house.open("shadow", ONE_OF_EVERYTHING).await;
    let id = desk.open_ticket(billing_ticket()).await;
    house.settle().await;
    desk.agent_edits(&id, Change { category: Some("sales".into()), ..Change::default() });
    assert_eq!(settle(&house, "shadow", 2000).await, 1, "it was left alone for long enough");
    let (seen, _) = seen(&house, "shadow").await;
    let category = of(&seen, &*desk, "category");
    assert_eq!(category.settled, ["sales".to_owned()].into());
    assert_eq!(category.first, Some(["sales".to_owned()].into()));
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_we_wrote_counts_once_people_had_the_time_to_object() {
    let mut house = House::start("live", ONE_OF_EVERYTHING).await;
    let mut tickets = Vec::new();
    for desk in &house.desks {
        tickets.push([desk.open(billing_ticket()).await, desk.open(billing_ticket()).await]);
    }
    house.settle().await;
    for (desk, [kept, replaced]) in house.desks.iter().zip(&tickets) {
        assert!(desk.ticket(kept).unwrap().tags.contains("routed"));
        desk.agent_edits(kept, Change { solved: true, ..Change::default() });
        desk.agent_edits(replaced, handled("shipping"));
    }
    assert_eq!(settle(&house, "live", 2).await, 0, "three days are theirs to object");
    assert_eq!(settle(&house, "live", 80).await, 6);
    let (seen, _) = seen(&house, "live").await;
    for (desk, [kept, replaced]) in house.desks.iter().zip(&tickets) {
        let influence = |ticket: &String| {
            let one = |one: &&Observation| {
                one.account == desk.platform() && one.ticket == *ticket && one.head == "category"
            };
            seen.iter().find(one).unwrap().influence
        };
        assert_eq!(influence(kept), Influence::Kept, "{}", desk.platform());
        assert_eq!(influence(replaced), Influence::Overridden, "{}", desk.platform());
    }
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_label_acts_once_it_is_promoted_and_not_before() {
    let mut house = House::start("shadow", ONE_OF_EVERYTHING).await;
    house.stop().await;
    let config = house.write_settings("live", ONE_OF_EVERYTHING, "127.0.0.1:1", "127.0.0.1:2");
    let config = config.to_str().unwrap();
    let promote = |arguments: &[&str]| ask(&[&["promote", "--config", config], arguments].concat(), "");

    let refused = promote(&["--label", "billing"]);
    assert_eq!(refused.status.code(), Some(1), "{}", stderr(&refused));
    assert!(stderr(&refused).contains("no ticket of it has settled"), "{}", stderr(&refused));
    let unknown = promote(&["--label", "biling"]);
    assert_eq!(unknown.status.code(), Some(2));
    assert!(stderr(&unknown).contains("did you mean `billing`?"), "{}", stderr(&unknown));
    // Somebody promotes another label by hand: from then on billing is held back.
    let forced = promote(&["--label", "shipping", "--force"]);
    assert!(forced.status.success(), "{}", stderr(&forced));
    assert!(
        stderr(&forced).contains("every label that is not listed there stays in shadow"),
        "{}",
        stderr(&forced)
    );

    house.open("live", ONE_OF_EVERYTHING).await;
    let desk = Arc::clone(&house.desks[0]);
    let held = desk.open(billing_ticket()).await;
    house.settle().await;
    assert!(!desk.ticket(&held).unwrap().tags.contains("routed"), "billing is not promoted");
    house.stop().await;

    assert!(promote(&["--label", "billing", "--head", "category", "--force"]).status.success());
    let listed = stdout(&promote(&["--list", "--json"]));
    let lines: Vec<serde_json::Value> =
        listed.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let mode = |label: &str| {
        let of = |line: &&serde_json::Value| line["head"] == "category" && line["label"] == label;
        lines.iter().find(of).unwrap()["mode"].clone()
    };
    assert_eq!(
        (mode("billing"), mode("shipping"), mode("sales")),
        ("live".into(), "live".into(), "shadow".into())
    );
    house.open("live", ONE_OF_EVERYTHING).await;
    let acted = desk.open(billing_ticket()).await;
    house.settle().await;
    assert!(desk.ticket(&acted).unwrap().tags.contains("routed"), "billing is promoted");
    house.stop().await;
}
