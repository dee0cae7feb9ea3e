//! The stand-in over real sockets: its own rules first, then the connector against them.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::routing::post;
use deskbridge_connectors::account::{AccountConfig, Credentials, WebhookConfig};
use deskbridge_connectors::{
    AccountId, Answer, Applied, Call, Connector, Content, Delivery, Directory, Doubt, Effect, Looked, Next,
    Notice, NoticeKind, Plan, Platform, Priority, Read, Refusal, Rejected, Secret, Ticket, TicketId,
    Verified,
};
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};

use super::{API_TOKEN, CATEGORY, CLIENT_ID, CLIENT_SECRET, WEBHOOK_SECRET, Zendesk, agent_id, group_id};
use crate::desk::{Change, Desk, NewTicket};
use crate::fault;
use crate::log::{Fault, FaultKind};
use crate::webhook::now_ms;

struct Client {
    http: reqwest::Client,
    base: String,
    bearer: String,
}

impl Client {
    async fn of(desk: &Zendesk) -> Self {
        let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(5)).build().unwrap();
        let base = desk.base_url();
        let grant = json!({
            "grant_type": "client_credentials", "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET,
            "scope": "read tickets:write",
        });
        let answer = http.post(format!("{base}/oauth/tokens")).json(&grant).send().await.unwrap();
        let token: Value = answer.json().await.unwrap();
        Self { http, base, bearer: token["access_token"].as_str().unwrap().to_owned() }
    }

    async fn send(&self, method: &str, path: &str, body: Option<&Value>) -> reqwest::Result<Answer> {
        let method = method.parse().unwrap();
        let request = self.http.request(method, format!("{}{path}", self.base)).bearer_auth(&self.bearer);
        let request = if let Some(body) = body { request.json(body) } else { request };
        let answer = request.send().await?;
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        Ok(Answer { status, headers, body: answer.bytes().await? })
    }

    async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, None).await.unwrap()
    }

    async fn put(&self, ticket: &str, change: Value) -> Answer {
        let body = json!({ "ticket": change });
        self.send("PUT", &format!("/api/v2/tickets/{ticket}.json"), Some(&body)).await.unwrap()
    }

    /// Drives an exchange of reads.
    async fn ask<T: std::fmt::Debug>(&self, step: impl Fn(&[Answer]) -> Next<T>) -> T {
        let mut answers = Vec::new();
        loop {
            match step(&answers) {
                Next::Send(Read(path)) => answers.push(self.get(path.as_str()).await),
                Next::Done(done) => return done,
                other => panic!("{other:?}"),
            }
        }
    }

    /// Drives an exchange that may write.
    async fn perform(&self, step: impl Fn(&[Answer]) -> Next<Applied, Call>) -> Next<Applied, Call> {
        let mut answers = Vec::new();
        loop {
            match step(&answers) {
                Next::Send(Call::Read(Read(path))) => answers.push(self.get(path.as_str()).await),
                Next::Send(Call::Write(write)) => {
                    let sent = self.send(write.verb.as_str(), write.path.as_str(), Some(&write.body)).await;
                    answers.push(sent.unwrap());
                }
                end => return end,
            }
        }
    }
}

fn refund() -> NewTicket {
    NewTicket {
        subject: "Charged twice".into(),
        body: "<p>Please <b>refund</b> one.</p>".into(),
        email: "Jo@Customer.example".into(),
        tags: vec!["vip".into()],
    }
}

fn connector(desk: &Zendesk) -> Arc<dyn Connector> {
    let config = AccountConfig {
        id: AccountId::new("acme").unwrap(),
        base_url: desk.base_url(),
        webhook: WebhookConfig { secrets: vec![Secret::new(WEBHOOK_SECRET)], ..WebhookConfig::default() },
        credentials: Some(Credentials::OAuthClient {
            client_id: CLIENT_ID.into(),
            client_secret: Secret::new(CLIENT_SECRET),
        }),
        allow_public_replies: false,
        api_version: None,
        app_id: None,
        admin_id: None,
    };
    Platform::Zendesk.open(&config).unwrap().connector
}

