//! The stand-in's own rules, over real sockets.

mod connecting;

use std::sync::Arc;
use std::time::Duration;

use deskbridge_connectors::account::{AccountConfig, Credentials, WebhookConfig};
use deskbridge_connectors::{AccountId, Answer, Connector, Platform, Secret};
use serde_json::{Value, json};

use super::{API_TOKEN, CATEGORY, CLIENT_ID, CLIENT_SECRET, WEBHOOK_SECRET, Zendesk, agent_id, group_id};
use crate::desk::{Desk, NewTicket};
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
}

fn refund() -> NewTicket {
    NewTicket {
        subject: "Charged twice".into(),
        body: "<p>Please <b>refund</b> one.</p>".into(),
        email: "Jo@Customer.example".into(),
        tags: vec!["vip".into()],
        touched: None,
    }
}

pub(crate) fn account(desk: &Zendesk) -> AccountConfig {
    AccountConfig {
        id: AccountId::new("acme").unwrap(),
        base_url: desk.base_url(),
        webhook: WebhookConfig { secrets: vec![Secret::new(WEBHOOK_SECRET)], ..WebhookConfig::default() },
        credentials: Some(Credentials::OAuthClient {
            client_id: CLIENT_ID.into(),
            client_secret: Secret::new(CLIENT_SECRET),
        }),
        allow_public_replies: true,
        segment_field: None,
        api_version: None,
        app_id: None,
        admin_id: None,
    }
}

fn connector(desk: &Zendesk) -> Arc<dyn Connector> {
    Platform::Zendesk.open(&account(desk)).unwrap().connector
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
    desk.allow(1, Duration::from_secs(60));
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
