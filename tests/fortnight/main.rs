//! A desk's way from shadow to live, in one test: a fortnight of tickets on three accounts, agents whose mistakes and habits are
//! known, a report that must find them, labels that earn it, and a model fault that costs one label its place.
//!
//! Everything is real but time: the stand-ins and the daemon share a clock that jumps from day to day.

/// Figures are shown with `--nocapture`.
macro_rules! tell {
    ($($words:tt)*) => {
        println!($($words)*)
    };
}

#[expect(dead_code, reason = "the integration tests use more of the house")]
#[path = "../it/harness.rs"]
mod harness;
#[expect(dead_code, reason = "the integration tests use more of it")]
#[path = "../it/process.rs"]
mod process;

mod agents;
mod days;
mod figures;
mod model;
mod texts;

use deskbridge_standins::Logged;
use serde_json::Value;

use crate::agents::Agents;
use crate::days::Calendar;
use crate::figures::Truth;
use crate::harness::House;
use crate::process::{ask, stderr, stdout};
use crate::texts::LABELS;

/// Tickets of each label while the desk is in shadow.
const A_LABEL: usize = 400;
const DAYS: usize = 14;

/// Routes what the category says; the tag shows that deskbridge acted.
const RULES: &str = r#"
version: 1
names:
  groups: { billing: Billing, technical: Technical Support, account: Account Care, shipping: Logistics, returns: Returns }
  fields: { category: { zendesk: Category, intercom: Issue type, freshdesk: cf_category } }
rules:
  - id: sort
    when: { head: category, is: [billing, technical, account, shipping, returns] }
    then:
      - set_field: { category: "{{ category.label }}" }
      - add_tags: [sorted]
"#;

/// Looked for every second of real time; whatever the calendar says is due by then is read.
const SECTIONS: &str = "settling: { every: 1s }\n";

#[tokio::test(flavor = "multi_thread")]
async fn a_desk_goes_from_shadow_to_live_and_a_fault_takes_its_label_back() {
    let calendar = Calendar::days_ago(15);
    let bundles = tempfile::tempdir().unwrap();
    let good = model::train(bundles.path(), "good", |label| label);
    let faulty = model::train(bundles.path(), "faulty", |label| match label {
        "account" => "returns",
        "returns" => "account",
        other => other,
    });
    let mut house = House::without_a_daemon().await;
    house.desks.iter().for_each(|desk| desk.raise_limit());
    (house.bundle, house.clock, house.sections) = (good, calendar.clock(), SECTIONS);

    // Two weeks in shadow.
    house.open("shadow", RULES).await;
    let mut agents = Agents::default();
    let mut writes = texts::Writer::default();
    for day in 0..DAYS {
        let today = A_LABEL * (day + 1) / DAYS - A_LABEL * day / DAYS;
        let tickets = days::arrive(&house, &mut writes, &LABELS, today).await;
        calendar.forward_hours(4);
        tickets.iter().for_each(|ticket| agents.work_on(&house, ticket));
        calendar.forward_hours(20);
    }
    days::settled(&house, agents.worked_on()).await;
    house.stop().await;
    for desk in &house.desks {
        let changed: Vec<_> = desk.requests().into_iter().filter(Logged::is_write).collect();
        assert!(changed.is_empty(), "{}: nothing is written in shadow: {changed:#?}", desk.platform());
    }

    // The report finds what is known to be so.
    let truth = Truth::of(&house, &agents).await;
    let config = house.write_settings("shadow", RULES, "127.0.0.1:1", "127.0.0.1:2");
    let config = config.to_str().unwrap().to_owned();
    let report = report(&config);
    truth.is_what(&report);
    truth.lies_within_the_intervals_of(&report);

    // Labels earn their place, or do not.
    let promote =
        |label: &str| ask(&["promote", "--config", &config, "--head", "category", "--label", label], "");
    for label in ["billing", "technical", "account"] {
        let promoted = promote(label);
        assert!(promoted.status.success(), "{label}: {}", stderr(&promoted));
    }
    for (label, because) in [("returns", "agents file it elsewhere"), ("shipping", "the model errs")] {
        let refused = promote(label);
        assert_eq!(refused.status.code(), Some(1), "{label} must not go live ({because})");
    }

    // Live: what was promoted acts, and nothing else.
    calendar.return_to_now();
    calendar.forward_hours(1);
    house.open("live", RULES).await;
    let live = days::arrive(&house, &mut writes, &LABELS, 12).await;
    for ticket in &live {
        let acted = house.desks[ticket.desk].ticket(&ticket.id).unwrap().tags.contains("sorted");
        let may = ["billing", "technical", "account"].contains(&ticket.says);
        assert_eq!(acted, may && days::was_sure(&house, ticket).await, "{ticket:?}");
    }
    live.iter().for_each(|ticket| agents.solve(&house, ticket));
    calendar.forward_hours(96);
    days::settled(&house, agents.worked_on()).await;
    assert!(house.store.demotions().await.unwrap().is_empty(), "whoever is right stays");
    house.stop().await;

    // The model gets a fault: it takes returns for accounts. People put that right, and the label falls.
    house.bundle = faulty;
    house.open("live", RULES).await;
    let wrong = days::arrive(&house, &mut writes, &["returns"], 30).await;
    let acted = wrong.iter().filter(|ticket| days::is_sorted(&house, ticket)).count();
    assert!(acted > 20, "the fault acts: {acted}");
    wrong.iter().for_each(|ticket| agents.correct(&house, ticket));
    calendar.forward_hours(96);
    harness::wait_until("a label falls back", async || !house.store.demotions().await.unwrap().is_empty())
        .await;
    days::settled(&house, agents.worked_on()).await;
    let fallen = house.store.demotions().await.unwrap();
    assert_eq!(fallen.iter().map(|fall| fall.label.as_str()).collect::<Vec<_>>(), ["account"], "{fallen:#?}");
    tell!("{}", fallen[0].reason);

    // From then on it is held back, and the others act on.
    let after = days::arrive(&house, &mut writes, &["returns", "billing"], 9).await;
    for ticket in &after {
        let acts = ticket.says == "billing" && days::was_sure(&house, ticket).await;
        assert_eq!(days::is_sorted(&house, ticket), acts, "{ticket:?}");
    }
    assert!(after.iter().any(|ticket| days::is_sorted(&house, ticket)));
    house.stop().await;
    let standing = &self::report(&config)["in_force"]["labels"]["category"];
    assert_eq!(
        (&standing["account"]["mode"], &standing["billing"]["mode"]),
        (&"shadow".into(), &"live".into())
    );
    assert!(standing["account"]["fell"].as_str().unwrap().contains("people overrode"), "{standing}");
}

fn report(config: &str) -> Value {
    let report = ask(&["report", "--config", config, "--format", "json"], "");
    assert!(report.status.success(), "{}", stderr(&report));
    serde_json::from_str(&stdout(&report)).unwrap()
}
