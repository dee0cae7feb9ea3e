//! Reading the names of a workspace.

use serde_json::{Value, json};

use super::{answer, connector, ok};
use crate::call::{Answer, Later, Next, Read, Refusal};
use crate::directory::{Choice, Directory, Field, FieldKind};
use crate::ticket::{RemoteId, TicketId};

fn answers(attributes: Value, ticket_types: Value) -> Vec<Answer> {
    vec![
        ok(&json!({ "type": "admin", "id": "9608801", "app": { "id_code": "desk42" } })),
        ok(
            &json!({ "type": "team.list", "teams": [{ "id": "5017601", "name": "Billing" }, { "id": null, "name": "x" }] }),
        ),
        ok(
            &json!({ "type": "admin.list", "admins": [{ "id": 9_608_799, "name": "Ada", "email": "ada@desk.example" }] }),
        ),
        ok(&json!({ "type": "list", "data": [{ "type": "tag", "id": "7522901", "name": "VIP" }] })),
        ok(&json!({ "type": "list", "data": attributes })),
        ok(&json!({ "type": "list", "data": ticket_types })),
    ]
}

fn names(version: &str, attributes: Value, ticket_types: Value) -> Directory {
    match connector(version).names(&answers(attributes, ticket_types)) {
        Next::Done(names) => names,
        other => panic!("no names: {other:?}"),
    }
}

fn choice(value: &str, label: &str) -> Choice {
    Choice { value: value.to_owned(), label: label.to_owned() }
}

fn kind<'a>(names: &'a Directory, name: &str) -> &'a FieldKind {
    &names.fields.iter().find(|field| field.name == name).unwrap_or_else(|| panic!("no field {name}")).kind
}

#[test]
fn the_calls_follow_the_version() {
    let all = answers(json!([]), json!([]));
    for (version, attributes) in [
        ("2.14", "/data_attributes?model=conversation"),
        ("2.16", "/conversations/attributes"),
        ("Preview", "/conversations/attributes"),
    ] {
        let connector = connector(version);
        for (at, path) in
            ["/me", "/teams", "/admins", "/tags", attributes, "/ticket_types"].iter().enumerate()
        {
            assert_eq!(connector.names(&all[..at]), Next::Send(Read::get(*path)), "{version}");
        }
    }
}

#[test]
fn teams_teammates_and_tags_have_ids() {
    let names = names("2.14", json!([]), json!([]));
    assert_eq!(names.me, Some(RemoteId("9608801".into())));
    assert_eq!(names.group("billing").unwrap().id.as_str(), "5017601");
    assert_eq!(names.groups.len(), 1);
    assert_eq!(names.agent("ada@desk.example").unwrap().id.as_str(), "9608799");
    assert_eq!(names.tag("vip").unwrap().id.as_str(), "7522901");
}

#[test]
fn attributes_of_the_older_endpoint() {
    let names = names(
        "2.14",
        json!([
            { "name": "Issue type", "data_type": "string", "custom": true, "options": ["Billing", { "value": "Sales" }] },
            { "name": "Order number", "data_type": "string", "custom": true, "options": null },
            { "name": "Amount", "data_type": "float", "custom": true },
            { "name": "VIP", "data_type": "boolean", "custom": true },
            { "name": "Due", "data_type": "date", "custom": true },
            { "name": "Score", "data_type": "integer", "custom": true, "api_writable": false },
            { "name": "id", "data_type": "string", "custom": false },
            { "name": "Old", "data_type": "string", "custom": true, "archived": true },
        ]),
        json!([]),
    );
    let both = vec![choice("Billing", "Billing"), choice("Sales", "Sales")];
    assert_eq!(
        names.field("issue type").unwrap(),
        &Field { id: RemoteId("Issue type".into()), name: "Issue type".into(), kind: FieldKind::One(both) }
    );
    assert_eq!(kind(&names, "Order number"), &FieldKind::Text);
    assert_eq!(kind(&names, "Amount"), &FieldKind::Number);
    assert_eq!(kind(&names, "VIP"), &FieldKind::Flag);
    assert_eq!(kind(&names, "Due"), &FieldKind::Date);
    assert_eq!(kind(&names, "Score"), &FieldKind::Other("read-only".into()));
    assert_eq!(names.fields.len(), 6);
}

