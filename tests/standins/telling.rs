//! What is told to people, on all three desks: each connector against its stand-in, and the stand-ins' own refusals.

use std::collections::BTreeSet;
use std::sync::Arc;

use deskbridge_connectors::account::Credentials;
use deskbridge_connectors::plan::{Note, Party, Reply, Slot};
use deskbridge_connectors::{
    AccountConfig, Answer, Auth, Call, Connector, Directory, Doubt, Effect, EffectState, FieldValue, Looked,
    Next, Notice, NoticeKind, Plan, Platform, Priority, Read, Secret, Ticket, TicketId,
};
use serde_json::{Value, json};

use crate::desk::{Desk, NewTicket, TicketState};
use crate::{freshdesk, intercom, seed, zendesk};

const TEXT: &str = "Thank you, we have your message & look into it today.\nThe desk";

/// A desk and a connector that speaks to it.
struct Pair {
    platform: Platform,
    desk: Arc<dyn Desk>,
    connector: Arc<dyn Connector>,
    client: reqwest::Client,
}

impl Pair {
    fn new(platform: Platform, desk: Arc<dyn Desk>, mut account: AccountConfig, segment: &str) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        account.segment_field = Some(segment.to_owned());
        let connector = platform.open(&account).unwrap().connector;
        Self { platform, desk, connector, client: reqwest::Client::builder().no_proxy().build().unwrap() }
    }

    async fn all(segment: &str) -> Vec<Self> {
        let zendesk = zendesk::Zendesk::start().await.unwrap();
        let mut account = zendesk::tests::account(&zendesk);
        account.credentials = Some(Credentials::ApiToken {
            email: seed::AGENTS[0].1.to_owned(),
            api_token: Secret::new(zendesk::API_TOKEN),
        });
        let zendesk = Self::new(Platform::Zendesk, Arc::new(zendesk), account, segment);
        let intercom = intercom::Intercom::start().await.unwrap();
        let account = intercom::tests::account(&intercom, "2.16");
        let intercom = Self::new(Platform::Intercom, Arc::new(intercom), account, segment);
        let freshdesk = freshdesk::Freshdesk::start().await.unwrap();
        let account = freshdesk::tests::account(&freshdesk);
        vec![zendesk, intercom, Self::new(Platform::Freshdesk, Arc::new(freshdesk), account, segment)]
    }

    async fn send(&self, method: &str, path: &str, body: Option<&Value>) -> Answer {
        let url = format!("{}{path}", self.desk.base_url());
        let mut request = self.client.request(method.parse().unwrap(), url);
        request = match self.connector.auth() {
            Auth::Basic { user, password } => request.basic_auth(user.expose(), Some(password.expose())),
            Auth::Bearer(token) => request.bearer_auth(token.expose()),
            other => panic!("{other:?}"),
        };
        for (name, value) in self.connector.headers() {
            request = request.header(name, value);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = request.send().await.unwrap();
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        Answer { status, headers, body: answer.bytes().await.unwrap() }
    }

    async fn ask<T: std::fmt::Debug>(&self, step: impl Fn(&[Answer]) -> Next<T>) -> T {
        let mut answers = Vec::new();
        loop {
            match step(&answers) {
                Next::Send(Read { path, .. }) => answers.push(self.send("GET", path.as_str(), None).await),
                Next::Done(done) => return done,
                other => panic!("{}: {other:?}", self.platform),
            }
        }
    }

    async fn names(&self) -> Directory {
        self.ask(|answers| self.connector.names(answers)).await
    }

    async fn look(&self, id: &str) -> Ticket {
        let ticket = TicketId::new(id).unwrap();
        let notice = Notice { kind: NoticeKind::Created, ticket, actor: None, occurred_at: None };
        match self.ask(|answers| self.connector.look(&notice, answers)).await {
            Looked::Ticket(ticket) => *ticket,
            other => panic!("{other:?}"),
        }
    }

    async fn act(&self, plan: &Plan, on: &Ticket, names: &Directory, doubt: Doubt) -> Vec<EffectState> {
        let mut answers = Vec::new();
        loop {
            let answer = match self.connector.act(plan, on, names, doubt, &answers) {
                Next::Send(Call::Read(Read { path, .. })) => self.send("GET", path.as_str(), None).await,
                Next::Send(Call::Write(write)) => {
                    self.send(write.verb.as_str(), write.path.as_str(), Some(&write.body)).await
                }
                Next::Done(applied) => return applied.states,
                other => panic!("{}: {other:?}", self.platform),
            };
            answers.push(answer);
        }
    }

    async fn open(&self) -> String {
        let ticket = NewTicket {
            subject: "Charged twice".into(),
            body: "Please refund one.".into(),
            email: "kim@kestrel.example".into(),
            tags: vec!["vip".into(), "newsletter".into()],
            touched: None,
        };
        self.desk.open(ticket).await
    }

    fn state(&self, id: &str) -> TicketState {
        self.desk.ticket(id).unwrap()
    }
}

