//! Conversations: what is said in several messages, who has answered, and who wrote first.

use std::sync::Arc;

use deskbridge::domain::outcome::Entry;
use deskbridge_standins::zendesk::Zendesk;
use deskbridge_standins::{Change, Desk, NewTicket};

use crate::harness::{House, billing_ticket};

const RULES: &str = r#"
version: 1
names:
  groups: { billing: Billing, technical: Technical Support }
  fields: { category: { zendesk: Category, intercom: Issue type, freshdesk: cf_category } }
templates:
  received: { default: en, en: "Thank you, we have your message and a colleague reads it soon." }
rules:
  - id: billing
    when: { category: billing }
    then:
      - set_field: { category: "{{ category.label }}" }
      - assign_group: billing
      - add_tags: routed
  - id: technical
    when: { category: technical }
    then:
      - assign_group: technical
      - add_tags: routed
  - id: unsure
    when: { head: category, abstains: true }
    then:
      - add_tags: unsure
      - reply: received
"#;

const GREETING: &str = "Good morning";
const MATTER: &str =
    "My credit card was charged twice for the same invoice, please refund one of the two payments.";
const ANOTHER: &str = "And the app crashes with an error every time I open the settings page.";

fn chat(text: &str) -> NewTicket {
    NewTicket { subject: String::new(), body: text.into(), tags: Vec::new(), ..billing_ticket() }
}

/// The rules of each decision, oldest first.
fn rules(decided: &[Entry]) -> Vec<&str> {
    decided.iter().map(|entry| entry.rules.first().map_or("none", String::as_str)).collect()
}

async fn decided(house: &House, desk: &dyn Desk, ticket: &str) -> Vec<Entry> {
    house.settle().await;
    house.decided(desk, ticket).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_greeting_is_decided_again_when_the_matter_follows() {
    let mut house = House::start_answering("live", RULES).await;
    for desk in &house.desks {
        let name = desk.platform();
        let ticket = desk.open(chat(GREETING)).await;
        assert_eq!(rules(&decided(&house, &**desk, &ticket).await), ["unsure"], "{name}");
        // Our own acknowledgement is no person's answer.
        assert_eq!(desk.ticket(&ticket).unwrap().notes.len(), 1, "{name}");

        desk.customer_writes(&ticket, MATTER).await;
        assert_eq!(rules(&decided(&house, &**desk, &ticket).await), ["unsure", "billing"], "{name}");
        let state = desk.ticket(&ticket).unwrap();
        assert_eq!(state.group.as_deref(), Some("Billing"), "{name}");
        assert!(state.tags.contains("routed"), "{name}: {:?}", state.tags);
        assert_eq!(state.notes.len(), 1, "{name}: nothing is acknowledged twice");

        // Where it goes has been said.
        desk.customer_writes(&ticket, ANOTHER).await;
        assert_eq!(decided(&house, &**desk, &ticket).await.len(), 2, "{name}");
    }
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn once_a_person_has_answered_a_further_message_decides_nothing() {
    let mut house = House::start("live", RULES).await;
    for desk in &house.desks {
        let name = desk.platform();
        let ticket = desk.open(chat(GREETING)).await;
        assert_eq!(decided(&house, &**desk, &ticket).await.len(), 1, "{name}");
        let reply = Some("Good morning, what can I do for you?".to_owned());
        desk.agent_edits(&ticket, Change { reply, ..Change::default() });
        desk.customer_writes(&ticket, MATTER).await;
        assert_eq!(rules(&decided(&house, &**desk, &ticket).await), ["unsure"], "{name}");
    }
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_said_before_the_first_look_is_read_together() {
    let mut house = House::start("live", RULES).await;
    for desk in &house.desks {
        let name = desk.platform();
        let ticket = desk.open_quietly(chat(GREETING));
        desk.customer_writes(&ticket, MATTER).await;
        assert_eq!(rules(&decided(&house, &**desk, &ticket).await), ["billing"], "{name}");
    }
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whom_the_desk_wrote_to_first_is_decided_on_when_they_write() {
    let mut house = House::start("live", RULES).await;
    for desk in &house.desks {
        let name = desk.platform();
        let ours = NewTicket { subject: "Our new terms".into(), ..chat(ANOTHER) };
        let ticket = desk.write_first(ours).await;
        assert!(decided(&house, &**desk, &ticket).await.is_empty(), "{name}: nobody has asked anything");
        desk.customer_writes(&ticket, MATTER).await;
        assert_eq!(rules(&decided(&house, &**desk, &ticket).await), ["billing"], "{name}");
    }
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_messaging_ticket_is_read_from_its_events() {
    let mut house = House::start("live", RULES).await;
    house.stop().await;
    let desk = Arc::new(Zendesk::start().await.unwrap());
    house.desks = vec![desk.clone()];
    house.open("live", RULES).await;
    let ticket = desk.open_conversation("ines@mail.example").await;
    desk.message(&ticket, "system", "Hello, what is it about?").await;
    assert!(decided(&house, &*desk, &ticket).await.is_empty(), "no customer has said anything");

    for text in [GREETING, "so"] {
        assert_eq!(desk.message(&ticket, "end_user", text).await, 200);
        house.settle().await;
    }
    assert_eq!(rules(&decided(&house, &*desk, &ticket).await), ["unsure", "unsure"]);
    desk.message(&ticket, "end_user", "my credit card was charged twice for the same invoice,").await;
    desk.message(&ticket, "end_user", "please refund one of the two payments").await;
    let all = decided(&house, &*desk, &ticket).await;
    assert_eq!(rules(&all).last(), Some(&"billing"), "{:?}", rules(&all));
    assert_eq!(desk.ticket(&ticket).unwrap().group.as_deref(), Some("Billing"));

    // In another conversation somebody of the desk is faster.
    let second = desk.open_conversation("kim@mail.example").await;
    desk.message(&second, "end_user", GREETING).await;
    desk.message(&second, "agent", "Good morning, how can I help?").await;
    desk.message(&second, "end_user", MATTER).await;
    assert_eq!(rules(&decided(&house, &*desk, &second).await), ["unsure"]);
    house.stop().await;
}