#[test]
fn attributes_of_the_newer_endpoint_go_by_label() {
    let names = names(
        "2.16",
        json!([
            { "id": 2, "name": "Priority", "data_type": "list", "options": [
                { "id": "a1", "label": "High", "archived": false }, { "id": "a2", "label": "Gone", "archived": true } ] },
            { "id": 3, "name": "Twin", "data_type": "string" },
            { "id": 4, "name": "Twin", "data_type": "string" },
        ]),
        json!([]),
    );
    assert_eq!(kind(&names, "Priority"), &FieldKind::One(vec![choice("High", "High")]));
    // The platform refuses to write either of two attributes of one name.
    assert!(matches!(kind(&names, "Twin"), FieldKind::Other(_)));
}

#[test]
fn ticket_attributes_go_by_item_id() {
    let attribute = |name: &str, items: Value| json!({ "name": name, "data_type": "list", "input_options": { "list_items": items } });
    let names = names(
        "2.14",
        json!([{ "name": "Issue type", "data_type": "string", "options": ["Billing"], "custom": true }]),
        json!([
            { "ticket_type_attributes": { "type": "list", "data": [
                { "name": "_default_title_", "data_type": "string" },
                { "name": "Serial", "data_type": "string", "input_options": { "multiline": true } },
                attribute("Issue type", json!([{ "id": "it-1", "name": "Billing" }])) ] } },
            { "ticket_type_attributes": { "type": "list", "data": [
                attribute("Issue type", json!([{ "id": "it-9", "name": "Billing" }, { "id": "it-2", "name": "Sales" }])) ] } },
            { "archived": true, "ticket_type_attributes": { "type": "list", "data": [{ "name": "Past", "data_type": "string" }] } },
        ]),
    );
    let listed: Vec<_> = names.fields.iter().map(|field| field.name.as_str()).collect();
    assert_eq!(listed, ["Issue type", "ticket-Issue type", "Serial"]);
    assert_eq!(
        kind(&names, "ticket-Issue type"),
        &FieldKind::One(vec![choice("it-1", "Billing"), choice("it-9", "Billing"), choice("it-2", "Sales")])
    );
    assert_eq!(kind(&names, "Serial"), &FieldKind::Text);
    let account = connector("2.14");
    let conversation = TicketId::new("215472").unwrap();
    assert_eq!(account.names_for(&conversation, &names).as_ref(), &names);
    let of_ticket = account.names_for(&TicketId::new("ticket-215473").unwrap(), &names).into_owned();
    let listed: Vec<_> =
        of_ticket.fields.iter().map(|field| (field.id.as_str(), field.name.as_str())).collect();
    assert_eq!(
        listed,
        [("Serial", "Serial"), ("Issue type", "Issue type"), ("Issue type", "ticket-Issue type")]
    );
    assert_eq!(of_ticket.field("ticket-issue type").unwrap().id.as_str(), "Issue type");
    assert!(matches!(kind(&of_ticket, "Issue type"), FieldKind::One(items) if items[1].value == "it-9"));
}

#[test]
fn a_workspace_without_tickets_has_names_all_the_same() {
    let mut answers = answers(json!([]), json!([]));
    for status in [403, 404] {
        answers[5] = answer(status, "{}");
        assert!(matches!(connector("2.14").names(&answers), Next::Done(_)));
    }
    answers[5] = answer(503, "");
    assert_eq!(connector("2.14").names(&answers), Next::Later(Later::Failed));
}

#[test]
fn a_token_of_another_workspace_is_told_at_once() {
    let me = ok(&json!({ "id": "1", "app": { "id_code": "other7" } }));
    match connector("2.14").names(&[me]) {
        Next::Refused(Refusal::Invalid(message)) => {
            assert!(message.contains("other7") && message.contains("desk42"))
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn refusals_and_failures_end_the_reading() {
    for at in 0..5 {
        let mut answers = answers(json!([]), json!([]));
        answers.truncate(at + 1);
        answers[at] = answer(401, "{}");
        assert_eq!(connector("2.14").names(&answers), Next::Refused(Refusal::Credentials), "call {at}");
        answers[at] = answer(500, "");
        assert_eq!(connector("2.14").names(&answers), Next::Later(Later::Failed), "call {at}");
    }
}
