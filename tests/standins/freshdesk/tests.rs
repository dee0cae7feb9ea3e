//! The stand-in over real sockets, asked by the real connector: each must keep the other honest.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::routing::post;
use deskbridge_connectors::account::{AccountConfig, Credentials, WebhookConfig};
use deskbridge_connectors::ticket::{FieldValue, Priority, Skip, Ticket};
use deskbridge_connectors::*;
use http::{HeaderMap, StatusCode};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{API_KEY, Freshdesk, SECRET, TOKEN, TOKEN_HEADER};
use crate::desk::{Change, Desk, NewTicket};
use crate::log::{Fault, FaultKind};
use crate::webhook::now_ms;

pub(crate) fn account(desk: &Freshdesk) -> AccountConfig {
    AccountConfig {
        id: AccountId::new("shop").unwrap(),
        base_url: desk.base_url(),
        webhook: WebhookConfig {
            secrets: vec![Secret::new(SECRET)],
            tolerance: None,
            token_header: Some(TOKEN_HEADER.to_owned()),
            tokens: vec![Secret::new(TOKEN)],
            basic_auth: None,
        },
        credentials: Some(Credentials::ApiKey(Secret::new(API_KEY))),
        allow_public_replies: true,
        segment_field: None,
        api_version: None,
        app_id: None,
        admin_id: None,
    }
}

fn parcel() -> NewTicket {
    NewTicket {
        subject: "Where is my parcel?".to_owned(),
        body: "<p>Order 88213 &amp; nothing came.</p>".to_owned(),
        email: "Kim@customer.example".to_owned(),
        tags: vec!["newsletter".to_owned()],
        touched: None,
    }
}

/// A desk, its connector, and a client that carries out exchanges.
struct Rig {
    desk: Freshdesk,
    connector: Arc<dyn Connector>,
    client: reqwest::Client,
}

impl Rig {
    async fn start() -> Self {
        let desk = Freshdesk::start().await.unwrap();
        let connector = Platform::Freshdesk.open(&account(&desk)).unwrap().connector;
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { desk, connector, client }
    }

    async fn send(&self, method: &str, path: &str, body: Option<&Value>) -> Result<Answer, reqwest::Error> {
        let url = format!("{}{path}", self.desk.base_url());
        let request = self.client.request(method.parse().unwrap(), url).basic_auth(API_KEY, Some("X"));
        let answer = match body {
            Some(body) => request.json(body).send().await?,
            None => request.send().await?,
        };
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        Ok(Answer { status, headers, body: answer.bytes().await? })
    }

    /// Carries an exchange on until it ends or a connection breaks.
    async fn drive<T: std::fmt::Debug, C: Clone + Into<Sendable>>(
        &self,
        step: impl Fn(&[Answer]) -> Next<T, C>,
    ) -> Result<Next<T, C>, reqwest::Error> {
        let mut answers = Vec::new();
        loop {
            assert!(answers.len() < 40, "the exchange ends");
            match step(&answers) {
                Next::Send(call) => {
                    let Sendable(method, path, body) = call.into();
                    answers.push(self.send(method, &path, body.as_ref()).await?);
                }
                end => return Ok(end),
            }
        }
    }

    async fn look(&self, ticket: &str) -> Looked {
        let ticket = TicketId::new(ticket).unwrap();
        let notice = Notice { kind: NoticeKind::Created, ticket, actor: None, occurred_at: None };
        match self.drive(|answers| self.connector.look(&notice, answers)).await.unwrap() {
            Next::Done(looked) => looked,
            other => panic!("{other:?}"),
        }
    }

    async fn ticket(&self, id: &str) -> Ticket {
        match self.look(id).await {
            Looked::Ticket(ticket) => *ticket,
            other => panic!("{other:?}"),
        }
    }

    async fn names(&self) -> Directory {
        match self.drive(|answers| self.connector.names(answers)).await.unwrap() {
            Next::Done(names) => names,
            other => panic!("{other:?}"),
        }
    }

    async fn act(
        &self,
        plan: &Plan,
        on: &Ticket,
        doubt: Doubt,
    ) -> Result<Next<Applied, Call>, reqwest::Error> {
        let names = self.names().await;
        self.drive(|answers| self.connector.act(plan, on, &names, doubt, answers)).await
    }

