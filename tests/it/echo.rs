//! What a platform tells us about our own writes, under whatever name it puts to them: nothing is written again.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use deskbridge::clock::{Clock, SystemClock};
use deskbridge_connectors::{Secret, signature};
use deskbridge_standins::Desk;
use serde_json::{Value, json};

use crate::harness::{House, ONE_OF_EVERYTHING, billing_ticket};

/// What stands behind this key in the account's settings.
fn setting(desk: &dyn Desk, key: &str) -> String {
    let yaml = desk.account_yaml();
    let (_, rest) = yaml.split_once(key).unwrap();
    rest.trim_start_matches([':', ' ', '[', '"']).split(['"', '\n', ' ']).next().unwrap().to_owned()
}

/// Who might have done it, by the platform's account: an admin, a bot, nobody.
const ACTORS: [Option<&str>; 4] = [Some("9608801"), Some("1"), Some("-1"), None];

/// Deliveries of an account about a ticket: headers and body.
fn told(desk: &dyn Desk, ticket: &str) -> Vec<(Vec<(&'static str, String)>, String)> {
    let secret = Secret::new(setting(desk, "secrets"));
    let now = SystemClock.now();
    let mut all = Vec::new();
    for (n, actor) in ACTORS.iter().enumerate() {
        match desk.platform() {
            "zendesk" => {
                for kind in
                    ["ticket.created", "ticket.status_changed", "ticket.tags_changed", "ticket.comment_added"]
                {
                    let event = match kind {
                        "ticket.comment_added" => {
                            json!({ "comment": { "is_public": false, "author": { "id": actor } } })
                        }
                        _ => json!({}),
                    };
                    let body = json!({
                        "type": format!("zen:event-type:{kind}"), "id": format!("{kind}-{n}"), "time": now.to_string(),
                        "subject": format!("zen:ticket:{ticket}"), "detail": { "id": ticket, "actor_id": actor }, "event": event,
                    });
                    let (body, at) = (body.to_string(), now.to_string());
                    let tag = signature::hmac_sha256(&secret, &[at.as_bytes(), body.as_bytes()]);
                    let headers = vec![
                        ("x-zendesk-webhook-signature", STANDARD.encode(tag)),
                        ("x-zendesk-webhook-signature-timestamp", at),
                        ("x-zendesk-webhook-invocation-id", format!("{kind}-{n}")),
                    ];
                    all.push((headers, body));
                }
            }
            "intercom" => {
                for topic in
                    ["conversation.user.created", "conversation.admin.assigned", "conversation.admin.noted"]
                {
                    let text = include_str!(
                        "../../connectors/intercom/fixtures/notification_conversation_created.json"
                    );
                    let mut body: Value = serde_json::from_str(text).unwrap();
                    body["id"] = json!(format!("{topic}-{n}"));
                    body["topic"] = json!(topic);
                    body["app_id"] = json!(setting(desk, "app_id"));
                    body["first_sent_at"] = json!(now.as_second());
                    body["data"]["item"]["id"] = json!(ticket);
                    body["data"]["item"]["source"]["author"] = json!({ "type": "bot", "id": actor });
                    let body = body.to_string();
                    let tag = hex::encode(signature::hmac_sha1(&secret, &[body.as_bytes()]));
                    all.push((vec![("x-hub-signature", format!("sha1={tag}"))], body));
                }
            }
            _ => {
                for event in ["onTicketCreate", "onTicketUpdate", "onConversationCreate"] {
                    let body = json!({ "ticket_id": ticket.parse::<u64>().unwrap(), "event": event,
                        "timestamp": now.as_second(), "actor_id": actor });
                    let headers = vec![("token", setting(desk, "tokens"))];
                    all.push((headers, body.to_string()));
                }
            }
        }
    }
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_named_for_our_writes_nothing_is_written_again() {
    let mut house = House::start("live", ONE_OF_EVERYTHING).await;
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    for desk in &house.desks {
        let ticket = desk.open(billing_ticket()).await;
        house.settle().await;
        let writes = |desk: &Arc<dyn Desk>| desk.requests().iter().filter(|call| call.is_write()).count();
        let before = (writes(desk), desk.ticket(&ticket).unwrap());
        let all = told(desk.as_ref(), &ticket);
        for (headers, body) in &all {
            let mut request =
                client.post(format!("{}/hooks/{}", house.hooks, desk.platform())).body(body.clone());
            for (name, value) in headers {
                let name = if *name == "token" {
                    setting(desk.as_ref(), "token_header")
                } else {
                    (*name).to_owned()
                };
                request = request.header(name.trim_end_matches(','), value.as_str());
            }
            let status = request.send().await.unwrap().status();
            assert_eq!(status, 200, "{}: {body}", desk.platform());
        }
        house.settle().await;
        assert_eq!((writes(desk), desk.ticket(&ticket).unwrap()), before, "{}", desk.platform());
        assert_eq!(house.decided(desk.as_ref(), &ticket).await.len(), 1, "{}", desk.platform());
    }
    assert_eq!(
        house.store.depth().await.unwrap().dead,
        0,
        "{:?}",
        house.store.dead(&Default::default()).await.unwrap()
    );
    house.stop().await;
}