fn plan() -> Plan {
    let mut effects = Effect::samples();
    effects[4] = Effect::AssignAgent("ada@desk.example".into());
    Plan(effects)
}

async fn look(client: &Client, connector: &dyn Connector, id: &str) -> Ticket {
    let ticket = TicketId::new(id).unwrap();
    let notice = Notice { kind: NoticeKind::Created, ticket, actor: None, occurred_at: None };
    match client.ask(|answers| connector.look(&notice, answers)).await {
        Looked::Ticket(ticket) => *ticket,
        Looked::Skip(skip) => panic!("{skip:?}"),
    }
}

#[tokio::test]
async fn nothing_is_shown_without_credentials() {
    let desk = Zendesk::start().await.unwrap();
    let mut client = Client::of(&desk).await;
    assert_eq!(client.get("/api/v2/groups.json").await.status, 200);
    desk.expire_tokens();
    assert_eq!(client.get("/api/v2/groups.json").await.status, 401);
    client.bearer = "guess".into();
    assert_eq!(client.get("/api/v2/groups.json").await.status, 401);
    let url = format!("{}/api/v2/groups.json", client.base);
    let basic = client.http.get(&url).basic_auth("deskbridge@desk.example/token", Some(API_TOKEN));
    assert_eq!(basic.send().await.unwrap().status(), 200);
    let wrong = json!({ "grant_type": "client_credentials", "client_id": CLIENT_ID, "client_secret": "x", "scope": "read" });
    let token = client.http.post(format!("{}/oauth/tokens", client.base)).json(&wrong);
    assert_eq!(token.send().await.unwrap().status(), 401);
}

#[tokio::test]
async fn a_token_reaches_as_far_as_its_scope() {
    let desk = Zendesk::start().await.unwrap();
    let id = desk.open(refund()).await;
    let mut client = Client::of(&desk).await;
    let grant = json!({
        "grant_type": "client_credentials", "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET,
        "scope": "tickets:read",
    });
    let answer = client.http.post(format!("{}/oauth/tokens", client.base)).json(&grant).send().await.unwrap();
    client.bearer = answer.json::<Value>().await.unwrap()["access_token"].as_str().unwrap().to_owned();
    assert_eq!(client.get(&format!("/api/v2/tickets/{id}.json")).await.status, 200);
    assert_eq!(client.get("/api/v2/groups.json").await.status, 403);
    assert_eq!(client.put(&id, json!({ "priority": "high" })).await.status, 403);
    assert_eq!(desk.ticket(&id).unwrap().priority, None);
}

#[tokio::test]
async fn an_update_meets_the_platforms_rules() {
    let desk = Zendesk::start().await.unwrap();
    let id = desk.open(refund()).await;
    let client = Client::of(&desk).await;
    let state = || desk.ticket(&id).unwrap();

    for wrong in [
        json!({ "priority": "asap" }),
        json!({ "group_id": 5 }),
        json!({ "assignee_id": agent_id(0) + 1 }),
        json!({ "custom_fields": [{ "id": CATEGORY, "value": "weather" }] }),
        json!({ "priority": "high", "safe_update": true }),
        json!({ "comment": { "body": "" } }),
    ] {
        assert_eq!(client.put(&id, wrong.clone()).await.status, 422, "{wrong}");
    }
    assert_eq!(state().priority, None, "a refused update leaves nothing behind");

    let vanishes = json!({ "custom_fields": [{ "id": 12345, "value": "x" }], "group_id": group_id(1) });
    assert_eq!(client.put(&id, vanishes).await.status, 200);
    assert_eq!(state().group.as_deref(), Some("Technical Support"));
    assert!(state().fields.is_empty());

    client.put(&id, json!({ "custom_fields": [{ "id": CATEGORY, "value": "billing" }] })).await;
    assert!(state().tags.contains("billing") && state().tags.contains("vip"), "the option is a tag too");
    client.put(&id, json!({ "tags": ["vip"] })).await;
    assert!(state().fields.is_empty(), "without its tag the dropdown is empty");
    client.put(&id, json!({ "tags": ["sales"] })).await;
    assert_eq!(state().fields["Category"], "sales");
    assert!(!state().tags.contains("vip"), "tags are replaced");
    let undone =
        json!({ "tags": ["sales", "billing"], "custom_fields": [{ "id": CATEGORY, "value": "billing" }] });
    client.put(&id, undone).await;
    assert_eq!(state().fields["Category"], "sales", "a list with the old option takes the dropdown back");

    client.put(&id, json!({ "comment": { "body": "Dear all" } })).await;
    assert!(state().notes[0].public, "public unless said otherwise");
    desk.close(&id);
    assert_eq!(client.put(&id, json!({ "priority": "low" })).await.status, 422);
    desk.delete(&id);
    assert_eq!(client.get(&format!("/api/v2/tickets/{id}.json")).await.status, 404);
    assert_eq!(client.put(&id, json!({ "priority": "low" })).await.status, 404);
}