fn set(field: &str, value: FieldValue) -> Effect {
    Effect::SetField { field: field.into(), value }
}

fn tags(tags: &[&str]) -> BTreeSet<String> {
    tags.iter().map(|tag| (*tag).to_owned()).collect()
}

/// Everything that can be told or set, with the kinds of fields that this platform has.
fn plan(platform: Platform) -> Plan {
    let text = |text: &str| FieldValue::Text(text.to_owned());
    let mut effects = vec![
        set("Items", FieldValue::Number(3.into())),
        set("Gift", FieldValue::Flag(true)),
        set("Ship by", text("2026-12-01")),
        Effect::RemoveTags(tags(&["VIP", "absent"])),
        Effect::AddTags(tags(&["refund"])),
        Effect::Cc(Party::Group("Sales".into())),
        Effect::Cc(Party::Email("ada@desk.example".into())),
        Effect::Note(Note { text: "Predicted billing".into(), marker: "deskbridge:1".into() }),
        Effect::Reply(Reply { template: "received".into(), text: TEXT.into() }),
    ];
    match platform {
        Platform::Zendesk => {
            effects.push(set("Topics", FieldValue::Many(vec!["Refunds".into(), "Delivery".into()])));
        }
        Platform::Freshdesk => effects.push(set("Product", text("Hardware > Laptop > Screen"))),
        Platform::Intercom => {}
    }
    Plan(effects)
}

#[tokio::test]
async fn a_plan_is_told_once_whatever_was_lost_on_the_way() {
    for pair in Pair::all("company.plan").await {
        let platform = pair.platform;
        let (id, names, plan) = (pair.open().await, pair.names().await, plan(platform));
        for effect in &plan.0 {
            assert_eq!(pair.connector.can(effect, &names), Ok(()), "{platform}");
        }
        let on = pair.look(&id).await;
        let states = pair.act(&plan, &on, &names, Doubt::None).await;
        assert_eq!(states, vec![EffectState::Applied; plan.0.len()], "{platform}");

        let told = pair.state(&id);
        assert!(
            !told.tags.contains("vip") && told.tags.contains("newsletter"),
            "{platform}: {:?}",
            told.tags
        );
        assert!(
            told.tags.contains("refund") && told.tags.contains("cc-sales"),
            "{platform}: {:?}",
            told.tags
        );
        let follows = told.ccs.contains("ada@desk.example") || told.tags.contains("cc-ada-desk-example");
        assert!(follows, "{platform}: {told:?}");
        assert_eq!(told.notes.last().map(|note| note.public), Some(true), "{platform}: the answer is last");
        assert_eq!(told.notes.iter().filter(|note| note.public).count(), 1, "{platform}");
        assert!(told.notes.iter().any(|note| note.body.contains("For the attention of Sales")), "{platform}");
        let field = |names: [&str; 2]| names.iter().find_map(|name| told.fields.get(*name)).cloned();
        assert_eq!(field(["Items", "cf_items"]).as_deref(), Some("3"), "{platform}");
        assert_eq!(field(["Gift", "cf_gift"]).as_deref(), Some("true"), "{platform}");
        assert!(field(["Ship by", "cf_ship_by"]).unwrap().starts_with("2026-12-01"), "{platform}");
        match platform {
            Platform::Zendesk => assert_eq!(told.fields["Topics"], "refunds, delivery"),
            Platform::Freshdesk => {
                assert_eq!([&told.fields["cf_model"], &told.fields["cf_part"]], ["Laptop", "Screen"]);
            }
            Platform::Intercom => {}
        }

        // The same once more, as after a crash: nothing is said twice.
        let on = pair.look(&id).await;
        let states = pair.act(&plan, &on, &names, Doubt::LastWriteUnanswered).await;
        assert!(
            states.iter().all(|state| !matches!(state, EffectState::Refused(_))),
            "{platform}: {states:?}"
        );
        assert_eq!(pair.state(&id), told, "{platform}");
    }
}

