use deskbridge_connectors::directory::{Choice, Field};
use deskbridge_connectors::ticket::{Requester, Status};
use deskbridge_connectors::{Priority, Ticket, TicketId, Version};

use super::*;

fn id(text: &str) -> RemoteId {
    RemoteId(text.to_owned())
}

fn text(value: &str) -> FieldValue {
    FieldValue::Text(value.to_owned())
}

fn at(minute: u8) -> Timestamp {
    format!("2026-05-04T10:{minute:02}:00Z").parse().unwrap()
}

/// Names with a list that new tickets have at `other`, and a box.
fn names() -> Directory {
    let choice = |value: &str| Choice { value: value.into(), label: value.to_uppercase() };
    let list = FieldKind::One(vec![choice("other"), choice("billing")]);
    Directory {
        fields: vec![
            Field { id: id("7"), name: "Category".into(), kind: list },
            Field { id: id("8"), name: "Escalated".into(), kind: FieldKind::Flag },
        ],
        presets: [(id("7"), text("other"))].into(),
        ..Directory::default()
    }
}

/// A ticket with these fields, changed so.
fn kept(
    fields: &[(&str, FieldValue)],
    priority: Option<(Priority, bool)>,
    changes: &[(By, Part, Option<FieldValue>)],
) -> Kept {
    let ticket = Ticket {
        id: TicketId::new("17").unwrap(),
        version: Version("v".into()),
        subject: String::new(),
        messages: Vec::new(),
        requester: Requester::default(),
        status: Status::Solved,
        priority: priority.map(|(priority, _)| priority),
        priority_is_default: priority.is_some_and(|(_, is_default)| is_default),
        tags: BTreeSet::new(),
        group: None,
        assignee: None,
        fields: fields.iter().map(|(field, value)| (id(field), value.clone())).collect(),
        profile: Default::default(),
        followers: Vec::new(),
        channel: None,
        brand: None,
        created_at: Some(at(0)),
        machine: None,
    };
    let changes = changes.iter().enumerate().map(|(minute, (by, part, value))| Change {
        at: at(minute as u8),
        by: by.clone(),
        part: part.clone(),
        value: value.clone(),
    });
    let settled = Settled {
        ticket,
        closed_at: Some(at(30)),
        first_reply_at: None,
        touched_at: Some(at(30)),
        changes: changes.collect(),
        told: BTreeSet::new(),
    };
    keep(&settled, &names(), &BTreeSet::new(), at(59))
}

#[test]
fn a_priority_that_every_ticket_is_born_with_is_nobodys_choice() {
    let now = |priority, changes: &[_]| kept(&[], Some(priority), changes).priority.now;
    let agent = By::Person(id("4"));
    assert_eq!(now((Priority::Low, true), &[]), [] as [&str; 0]);
    assert_eq!(now((Priority::Low, false), &[]), ["low"]);
    assert_eq!(now((Priority::Low, true), &[(agent, Part::Priority, Some(text("low")))]), ["low"]);
}

#[test]
fn a_value_that_a_form_presets_is_nobodys_choice() {
    let part = || Part::Field(id("7"));
    let born = (By::Customer, part(), Some(text("other")));
    let agent = By::Person(id("4"));
    let story = |value: &str, changes: &[_]| {
        let mut fields = kept(&[("7", text(value))], None, changes).fields;
        fields.pop().map(|field| (field.story.now, field.story.by, field.story.first))
    };
    assert_eq!(story("other", &[]), None);
    assert_eq!(story("other", std::slice::from_ref(&born)), None);
    let chosen = (agent.clone(), part(), Some(text("billing")));
    let billing = vec!["BILLING".to_owned()];
    assert_eq!(
        story("billing", &[born.clone(), chosen.clone()]),
        Some((billing.clone(), Some(Who::Person), Some(billing.clone())))
    );
    let opened_by_agent = (agent.clone(), part(), Some(text("other")));
    assert_eq!(story("other", std::slice::from_ref(&opened_by_agent)), None, "an agent opened the ticket");
    let emptied = (By::Automation, part(), None);
    let other = vec!["OTHER".to_owned()];
    assert_eq!(
        story("other", &[emptied, opened_by_agent]),
        Some((other.clone(), Some(Who::Person), Some(other))),
        "an agent chose it on a ticket that was born without"
    );
    let back = (agent, part(), Some(text("other")));
    assert_eq!(
        story("other", &[born, chosen, back]),
        Some((vec!["OTHER".to_owned()], Some(Who::Person), Some(billing))),
        "chosen again, after something else"
    );
}

#[test]
fn a_box_that_was_never_ticked_says_nothing() {
    let fields = |ticked| kept(&[("8", FieldValue::Flag(ticked))], None, &[]).fields.len();
    assert_eq!([fields(false), fields(true)], [0, 1]);
}