#[tokio::test]
async fn a_stale_stamp_is_refused_however_fast_changes_follow() {
    let desk = Zendesk::start().await.unwrap();
    let id = desk.open(refund()).await;
    let client = Client::of(&desk).await;
    let mut stamps = std::collections::BTreeSet::new();
    let mut stamp = "2020-01-01T00:00:00Z".to_owned();
    let guarded = |stamp: &str, priority: &str| json!({ "priority": priority, "safe_update": true, "updated_stamp": stamp });
    let conflict = client.put(&id, guarded(&stamp, "low")).await;
    assert_eq!((conflict.status, conflict.json().unwrap()["error"].clone()), (409, json!("UpdateConflict")));
    for priority in ["low", "high", "low"] {
        let ticket = client.get(&format!("/api/v2/tickets/{id}")).await.json().unwrap();
        let read = ticket["ticket"]["updated_at"].as_str().unwrap().to_owned();
        assert_eq!(client.put(&id, guarded(&read, priority)).await.status, 200);
        assert_eq!(client.put(&id, guarded(&read, "urgent")).await.status, 409);
        assert!(stamps.insert(read.clone()), "{read} twice");
        stamp = read;
    }
    assert!(stamp.len() == "2026-11-20T10:00:00Z".len(), "seconds, as the platform writes them: {stamp}");
    assert_eq!(desk.ticket(&id).unwrap().priority.as_deref(), Some("low"));
}

#[tokio::test]
async fn rates_are_told_and_enforced() {
    let desk = Zendesk::start().await.unwrap();
    let client = Client::of(&desk).await;
    let fine = client.get("/api/v2/groups.json").await;
    let pace = connector(&desk).pace(&fine).unwrap();
    assert_eq!((pace.limit, pace.remaining), (2_500, 2_499));
    desk.limit_calls(1);
    let busy = client.get("/api/v2/groups.json").await;
    assert_eq!(busy.status, 429);
    assert!(busy.retry_after().unwrap() <= Duration::from_secs(60));
}