    fn writes(&self) -> usize {
        self.desk.requests().iter().filter(|request| request.is_write()).count()
    }
}

/// Method, path and body of either kind of call.
struct Sendable(&'static str, String, Option<Value>);

impl From<Read> for Sendable {
    fn from(read: Read) -> Self {
        Self("GET", read.path.to_string(), None)
    }
}

impl From<Call> for Sendable {
    fn from(call: Call) -> Self {
        match call {
            Call::Read(read) => read.into(),
            Call::Write(write) => Self(write.verb.as_str(), write.path.to_string(), Some(write.body)),
        }
    }
}

/// A door that keeps what it is sent and answers by a list, then 200.
#[derive(Clone, Default)]
struct Door {
    answers: Arc<Mutex<VecDeque<u16>>>,
    received: Arc<Mutex<Vec<(HeaderMap, Bytes)>>>,
}

impl Door {
    async fn open(&self) -> String {
        async fn receive(State(door): State<Door>, headers: HeaderMap, body: Bytes) -> StatusCode {
            door.received.lock().unwrap().push((headers, body));
            let status = door.answers.lock().unwrap().pop_front().unwrap_or(200);
            StatusCode::from_u16(status).unwrap()
        }
        let router = Router::new().route("/hooks/shop", post(receive)).with_state(self.clone());
        let (address, _serving) = crate::fault::serve(router).await.unwrap();
        format!("http://{address}/hooks/shop")
    }

    /// What the connector says of the `at`-th delivery.
    fn verified(&self, rig: &Rig, at: usize) -> Result<VerifiedDelivery, Rejected> {
        let (headers, body) = self.received.lock().unwrap()[at].clone();
        let delivery = Delivery { account: AccountId::new("shop").unwrap(), headers, body };
        match rig.connector.verify(&delivery, Timestamp::from_millisecond(now_ms()).unwrap())? {
            Verified::Delivery(delivery) => Ok(delivery),
            Verified::Handshake => panic!("Freshdesk has no handshake"),
        }
    }

    fn count(&self) -> usize {
        self.received.lock().unwrap().len()
    }
}

#[tokio::test]
async fn webhooks_verify_by_token_and_by_signature() {
    let (rig, door) = (Rig::start().await, Door::default());
    rig.desk.deliver_to(&door.open().await);
    for (signed, secret_index) in [(false, 1), (true, 0)] {
        rig.desk.sign_deliveries(signed);
        let start = door.count();
        let id = rig.desk.open(parcel()).await;
        let created = door.verified(&rig, start).unwrap();
        assert_eq!(created.key().as_str(), format!("created:{id}"));
        assert_eq!(created.secret_index(), secret_index);
        let Content::Notice(notice) = created.content() else { panic!("{:?}", created.content()) };
        assert_eq!((notice.kind, notice.ticket.as_str()), (NoticeKind::Created, id.as_str()));

        assert_eq!(rig.desk.redeliver(&id).await, 200);
        assert_eq!(door.verified(&rig, start + 1).unwrap().key(), created.key());
        rig.desk.forge(&id).await;
        assert_eq!(door.verified(&rig, start + 2).unwrap_err(), Rejected::BadSignature);
        rig.desk.send_malformed().await;
        assert!(matches!(door.verified(&rig, start + 3).unwrap().content(), Content::Malformed(_)));
        rig.desk.customer_replies(&id, "It is still not here.").await;
        let replied = door.verified(&rig, start + 4).unwrap();
        assert!(
            matches!(replied.content(), Content::Notice(notice) if notice.kind == NoticeKind::CustomerReplied)
        );
    }
}

#[tokio::test]
async fn an_unaccepted_webhook_comes_again() {
    let (rig, door) = (Rig::start().await, Door::default());
    door.answers.lock().unwrap().extend([503, 500]);
    rig.desk.deliver_to(&door.open().await);
    let id = rig.desk.open(parcel()).await;
    let sent = rig.desk.deliveries();
    assert_eq!((sent[0].ticket.as_str(), sent[0].attempts, sent[0].status), (id.as_str(), 3, 200));
    assert_eq!(door.verified(&rig, 0).unwrap().key(), door.verified(&rig, 2).unwrap().key());
}

#[tokio::test]
async fn a_plan_reaches_the_ticket() {
    let rig = Rig::start().await;
    let id = rig.desk.open(parcel()).await;
    let ticket = rig.ticket(&id).await;
    assert_eq!(ticket.requester.email.as_deref(), Some("kim@customer.example"));
    assert_eq!(ticket.first_customer_text(), "Order 88213 & nothing came.");
    assert!(ticket.priority_is_default);

    let plan = Plan(vec![
        Effect::SetField { field: "cf_category".to_owned(), value: FieldValue::Text("shipping".to_owned()) },
        Effect::SetPriority(Priority::Normal),
        Effect::AddTags(["parcel".to_owned()].into()),
        Effect::AssignGroup("Logistics".to_owned()),
        Effect::AssignAgent("grace@desk.example".to_owned()),
        Effect::Note(plan::Note { text: "a < b".to_owned(), marker: "deskbridge:1-aa".to_owned() }),
    ]);
    let Next::Done(applied) = rig.act(&plan, &ticket, Doubt::None).await.unwrap() else { panic!("applied") };
    assert_eq!(applied.states, vec![EffectState::Applied; 6]);
    let state = rig.desk.ticket(&id).unwrap();
    assert_eq!(state.priority.as_deref(), Some("normal"));
    assert_eq!(state.group.as_deref(), Some("Logistics"));
    assert_eq!(state.agent.as_deref(), Some("Grace Hopper"));
    assert_eq!(state.tags, ["newsletter".to_owned(), "parcel".to_owned()].into());
    assert_eq!(state.fields["cf_category"], "Shipping");
    assert_eq!((state.notes.len(), state.notes[0].public), (1, false));
    assert!(state.notes[0].body.contains("a &lt; b"), "{}", state.notes[0].body);
    assert_eq!(rig.writes(), 2);

    // Our own echo: the version we were told is the one that a fresh look shows, and nothing is left to send.
    let again = rig.ticket(&id).await;
    assert_eq!(Some(again.version.clone()), applied.version);
    let scalars = Plan(plan.0[..5].to_vec());
    let Next::Done(applied) = rig.act(&scalars, &again, Doubt::None).await.unwrap() else {
        panic!("applied")
    };
    assert_eq!(applied.states, vec![EffectState::Unchanged; 5]);
    assert_eq!(rig.writes(), 2);
}

#[tokio::test]
async fn a_person_who_edits_in_between_wins() {
    let rig = Rig::start().await;
    let id = rig.desk.open(parcel()).await;
    let edit =
        Change { priority: Some("urgent".to_owned()), tag: Some("vip".to_owned()), ..Change::default() };
    rig.desk.agent_edits_after_next_look(&id, edit);
    let seen = rig.ticket(&id).await;
    let plan = Plan(vec![Effect::SetPriority(Priority::Normal)]);
    let moved = rig.act(&plan, &seen, Doubt::None).await.unwrap();
    assert_eq!(moved, Next::Refused(Refusal::Moved));
    assert_eq!(rig.desk.ticket(&id).unwrap().priority.as_deref(), Some("urgent"));
    assert_eq!(rig.writes(), 0);
}

#[tokio::test]
async fn a_note_whose_answer_was_lost_is_not_written_twice() {
    let rig = Rig::start().await;
    let id = rig.desk.open(parcel()).await;
    let cut = Fault {
        method: Some("POST"),
        path_contains: "/notes".to_owned(),
        kind: FaultKind::CutAfterWork,
        times: 1,
    };
    rig.desk.inject(cut);
    let note = plan::Note { text: "Predicted shipping".to_owned(), marker: "deskbridge:7-bb".to_owned() };
    let plan = Plan(vec![Effect::Note(note)]);
    let seen = rig.ticket(&id).await;
    assert!(rig.act(&plan, &seen, Doubt::None).await.is_err());

    let seen = rig.ticket(&id).await;
    let second = rig.act(&plan, &seen, Doubt::LastWriteUnanswered).await.unwrap();
    assert!(matches!(second, Next::Done(Applied { states, .. }) if states == [EffectState::Unchanged]));
    assert_eq!(rig.desk.ticket(&id).unwrap().notes.len(), 1);
}

#[tokio::test]
async fn the_platforms_refusals_are_the_platforms() {
    let rig = Rig::start().await;
    let id = rig.desk.open(parcel()).await;
    let path = format!("/api/v2/tickets/{id}");
    let put = async |body: Value| rig.send("PUT", &path, Some(&body)).await.unwrap();
    for (body, field, code) in [
        (json!({ "priority": 5 }), "priority", "invalid_value"),
        (json!({ "status": 1 }), "status", "invalid_value"),
        (json!({ "group_id": 7 }), "group_id", "invalid_value"),
        (json!({ "responder_id": 7 }), "responder_id", "invalid_value"),
        (json!({ "custom_fields": { "cf_category": "shipping" } }), "cf_category", "invalid_value"),
        (json!({ "custom_fields": { "cf_nothing": "x" } }), "cf_nothing", "invalid_field"),
        (json!({ "tags": "one" }), "tags", "datatype_mismatch"),
        (json!({ "add_tags": ["one"] }), "add_tags", "invalid_field"),
    ] {
        let answer = put(body).await;
        assert_eq!(answer.status, 400);
        let error = answer.json().unwrap()["errors"][0].clone();
        assert_eq!((error["field"].as_str(), error["code"].as_str()), (Some(field), Some(code)));
    }
    // The whole list is replaced.
    assert_eq!(put(json!({ "tags": ["parcel"] })).await.status, 200);
    assert_eq!(rig.desk.ticket(&id).unwrap().tags, ["parcel".to_owned()].into());

    assert_eq!(rig.send("GET", "/api/v2/tickets/9", None).await.unwrap().status, 404);
    let url = format!("{}{path}", rig.desk.base_url());
    let stranger = rig.client.get(url).basic_auth("someone", Some("X")).send().await.unwrap();
    assert_eq!(stranger.status(), 401);

    rig.desk.set_status(&id, 5);
    assert_eq!(rig.look(&id).await, Looked::Skip(Skip::Closed));
    rig.desk.mark_spam(&id);
    assert_eq!(rig.look(&id).await, Looked::Skip(Skip::Spam));
}

#[tokio::test]
async fn calls_and_webhooks_share_one_budget() {
    let (rig, door) = (Rig::start().await, Door::default());
    rig.desk.deliver_to(&door.open().await);
    rig.desk.allow(4, Duration::from_secs(600));
    rig.desk.open(parcel()).await;
    let first = rig.send("GET", "/api/v2/groups", None).await.unwrap();
    let pace = rig.connector.pace(&first).unwrap();
    assert_eq!((pace.limit, pace.remaining), (4, 2));
    // Embedding the requester costs two more than the call.
    let last = rig.send("GET", "/api/v2/tickets/1001?include=requester", None).await.unwrap();
    assert_eq!((last.status, rig.connector.pace(&last).unwrap().remaining), (200, 0));
    let refused = rig.send("GET", "/api/v2/groups", None).await.unwrap();
    assert_eq!(refused.status, 429);
    let pace = rig.connector.pace(&refused).unwrap();
    assert!(pace.remaining == 0 && pace.reset.is_some_and(|wait| wait.as_secs() > 590), "{pace:?}");

    // A webhook beyond the budget is postponed, not lost.
    rig.desk.allow(0, Duration::from_millis(20));
    let mut opening = rig.desk.open(parcel());
    tokio::time::timeout(Duration::from_millis(100), &mut opening).await.unwrap_err();
    assert_eq!(door.count(), 1);
    rig.desk.allow(1, Duration::from_secs(600));
    opening.await;
    assert_eq!(door.count(), 2);
}

#[tokio::test]
async fn a_rule_on_updates_echoes_our_own_change() {
    let (rig, door) = (Rig::start().await, Door::default());
    rig.desk.deliver_to(&door.open().await);
    rig.desk.send_updates(true);
    let id = rig.desk.open(parcel()).await;
    let seen = rig.ticket(&id).await;
    let plan = Plan(vec![Effect::SetPriority(Priority::High)]);
    let Next::Done(applied) = rig.act(&plan, &seen, Doubt::None).await.unwrap() else { panic!("applied") };
    let echoed = async {
        while door.count() < 2 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(5), echoed).await.unwrap();
    let echo = door.verified(&rig, 1).unwrap();
    assert!(matches!(echo.content(), Content::Notice(notice) if notice.kind == NoticeKind::Other));
    assert_eq!(Some(rig.ticket(&id).await.version), applied.version);
}
