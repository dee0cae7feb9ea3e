//! The connector against the stand-in, in both directions.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::routing::post;
use deskbridge_connectors::{
    AccountId, Answer, Applied, Call, Connector, Content, Delivery, Directory, Doubt, Effect, EffectState,
    Looked, Next, Notice, NoticeKind, Plan, Platform, Priority, Read, Refusal, Rejected, Ticket, TicketId,
    Verified,
};
use http::{HeaderMap, StatusCode};

use super::{Client, connector, refund};
use crate::desk::{Change, Desk};
use crate::fault;
use crate::log::{Fault, FaultKind};
use crate::webhook::now_ms;
use crate::zendesk::{CLIENT_SECRET, WEBHOOK_SECRET, Zendesk};

impl Client {
    /// Drives an exchange of reads.
    async fn ask<T: std::fmt::Debug>(&self, step: impl Fn(&[Answer]) -> Next<T>) -> T {
        let mut answers = Vec::new();
        loop {
            match step(&answers) {
                Next::Send(Read { path, .. }) => answers.push(self.get(path.as_str()).await),
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
                Next::Send(Call::Read(Read { path, .. })) => answers.push(self.get(path.as_str()).await),
                Next::Send(Call::Write(write)) => {
                    let sent = self.send(write.verb.as_str(), write.path.as_str(), Some(&write.body)).await;
                    answers.push(sent.unwrap());
                }
                end => return end,
            }
        }
    }
}

fn plan() -> Plan {
    let mut effects = Effect::samples();
    for effect in &mut effects {
        if let Effect::AssignAgent(name) = effect {
            *name = "ada@desk.example".into();
        }
    }
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
async fn a_plan_is_carried_out_in_one_write_and_one_for_the_answer_and_its_echo_is_known() {
    let desk = Zendesk::start().await.unwrap();
    let (door, url) = Door::open(&[]).await;
    desk.deliver_to(&url);
    let (client, connector) = (Client::of(&desk).await, connector(&desk));
    let names = names(&client, &*connector).await;
    assert_eq!((names.groups.len(), names.agents.len(), names.fields.len()), (7, 3, 6));

    let id = desk.open(refund()).await;
    let ticket = look(&client, &*connector, &id).await;
    assert!(ticket.first_customer_text().contains("refund"));
    assert_eq!(ticket.requester.email.as_deref(), Some("jo@customer.example"));
    let end = client.perform(|answers| connector.act(&plan(), &ticket, &names, Doubt::None, answers)).await;
    let Next::Done(applied) = end else { panic!("{end:?}") };
    assert!(applied.states.iter().all(|state| *state == EffectState::Applied), "{applied:?}");

    let state = desk.ticket(&id).unwrap();
    assert_eq!((state.priority.as_deref(), state.group.as_deref()), (Some("high"), Some("Billing")));
    assert_eq!(state.agent.as_deref(), Some("Ada Lovelace"));
    assert!(state.tags.iter().eq(["billing", "cc-sales", "refund"]));
    assert!(state.ccs.iter().eq(["ada@example.com"]));
    assert_eq!(state.fields["Category"], "billing");
    assert!(state.notes[1].public && state.notes.len() == 2);
    assert!(!state.notes[0].public && state.notes[0].body.contains("Predicted billing"));
    assert_eq!(desk.requests().iter().filter(|logged| logged.is_write()).count(), 2);

    // The version told by the answer is the one that the next look sees, and a second run sends nothing new.
    let again = look(&client, &*connector, &id).await;
    assert_eq!(Some(&again.version), applied.version.as_ref());
    let rest = Plan(
        plan().0.into_iter().filter(|effect| !matches!(effect, Effect::Note(_) | Effect::Reply(_))).collect(),
    );
    let end = client.perform(|answers| connector.act(&rest, &again, &names, Doubt::None, answers)).await;
    let Next::Done(unchanged) = end else { panic!("{end:?}") };
    assert!(unchanged.states.iter().all(|state| *state == EffectState::Unchanged));
    assert_eq!(desk.requests().iter().filter(|logged| logged.is_write()).count(), 2);

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
async fn an_unanswered_write_leaves_one_note_and_one_answer() {
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
    let public: Vec<_> = state.notes.iter().map(|note| note.public).collect();
    assert_eq!((public, state.priority.as_deref()), (vec![false, true], Some("high")));

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