#[tokio::test]
async fn faults_happen_where_they_are_armed() {
    let desk = Zendesk::start().await.unwrap();
    let id = desk.open(refund()).await;
    let client = Client::of(&desk).await;
    let path = format!("/api/v2/tickets/{id}.json");
    let arm = |kind: FaultKind| {
        desk.inject(Fault { method: Some("PUT"), path_contains: "/tickets/".into(), kind, times: 1 });
    };
    let body = |priority: &str| json!({ "ticket": { "priority": priority } });
    let priority = || desk.ticket(&id).unwrap().priority;

    arm(FaultKind::CutBeforeWork);
    assert!(client.send("PUT", &path, Some(&body("low"))).await.is_err());
    assert_eq!(priority(), None);
    arm(FaultKind::CutAfterWork);
    assert!(client.send("PUT", &path, Some(&body("high"))).await.is_err());
    assert_eq!(priority().as_deref(), Some("high"), "done, and nobody was told");
    arm(FaultKind::Status { status: 503, retry_after: Some(7) });
    let busy = client.send("PUT", &path, Some(&body("low"))).await.unwrap();
    assert_eq!((busy.status, busy.retry_after()), (503, Some(Duration::from_secs(7))));
    arm(FaultKind::Html);
    let html = client.send("PUT", &path, Some(&body("low"))).await.unwrap();
    assert!(html.status == 200 && html.json().is_none());
    arm(FaultKind::Slow(Duration::from_millis(150)));
    let began = now_ms();
    assert_eq!(client.send("PUT", &path, Some(&body("urgent"))).await.unwrap().status, 200);
    assert!(now_ms() - began >= 140);
    assert_eq!(priority().as_deref(), Some("urgent"));

    let log = desk.requests();
    let statuses: Vec<_> =
        log.iter().filter(|logged| logged.is_write()).map(|logged| logged.status).collect();
    assert_eq!(statuses, [0, 0, 503, 200, 200]);
    assert!(
        log.iter().all(|logged| !logged.body.to_string().contains(CLIENT_SECRET)),
        "tokens are not logged"
    );
}

#[derive(Clone, Default)]
struct Door {
    received: Arc<Mutex<Vec<(HeaderMap, Bytes)>>>,
    answers: Arc<Mutex<Vec<u16>>>,
}

impl Door {
    async fn open(answers: &[u16]) -> (Self, String) {
        let door = Self { answers: Arc::new(Mutex::new(answers.to_vec())), ..Self::default() };
        let router = Router::new().route("/hooks/acme", post(receive)).with_state(door.clone());
        let (address, _server) = fault::serve(router).await.unwrap();
        (door, format!("http://{address}/hooks/acme"))
    }

    fn deliveries(&self) -> Vec<Delivery> {
        let account = AccountId::new("acme").unwrap();
        let received = self.received.lock().unwrap();
        let delivery = |(headers, body): &(HeaderMap, Bytes)| Delivery {
            account: account.clone(),
            headers: headers.clone(),
            body: body.clone(),
        };
        received.iter().map(delivery).collect()
    }
}

async fn receive(State(door): State<Door>, headers: HeaderMap, body: Bytes) -> StatusCode {
    door.received.lock().unwrap().push((headers, body));
    let mut answers = door.answers.lock().unwrap();
    let status = if answers.is_empty() { 200 } else { answers.remove(0) };
    StatusCode::from_u16(status).unwrap()
}

fn clock() -> jiff::Timestamp {
    jiff::Timestamp::from_millisecond(now_ms()).unwrap()
}

#[tokio::test]
async fn webhooks_are_retried_as_the_platform_retries() {
    for (answers, attempts, status) in [
        (vec![200], 1, 200),
        (vec![503, 429, 200], 3, 200),
        (vec![409, 200], 2, 200),
        (vec![500, 200], 1, 500),
        (vec![401], 1, 401),
    ] {
        let desk = Zendesk::start().await.unwrap();
        let (door, url) = Door::open(&answers).await;
        desk.deliver_to(&url);
        desk.open(refund()).await;
        let sent = desk.deliveries();
        assert_eq!((sent[0].attempts, sent[0].status), (attempts, status), "{answers:?}");
        let deliveries = door.deliveries();
        assert_eq!(deliveries.len(), attempts as usize);
        assert!(deliveries.windows(2).all(|pair| pair[0].body == pair[1].body), "the same event");
    }
}

