//! The stand-in over a real socket: its own rules, and the connector against them.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::routing::post;
use deskbridge_connectors::account::{Credentials, WebhookConfig};
use deskbridge_connectors::plan::Note;
use deskbridge_connectors::{
    AccountConfig, AccountId, Answer, Applied, Call, Connector, Content, Delivery, Directory, Doubt, Effect,
    EffectState, FieldValue, Later, Looked, Next, Notice, NoticeKind, Plan, Platform, Priority, Read,
    Refusal, Rejected, Secret, Status, Ticket, TicketId, Verified,
};
use http::HeaderMap;
use serde_json::{Value, json};

use super::{ACCESS_TOKEN, APP_ID, CLIENT_SECRET, Intercom, state};
use crate::desk::{Change, Desk, NewTicket};
use crate::log::{Fault, FaultKind};
use crate::webhook::now_ms;

type Received = Arc<Mutex<Vec<(HeaderMap, Bytes)>>>;

/// A desk, an address that keeps what is posted to it, and a connector that speaks to the desk.
struct Scene {
    desk: Intercom,
    received: Received,
    connector: Arc<dyn Connector>,
    client: reqwest::Client,
}

async fn scene(version: &str) -> Scene {
    let desk = Intercom::start().await.unwrap();
    let received = Received::default();
    let router = Router::new()
        .route(
            "/hooks/chat",
            post(|State(kept): State<Received>, headers: HeaderMap, body: Bytes| async move {
                kept.lock().unwrap().push((headers, body));
            }),
        )
        .with_state(received.clone());
    let (address, _) = crate::fault::serve(router).await.unwrap();
    desk.deliver_to(&format!("http://{address}/hooks/chat"));
    let connector = Platform::Intercom.open(&account(&desk, version)).unwrap().connector;
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    Scene { desk, received, connector, client }
}

pub(crate) fn account(desk: &Intercom, version: &str) -> AccountConfig {
    AccountConfig {
        id: AccountId::new("chat").unwrap(),
        base_url: desk.base_url(),
        webhook: WebhookConfig { secrets: vec![Secret::new(CLIENT_SECRET)], ..WebhookConfig::default() },
        credentials: Some(Credentials::AccessToken(Secret::new(ACCESS_TOKEN))),
        allow_public_replies: true,
        segment_field: None,
        api_version: Some(version.to_owned()),
        app_id: Some(APP_ID.to_owned()),
        admin_id: Some(state::BRIDGE_ADMIN.to_string()),
    }
}