#[tokio::test]
async fn what_was_set_is_emptied_again_on_every_desk() {
    for pair in Pair::all("company.plan").await {
        let platform = pair.platform;
        let (id, names) = (pair.open().await, pair.names().await);
        let before = pair.state(&id);
        let category = match platform {
            Platform::Zendesk => "Category",
            Platform::Intercom => "Issue type",
            Platform::Freshdesk => "cf_category",
        };
        let mut set_all = vec![
            set(category, FieldValue::Text("billing".into())),
            set("Gift", FieldValue::Flag(true)),
            set("Items", FieldValue::Number(3.into())),
            Effect::AssignGroup("Sales".into()),
            Effect::AssignAgent("Ada Lovelace".into()),
        ];
        let mut slots = vec![
            Slot::Field(category.into()),
            Slot::Field("Gift".into()),
            Slot::Field("Items".into()),
            Slot::Group,
            Slot::Agent,
        ];
        match platform {
            Platform::Zendesk => {
                set_all.push(set("Topics", FieldValue::Many(vec!["Refunds".into(), "Delivery".into()])));
                slots.push(Slot::Field("Topics".into()));
            }
            Platform::Freshdesk => {
                set_all.push(set("Product", FieldValue::Text("Hardware > Laptop > Screen".into())));
                slots.push(Slot::Field("Product".into()));
            }
            Platform::Intercom => {}
        }
        if platform != Platform::Freshdesk {
            set_all.push(Effect::SetPriority(Priority::High));
            slots.push(Slot::Priority);
        }
        let states = pair.act(&Plan(set_all.clone()), &pair.look(&id).await, &names, Doubt::None).await;
        assert_eq!(states, vec![EffectState::Applied; set_all.len()], "{platform}");

        // Tags that a dropdown's options are go with it, also where tags are sent in the same update.
        let mut plan = Plan(slots.into_iter().map(Effect::Clear).collect());
        plan.0.push(Effect::AddTags(tags(&["checked"])));
        for effect in &plan.0 {
            assert_eq!(pair.connector.can(effect, &names), Ok(()), "{platform}");
        }
        let states = pair.act(&plan, &pair.look(&id).await, &names, Doubt::None).await;
        assert_eq!(states, vec![EffectState::Applied; plan.0.len()], "{platform}");
        let mut now = pair.state(&id);
        assert!(now.tags.remove("checked"), "{platform}");
        now.fields.retain(|name, value| !(name.to_lowercase().contains("gift") && value == "false"));
        assert_eq!(now, before, "{platform}");
        let again = pair.act(&plan, &pair.look(&id).await, &names, Doubt::None).await;
        assert_eq!(again, vec![EffectState::Unchanged; plan.0.len()], "{platform}");

        let priority = Plan(vec![Effect::Clear(Slot::Priority)]);
        let states = pair.act(&priority, &pair.look(&id).await, &names, Doubt::None).await;
        let refuses = platform == Platform::Freshdesk;
        assert_eq!(matches!(states[0], EffectState::Refused(_)), refuses, "{platform}: {states:?}");
    }
}

#[tokio::test]
async fn the_customers_plan_and_what_rules_ask_for_is_read_on_every_desk() {
    for segment in ["company.plan", "organization.plan", "requester.plan"] {
        for pair in Pair::all(segment).await {
            let on = pair.look(&pair.open().await).await;
            let platform = pair.platform;
            assert_eq!(on.profile[segment], FieldValue::Text("enterprise".into()), "{platform}");
            assert_eq!(on.requester.email.as_deref(), Some("kim@kestrel.example"), "{platform}");
            assert!(on.channel.is_some() && on.created_at.is_some(), "{platform}: {on:?}");
        }
    }
}

#[tokio::test]
async fn each_desk_refuses_what_its_platform_refuses() {
    for pair in Pair::all("company.plan").await {
        let id = pair.open().await;
        let refused = match pair.platform {
            Platform::Zendesk => {
                let follow = |follower: Value| json!({ "ticket": { "followers": [follower] } });
                vec![
                    (
                        "PUT",
                        format!("/api/v2/tickets/{id}"),
                        follow(json!({ "user_email": "kim@kestrel.example" })),
                        422,
                    ),
                    (
                        "PUT",
                        format!("/api/v2/tickets/{id}"),
                        follow(json!({ "user_id": 1, "action": "put" })),
                        422,
                    ),
                ]
            }
            Platform::Intercom => {
                let admin = json!({ "admin_id": "9608801" });
                vec![
                    ("DELETE", format!("/conversations/{id}/tags/1"), admin, 404),
                    ("DELETE", format!("/conversations/{id}/tags/7522901"), json!({}), 400),
                ]
            }
            Platform::Freshdesk => {
                let fields = |fields: Value| json!({ "custom_fields": fields });
                let notify = json!({ "body": "x", "notify_emails": ["kim@kestrel.example"] });
                let ticket = format!("/api/v2/tickets/{id}");
                vec![
                    ("POST", format!("{ticket}/notes"), notify, 400),
                    ("POST", format!("{ticket}/reply"), json!({ "text": "x" }), 400),
                    (
                        "PUT",
                        ticket.clone(),
                        fields(json!({ "cf_product": "Software", "cf_model": "Laptop" })),
                        400,
                    ),
                    ("PUT", ticket, fields(json!({ "cf_part": "Screen" })), 400),
                ]
            }
        };
        let before = pair.state(&id);
        for (method, path, body, status) in refused {
            let answer = pair.send(method, &path, Some(&body)).await;
            assert_eq!(answer.status, status, "{}: {method} {path} {body}", pair.platform);
        }
        assert_eq!(pair.state(&id), before, "{}", pair.platform);
    }
}