#[tokio::test]
async fn what_the_desk_sends_is_read_by_the_connector() {
    let desk = Zendesk::start().await.unwrap();
    let (door, url) = Door::open(&[]).await;
    desk.deliver_to(&url);
    let connector = connector(&desk);
    let id = desk.open(refund()).await;
    assert_eq!(desk.customer_replies(&id, "Any news?").await, 200);
    assert_eq!(desk.redeliver(&id).await, 200);
    assert_eq!(desk.forge(&id).await, 200);
    assert_eq!(desk.send_malformed().await, 200);

    let verdicts: Vec<_> = door.deliveries().iter().map(|it| connector.verify(it, clock())).collect();
    let read = |at: usize| match &verdicts[at] {
        Ok(Verified::Delivery(verified)) => (verified.key().clone(), verified.content().clone()),
        other => panic!("{other:?}"),
    };
    let kind = |content: &Content| match content {
        Content::Notice(notice) if notice.ticket.as_str() == id => Some(notice.kind),
        _ => None,
    };
    assert_eq!(kind(&read(0).1), Some(NoticeKind::Created));
    assert_eq!(kind(&read(1).1), Some(NoticeKind::CustomerReplied));
    assert_eq!(read(2).0, read(0).0, "sent again under the same key");
    assert_ne!(read(1).0, read(0).0);
    assert_eq!(verdicts[3].as_ref().err(), Some(&Rejected::BadSignature));
    assert!(matches!(read(4).1, Content::Malformed(malformed) if malformed.path == "$.detail.id"));
}

async fn names(client: &Client, connector: &dyn Connector) -> Directory {
    client.ask(|answers| connector.names(answers)).await
}

