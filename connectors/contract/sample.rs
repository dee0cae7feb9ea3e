//! What a platform gives to be held to the contract, and the answers that are scripted for it.

use http::{HeaderMap, HeaderValue, header};
use jiff::Timestamp;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::Value;

use crate::account::{AccountConfig, Platform};
use crate::call::Answer;
use crate::directory::{Agent, Choice, Directory, Field, FieldKind, Named};
use crate::settled::{Listing, Window};
use crate::ticket::{Author, Message, RemoteId, Requester, Status, Ticket, TicketId, Version};

/// What a platform gives to be held to its contract.
pub(crate) struct Sample {
    /// Settings that open.
    pub(crate) config: AccountConfig,
    /// Signs a body with the first key of `config`. Sets only headers that prove something: changing one letter
    /// of any of them must be noticed.
    pub(crate) sign: fn(&[u8], Timestamp) -> HeaderMap,
    /// A body the platform sends for a new ticket.
    pub(crate) body: &'static str,
    /// Whether the proof covers the body.
    pub(crate) covers_body: bool,
    /// Whether the proof covers a time.
    pub(crate) covers_time: bool,
    /// A ticket that none of [`Effect::samples`] holds on, and the names they need: [`ticket`] and [`names`], adapted.
    pub(crate) ticket: Ticket,
    /// See [`Self::ticket`].
    pub(crate) names: Directory,
    /// The answer with which every exchange gets on, for the request to a path; with `true` every list announces
    /// another page.
    pub(crate) answer_to: fn(&str, bool) -> Value,
    /// Paths whose answers random scripts are made of.
    pub(crate) paths: &'static [&'static str],
}

/// The samples of all platforms.
pub(crate) fn samples() -> Vec<(Platform, Sample)> {
    let sample = |platform| match platform {
        Platform::Zendesk => crate::zendesk::tests::sample(),
        Platform::Intercom => crate::intercom::tests::sample(),
        Platform::Freshdesk => crate::freshdesk::tests::sample(),
    };
    Platform::ALL.into_iter().map(|platform| (platform, sample(platform))).collect()
}

/// All time until [`now`].
pub(crate) fn window(of: Listing) -> Window {
    Window { of, since: Timestamp::UNIX_EPOCH, until: now(), cursor: None }
}

/// A ticket on which nothing is set.
pub(crate) fn ticket() -> Ticket {
    Ticket {
        id: TicketId::new("35436").unwrap(),
        version: Version("2026-11-20T10:00:00Z".into()),
        subject: "Charged twice".into(),
        messages: vec![Message { author: Author::Customer, public: true, text: "Please refund one.".into() }],
        requester: Requester::default(),
        status: Status::Open,
        priority: None,
        priority_is_default: false,
        tags: ["vip".to_owned()].into(),
        group: None,
        assignee: None,
        fields: [].into(),
        profile: [].into(),
        followers: Vec::new(),
        channel: Some("email".into()),
        brand: None,
        created_at: None,
        machine: None,
    }
}

/// Names for everything in [`Effect::samples`].
pub(crate) fn names() -> Directory {
    let id = |text: &str| RemoteId(text.to_owned());
    Directory {
        brands: Vec::new(),
        presets: Default::default(),
        left_out: Vec::new(),
        me: Some(id("9007199254740993")),
        groups: vec![
            Named { id: id("9007199254740995"), name: "Billing".into() },
            Named { id: id("9007199254740997"), name: "Sales".into() },
        ],
        agents: vec![Agent {
            id: id("9007199254740999"),
            name: "Ada Lovelace".into(),
            email: Some("ada@example.com".into()),
        }],
        fields: vec![Field {
            id: id("9007199254741001"),
            name: "Category".into(),
            kind: FieldKind::One(vec![
                Choice { value: "billing".into(), label: "Billing".into() },
                Choice { value: "technical".into(), label: "Technical".into() },
            ]),
        }],
        tags: vec![Named { id: id("71"), name: "billing".into() }],
    }
}

/// The moment at which everything here happens.
pub(crate) fn now() -> Timestamp {
    "2026-11-20T10:00:30Z".parse().unwrap()
}

/// An answer with a JSON body.
pub(crate) fn answer(status: u16, body: &Value) -> Answer {
    Answer { status, headers: HeaderMap::new(), body: body.to_string().into() }
}

/// Nested JSON under keys that platforms use.
pub(super) fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
    ];
    let keys =
        select(vec!["ticket", "comments", "id", "users", "meta", "data", "errors", "tags", "custom_fields"]);
    leaf.prop_recursive(3, 24, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((keys.clone(), inner), 0..4)
                .prop_map(|pairs| pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()),
        ]
    })
}

/// Any status with a plausible, an odd or an unreadable body.
pub(super) fn any_answer(plausible: Vec<Value>) -> impl Strategy<Value = Answer> {
    let status = prop_oneof![
        6 => Just(200_u16),
        2 => select(vec![201, 202, 204, 301, 400, 401, 403, 404, 408, 409, 410, 422, 425, 429, 500, 502, 503, 504]),
        1 => 100..600_u16,
    ];
    let body = prop_oneof![
        4 => select(plausible).prop_map(|value| value.to_string().into_bytes()),
        2 => any_json().prop_map(|value| value.to_string().into_bytes()),
        1 => prop::collection::vec(any::<u8>(), 0..64),
    ];
    let retry_after =
        prop::option::of(prop_oneof!["[0-9]{1,4}", "-1", "soon", "1e400", "Wed, 21 Oct 2026 07:28:00 GMT"]);
    (status, body, retry_after).prop_map(|(status, body, retry_after)| {
        let mut headers = HeaderMap::new();
        if let Some(text) = retry_after.and_then(|text| HeaderValue::from_str(&text).ok()) {
            headers.insert(header::RETRY_AFTER, text);
        }
        Answer { status, headers, body: body.into() }
    })
}