impl Scene {
    async fn request(&self, method: &str, path: &str, body: Option<&Value>) -> Option<Answer> {
        let method = method.parse::<reqwest::Method>().unwrap();
        let mut request =
            self.client.request(method, format!("{}{path}", self.desk.base_url())).bearer_auth(ACCESS_TOKEN);
        for (name, value) in self.connector.headers() {
            request = request.header(name, value);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = request.send().await.ok()?;
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        Some(Answer { status, headers, body: answer.bytes().await.ok()? })
    }

    async fn ask<T>(&self, next: impl Fn(&[Answer]) -> Next<T, Read>) -> Next<T, Read> {
        let mut answers = Vec::new();
        loop {
            match next(&answers) {
                Next::Send(Read { path, .. }) => {
                    answers.push(self.request("GET", path.as_str(), None).await.unwrap())
                }
                end => return end,
            }
        }
    }

    async fn names(&self) -> Directory {
        match self.ask(|answers| self.connector.names(answers)).await {
            Next::Done(names) => names,
            other => panic!("no names: {other:?}"),
        }
    }

    async fn look(&self, id: &str) -> Ticket {
        let notice = Notice {
            kind: NoticeKind::Created,
            ticket: TicketId::new(id).unwrap(),
            actor: None,
            occurred_at: None,
        };
        match self.ask(|answers| self.connector.look(&notice, answers)).await {
            Next::Done(Looked::Ticket(ticket)) => *ticket,
            other => panic!("no ticket: {other:?}"),
        }
    }

    /// Carries a plan out; `None` where an answer never came.
    async fn act(
        &self,
        plan: &Plan,
        on: &Ticket,
        names: &Directory,
        doubt: Doubt,
    ) -> Option<Next<Applied, Call>> {
        let mut answers = Vec::new();
        loop {
            let answer = match self.connector.act(plan, on, names, doubt, &answers) {
                Next::Send(Call::Read(Read { path, .. })) => self.request("GET", path.as_str(), None).await,
                Next::Send(Call::Write(write)) => {
                    self.request(write.verb.as_str(), write.path.as_str(), Some(&write.body)).await
                }
                end => return Some(end),
            };
            answers.push(answer?);
        }
    }

    fn verified(&self, at: usize) -> Result<Verified, Rejected> {
        let (headers, body) = self.received.lock().unwrap()[at].clone();
        let delivery = Delivery { account: AccountId::new("chat").unwrap(), headers, body };
        self.connector.verify(&delivery, jiff::Timestamp::from_millisecond(now_ms()).unwrap())
    }

    /// Waits for so many notifications.
    async fn received(&self, count: usize) {
        let all = async {
            while self.received.lock().unwrap().len() < count {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), all).await.expect("the notifications that were caused");
    }

    async fn status(&self, method: &str, path: &str, body: Value) -> u16 {
        self.request(method, path, Some(&body)).await.unwrap().status
    }
}

fn ticket(body: &str) -> NewTicket {
    let tags = vec!["vip".to_owned()];
    NewTicket {
        subject: String::new(),
        body: body.to_owned(),
        email: "Grace@Example.com".to_owned(),
        tags,
        touched: None,
    }
}

fn whole_plan() -> Plan {
    let note = Note { text: "Predicted billing (97 %)\n<b>".into(), marker: "deskbridge:7-abc".into() };
    Plan(vec![
        Effect::Note(note),
        Effect::AssignGroup("Billing".into()),
        Effect::AssignAgent("ada@desk.example".into()),
        Effect::AddTags(BTreeSet::from(["VIP".into(), "refund".into(), "billing".into()])),
        Effect::SetPriority(Priority::High),
        Effect::SetField { field: "Issue type".into(), value: FieldValue::Text("billing".into()) },
    ])
}

#[tokio::test]
async fn a_conversation_is_announced_read_and_changed() {
    for version in ["2.11", "2.14", "2.15", "2.16", "Unstable"] {
        let scene = scene(version).await;
        let id = scene.desk.open(ticket("I was charged twice & want it back")).await;
        let Ok(Verified::Delivery(delivery)) = scene.verified(0) else { panic!("not accepted") };
        let Content::Notice(notice) = delivery.content() else { panic!("not read") };
        assert_eq!((notice.kind, notice.ticket.as_str()), (NoticeKind::Created, id.as_str()));
        assert!(delivery.key().as_str().starts_with("notif_"));

        let names = scene.names().await;
        let plan = whole_plan();
        for effect in &plan.0 {
            scene.connector.can(effect, &names).unwrap();
        }
        let on = scene.look(&id).await;
        assert_eq!(on.first_customer_text(), "I was charged twice & want it back");
        assert_eq!(on.requester.email.as_deref(), Some("grace@example.com"));

        let Some(Next::Done(applied)) = scene.act(&plan, &on, &names, Doubt::None).await else {
            panic!("not applied in {version}")
        };
        assert!(
            applied.states.iter().all(|state| *state == EffectState::Applied),
            "{applied:?} in {version}"
        );
        let now = scene.look(&id).await;
        assert_eq!(applied.version, Some(now.version.clone()));

        let state = scene.desk.ticket(&id).unwrap();
        assert_eq!(state.priority.as_deref(), Some("high"), "in {version}");
        assert_eq!(state.group.as_deref(), Some("Billing"));
        assert_eq!(state.agent.as_deref(), Some("Ada Lovelace"));
        assert_eq!(state.tags, ["billing", "refund", "vip"].map(str::to_owned).into());
        assert_eq!(state.fields["Issue type"], "Billing");
        assert_eq!(
            state.notes[0].body,
            "<p>Predicted billing (97 %)<br>&lt;b&gt;</p><p>deskbridge:7-abc</p>"
        );
        assert!(!state.notes[0].public);

        // A second time everything holds, the note included: nothing but the read is sent.
        let before = scene.desk.requests().len();
        let Some(Next::Done(again)) = scene.act(&plan, &now, &names, Doubt::None).await else {
            panic!("not done")
        };
        assert!(again.states.iter().all(|state| *state == EffectState::Unchanged), "{again:?}");
        assert_eq!(scene.desk.requests().len(), before + 1);
    }
}

#[tokio::test]
async fn our_own_changes_come_back_as_notices_that_are_no_new_ticket() {
    let scene = scene("2.14").await;
    let id = scene.desk.open(ticket("hello")).await;
    let (names, on) = (scene.names().await, scene.look(&id).await);
    scene.act(&whole_plan(), &on, &names, Doubt::None).await.unwrap();
    // The creation, two new tags, two assignments, one note.
    scene.received(6).await;
    for at in 1..6 {
        let Ok(Verified::Delivery(delivery)) = scene.verified(at) else { panic!("not accepted") };
        let Content::Notice(notice) = delivery.content() else { panic!("not read") };
        assert_eq!((notice.kind, &notice.actor), (NoticeKind::Other, &names.me), "{notice:?}");
    }
}

#[tokio::test]
async fn a_person_who_is_faster_wins() {
    let scene = scene("2.14").await;
    let id = scene.desk.open(ticket("hello")).await;
    let names = scene.names().await;
    let change = Change { group: Some("Sales".into()), priority: Some("low".into()), ..Change::default() };
    scene.desk.agent_edits_after_next_look(&id, change);
    let on = scene.look(&id).await;
    let end = scene.act(&whole_plan(), &on, &names, Doubt::None).await;
    assert_eq!(end, Some(Next::Refused(Refusal::Moved)));
    assert!(!scene.desk.requests().iter().any(crate::log::Logged::is_write));
    assert_eq!(scene.desk.ticket(&id).unwrap().group.as_deref(), Some("Sales"));
}

#[tokio::test]
async fn a_note_whose_answer_was_lost_is_not_written_twice() {
    let scene = scene("2.14").await;
    let id = scene.desk.open(ticket("hello")).await;
    let (names, on) = (scene.names().await, scene.look(&id).await);
    scene.desk.inject(Fault {
        method: Some("POST"),
        path_contains: "/reply".into(),
        kind: FaultKind::CutAfterWork,
        times: 1,
    });
    assert_eq!(scene.act(&whole_plan(), &on, &names, Doubt::None).await, None);
    let on = scene.look(&id).await;
    let Some(Next::Done(applied)) = scene.act(&whole_plan(), &on, &names, Doubt::LastWriteUnanswered).await
    else {
        panic!("not done")
    };
    assert!(applied.states.iter().all(|state| *state == EffectState::Unchanged), "{applied:?}");
    assert_eq!(scene.desk.ticket(&id).unwrap().notes.len(), 1);
}

#[tokio::test]
async fn what_is_forged_or_malformed_is_told_apart() {
    let scene = scene("2.14").await;
    let id = scene.desk.open(ticket("hello")).await;
    assert_eq!(scene.desk.forge(&id).await, 200);
    assert_eq!(scene.verified(1).unwrap_err(), Rejected::BadSignature);
    assert_eq!(scene.desk.send_malformed().await, 200);
    let Ok(Verified::Delivery(delivery)) = scene.verified(2) else { panic!("not kept") };
    assert!(
        matches!(delivery.content(), Content::Malformed(malformed) if malformed.path == "$.data.item.id")
    );
    assert_eq!(scene.desk.ping().await, 200);
    assert!(matches!(scene.verified(3), Ok(Verified::Handshake)));

    // A repeat is signed anew and recognised by its id.
    assert_eq!(scene.desk.redeliver(&id).await, 200);
    let key = |at| match scene.verified(at) {
        Ok(Verified::Delivery(delivery)) => delivery.key().clone(),
        other => panic!("not accepted: {other:?}"),
    };
    assert_eq!(key(0), key(4));
    let signature = |at: usize| scene.received.lock().unwrap()[at].0["x-hub-signature"].clone();
    assert_ne!(signature(0), signature(4));
}

#[tokio::test]
async fn the_workspace_refuses_what_the_platform_refuses() {
    let scene = scene("2.14").await;
    let id = scene.desk.open(ticket("hello")).await;
    let admin = state::BRIDGE_ADMIN;
    let at = |rest: &str| format!("/conversations/{id}{rest}");
    for (expected, method, path, body) in [
        (400, "PUT", at(""), json!({ "custom_attributes": { "issue type": "Billing" } })),
        (400, "PUT", at(""), json!({ "custom_attributes": { "Issue type": "billing" } })),
        (404, "POST", at("/tags"), json!({ "id": "1", "admin_id": admin })),
        (400, "POST", at("/tags"), json!({ "id": "1" })),
        (
            404,
            "POST",
            at("/parts"),
            json!({ "message_type": "assignment", "type": "team", "admin_id": admin, "assignee_id": "1" }),
        ),
        (400, "POST", at("/reply"), json!({ "message_type": "note", "type": "admin", "body": "x" })),
        (400, "POST", "/tags".to_owned(), json!({})),
        (404, "PUT", "/conversations/1".to_owned(), json!({})),
    ] {
        assert_eq!(scene.status(method, &path, body.clone()).await, expected, "{method} {path} {body}");
    }
    // No stable version writes a priority; it says nothing about it either.
    assert_eq!(scene.status("PUT", &at(""), json!({ "priority": "urgent" })).await, 200);
    assert_eq!(scene.desk.ticket(&id).unwrap().priority, None);

    let url = format!("{}{}", scene.desk.base_url(), at(""));
    let bare = scene.client.get(&url).send().await.unwrap();
    assert_eq!(bare.status(), 401);
    let unversioned = scene.client.get(&url).bearer_auth(ACCESS_TOKEN).send().await.unwrap();
    assert_eq!(unversioned.status(), 400);
}

#[tokio::test]
async fn assigning_a_closed_conversation_opens_it_so_the_connector_does_not() {
    let scene = scene("2.14").await;
    let id = scene.desk.open(ticket("hello")).await;
    scene.desk.close(&id);
    let (names, on) = (scene.names().await, scene.look(&id).await);
    assert_eq!(on.status, Status::Solved);
    let plan = Plan(vec![Effect::AssignGroup("Sales".into())]);
    let Next::Done(applied) = scene.act(&plan, &on, &names, Doubt::None).await.unwrap() else { panic!() };
    assert!(matches!(&applied.states[..], [EffectState::Refused(why)] if why.contains("closed")));
    assert_eq!(scene.look(&id).await.status, Status::Solved, "whoever closed it wins");

    let assignment = json!({
        "message_type": "assignment", "type": "team", "admin_id": names.me, "assignee_id": names.group("Sales").unwrap().id,
    });
    assert_eq!(scene.status("POST", &format!("/conversations/{id}/parts"), assignment).await, 200);
    // Nobody of the desk has written yet and no teammate has it, so it counts as new.
    assert_eq!(scene.look(&id).await.status, Status::New);
}

#[tokio::test]
async fn every_answer_tells_the_rate_and_the_time_until_it_resets() {
    let scene = scene("2.14").await;
    let first = scene.request("GET", "/teams", None).await.unwrap();
    let pace = scene.connector.pace(&first).unwrap();
    assert_eq!((pace.limit, pace.remaining), (1_667, 1_666));
    assert!(pace.reset.unwrap() <= Duration::from_secs(10));

    let kind = FaultKind::Status { status: 429, retry_after: None };
    scene.desk.inject(Fault { method: None, path_contains: "/me".into(), kind, times: 1 });
    match scene.ask(|answers| scene.connector.names(answers)).await {
        Next::Later(Later::Busy { after: Some(after) }) => {
            assert!(after <= Duration::from_secs(10));
        }
        other => panic!("not busy: {other:?}"),
    }
}

#[tokio::test]
async fn the_address_is_checked_with_head() {
    let scene = scene("2.14").await;
    assert_eq!(scene.desk.check_address().await, 405);
}