#[tokio::test]
async fn a_plan_is_carried_out_in_one_write_and_its_echo_is_known() {
    let desk = Zendesk::start().await.unwrap();
    let (door, url) = Door::open(&[]).await;
    desk.deliver_to(&url);
    let (client, connector) = (Client::of(&desk).await, connector(&desk));
    let names = names(&client, &*connector).await;
    assert_eq!((names.groups.len(), names.agents.len(), names.fields.len()), (7, 3, 2));

    let id = desk.open(refund()).await;
    let ticket = look(&client, &*connector, &id).await;
    assert!(ticket.first_customer_text().contains("refund"));
    assert_eq!(ticket.requester.email.as_deref(), Some("jo@customer.example"));
    let end = client.perform(|answers| connector.act(&plan(), &ticket, &names, Doubt::None, answers)).await;
    let Next::Done(applied) = end else { panic!("{end:?}") };
    assert!(
        applied.states.iter().all(|state| *state == deskbridge_connectors::EffectState::Applied),
        "{applied:?}"
    );

    let state = desk.ticket(&id).unwrap();
    assert_eq!((state.priority.as_deref(), state.group.as_deref()), (Some("high"), Some("Billing")));
    assert_eq!(state.agent.as_deref(), Some("Ada Lovelace"));
    assert!(state.tags.iter().eq(["billing", "refund", "vip"]));
    assert_eq!(state.fields["Category"], "billing");
    assert!(!state.notes[0].public && state.notes[0].body.contains("Predicted billing"));
    assert_eq!(desk.requests().iter().filter(|logged| logged.is_write()).count(), 1);

    // The version told by the answer is the one that the next look sees, and a second run sends nothing new.
    let again = look(&client, &*connector, &id).await;
    assert_eq!(Some(&again.version), applied.version.as_ref());
    let rest = Plan(plan().0.into_iter().filter(|effect| !matches!(effect, Effect::Note(_))).collect());
    let end = client.perform(|answers| connector.act(&rest, &again, &names, Doubt::None, answers)).await;
    let Next::Done(unchanged) = end else { panic!("{end:?}") };
    assert!(unchanged.states.iter().all(|state| *state == deskbridge_connectors::EffectState::Unchanged));
    assert_eq!(desk.requests().iter().filter(|logged| logged.is_write()).count(), 1);

    // Our note comes back as an event, from a member of staff who is us.
    let echo = tokio::time::timeout(Duration::from_secs(5), async {
        loop {
            if let Some(echo) = door.deliveries().get(1) {
                return echo.clone();
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
    let Ok(Verified::Delivery(echo)) = connector.verify(&echo.await.unwrap(), clock()) else { panic!() };
    let Content::Notice(notice) = echo.content() else { panic!() };
    assert_eq!((notice.kind, notice.actor.as_ref()), (NoticeKind::Other, names.me.as_ref()));
}

#[tokio::test]
async fn a_ticket_that_moved_is_left_to_a_new_look() {
    let desk = Zendesk::start().await.unwrap();
    let (client, connector) = (Client::of(&desk).await, connector(&desk));
    let names = names(&client, &*connector).await;
    let id = desk.open(refund()).await;
    let change = Change { category: Some("technical".into()), tag: Some("seen".into()), ..Change::default() };
    desk.agent_edits_after_next_look(&id, change);
    let ticket = look(&client, &*connector, &id).await;
    assert!(!ticket.tags.contains("seen"));
    let end = client.perform(|answers| connector.act(&plan(), &ticket, &names, Doubt::None, answers)).await;
    assert_eq!(end, Next::Refused(Refusal::Moved));
    assert_eq!(desk.ticket(&id).unwrap().priority, None);

    let moved = look(&client, &*connector, &id).await;
    let set = Plan(vec![plan().0[0].clone(), Effect::AddTags(["refund".to_owned()].into())]);
    let end = client.perform(|answers| connector.act(&set, &moved, &names, Doubt::None, answers)).await;
    assert!(matches!(end, Next::Done(_)), "{end:?}");
    let state = desk.ticket(&id).unwrap();
    assert_eq!(state.fields["Category"], "billing");
    assert!(state.tags.iter().eq(["billing", "refund", "seen", "vip"]), "{:?}", state.tags);
}

#[tokio::test]
async fn an_unanswered_write_leaves_one_note() {
    let desk = Zendesk::start().await.unwrap();
    let (client, connector) = (Client::of(&desk).await, connector(&desk));
    let names = names(&client, &*connector).await;
    let id = desk.open(refund()).await;
    let ticket = look(&client, &*connector, &id).await;
    let kind = FaultKind::CutAfterWork;
    desk.inject(Fault { method: Some("PUT"), path_contains: "/tickets/".into(), kind, times: 1 });
    let Next::Send(Call::Write(write)) = connector.act(&plan(), &ticket, &names, Doubt::None, &[]) else {
        panic!()
    };
    assert!(client.send("PUT", write.path.as_str(), Some(&write.body)).await.is_err());

    let ticket = look(&client, &*connector, &id).await;
    let act =
        |answers: &[Answer]| connector.act(&plan(), &ticket, &names, Doubt::LastWriteUnanswered, answers);
    let end = client.perform(act).await;
    assert!(matches!(end, Next::Done(_)), "{end:?}");
    let state = desk.ticket(&id).unwrap();
    assert_eq!((state.notes.len(), state.priority.as_deref()), (1, Some("high")));

    desk.close(&id);
    let priority = Plan(vec![Effect::SetPriority(Priority::Low)]);
    let end = client.perform(|answers| connector.act(&priority, &ticket, &names, Doubt::None, answers)).await;
    let why = "RecordInvalid: status (ClosedTicket)".to_owned();
    assert_eq!(end, Next::Refused(Refusal::Invalid(why)), "a closed ticket accepts nothing");
}

#[tokio::test]
async fn long_threads_come_in_pages() {
    let desk = Zendesk::start().await.unwrap();
    let (client, connector) = (Client::of(&desk).await, connector(&desk));
    let id = desk.open(refund()).await;
    for number in 0..120 {
        desk.customer_replies(&id, &format!("reply {number}")).await;
    }
    let ticket = look(&client, &*connector, &id).await;
    assert_eq!(ticket.messages.len(), 121);
    assert_eq!(ticket.messages[120].text, "reply 119");
}

#[tokio::test]
async fn the_account_yaml_names_this_desk() {
    let desk = Zendesk::start().await.unwrap();
    let yaml = desk.account_yaml();
    assert!(yaml.starts_with("platform: zendesk\n") && yaml.contains(&desk.base_url()), "{yaml}");
    assert!(yaml.contains(WEBHOOK_SECRET) && yaml.contains(CLIENT_SECRET));
    assert!(desk.platform().parse::<Platform>().is_ok());
}
