//! What a case begins with, made into the facts of a decision: a ticket, its account's names, and scores.
//!
//! A case speaks in the rulebook's words, so its group `billing` is the very group that the rulebook's `billing` means on
//! the platform; the directory made here knows that much and no more.

use std::collections::BTreeMap;
use std::time::Duration;

use deskbridge_connectors::directory::{Agent, Choice, Field, FieldKind, Named};
use deskbridge_connectors::recognise::{Marks, recognise};
use deskbridge_connectors::ticket::{Author, Message, Requester};
use deskbridge_connectors::{
    Directory, FieldValue, Platform, Priority, RemoteId, Status, Ticket, TicketId, Version,
};
use deskbridge_onnx::{HeadKind, Language, Prediction, Scored};
use jiff::Timestamp;

use crate::domain::mode::Mode;
use crate::rulebook::Rulebook;
use crate::rulebook::names::Kind;

/// When a case without a `now` takes place: Monday, 2 March 2026, at noon UTC.
const NOON: Timestamp = Timestamp::constant(1_772_452_800, 0);

/// A ticket as a case describes it.
#[derive(Clone, Debug)]
pub(super) struct Given {
    pub(super) platform: Option<Platform>,
    pub(super) account: String,
    pub(super) mode: Mode,
    pub(super) subject: String,
    pub(super) body: String,
    pub(super) tags: Vec<String>,
    pub(super) status: Status,
    pub(super) priority: Option<Priority>,
    pub(super) group: Option<String>,
    pub(super) agent: Option<String>,
    pub(super) fields: BTreeMap<String, FieldValue>,
    pub(super) requester: Option<String>,
    pub(super) channel: Option<String>,
    pub(super) brand: Option<String>,
    pub(super) language: Option<Language>,
    pub(super) predicted: Option<BTreeMap<String, Vec<(String, f32)>>>,
    pub(super) segment: Option<String>,
    pub(super) now: Timestamp,
    /// How long ago the ticket was opened.
    pub(super) age: Option<Duration>,
    /// How long ago the requester's other tickets came in.
    pub(super) contacts: Vec<Duration>,
    pub(super) public_replies: bool,
}

impl Default for Given {
    fn default() -> Self {
        Self {
            platform: None,
            account: "example".to_owned(),
            mode: Mode::Live,
            subject: String::new(),
            body: String::new(),
            tags: Vec::new(),
            status: Status::New,
            priority: None,
            group: None,
            agent: None,
            fields: BTreeMap::new(),
            requester: None,
            channel: None,
            brand: None,
            language: None,
            predicted: None,
            segment: None,
            now: NOON,
            age: None,
            contacts: Vec::new(),
            public_replies: true,
        }
    }
}

impl Given {
    /// The ticket, and a directory that knows the names it uses.
    pub(super) fn ticket(&self, rulebook: &Rulebook, platform: Platform) -> (Ticket, Directory) {
        let names = &rulebook.book.names;
        // A word without a name here is reported where a rule uses it; the ticket then simply holds the word.
        let name = |kind, word: &String| names.resolve(kind, word, platform).unwrap_or_else(|_| word.clone());
        let mut directory = Directory::default();
        let group = self.group.as_ref().map(|word| {
            let name = name(Kind::Group, word);
            directory.groups.push(Named { id: RemoteId(name.clone()), name: name.clone() });
            RemoteId(name)
        });
        let assignee = self.agent.as_ref().map(|word| {
            let name = name(Kind::Agent, word);
            let email = name.contains('@').then(|| name.clone());
            directory.agents.push(Agent { id: RemoteId(name.clone()), name: name.clone(), email });
            RemoteId(name)
        });
        let mut fields = BTreeMap::new();
        for (word, value) in &self.fields {
            let name = name(Kind::Field, word);
            let id = RemoteId(name.clone());
            directory.fields.push(Field { id: id.clone(), name, kind: kind_of(value) });
            fields.insert(id, value.clone());
        }
        let ticket = Ticket {
            id: CASE.clone(),
            version: Version("1".to_owned()),
            subject: self.subject.clone(),
            messages: vec![Message { author: Author::Customer, public: true, text: self.body.clone() }],
            requester: Requester { id: None, email: self.requester.clone() },
            status: self.status,
            priority: self.priority,
            priority_is_default: false,
            tags: self.tags.iter().cloned().collect(),
            group,
            assignee,
            fields,
            profile: BTreeMap::new(),
            followers: Vec::new(),
            channel: self.channel.clone(),
            brand: self.brand.clone().map(RemoteId),
            created_at: self.age.map(|age| self.before(age)),
            machine: None,
        };
        let machine = recognise(&ticket, &Marks::default());
        (Ticket { machine, ..ticket }, directory)
    }

    /// So long before the decision.
    pub(super) fn before(&self, ago: Duration) -> Timestamp {
        self.now.checked_sub(ago).unwrap_or(Timestamp::MIN)
    }

    /// The case's own scores, else the bundle's answer, else none.
    pub(super) fn prediction(&self, asked: Option<Prediction>) -> Prediction {
        let nothing = || Prediction {
            heads: BTreeMap::new(),
            language: Language { code: "und".to_owned(), confidence: 0.0 },
            model: "case".to_owned(),
            out_of_scope: None,
        };
        match &self.predicted {
            None => asked.unwrap_or_else(nothing),
            Some(heads) => Prediction {
                heads: heads.iter().map(|(head, scores)| (head.clone(), scored(scores))).collect(),
                ..nothing()
            },
        }
    }
}

static CASE: std::sync::LazyLock<TicketId> =
    std::sync::LazyLock::new(|| TicketId::new("case").unwrap_or_else(|_| unreachable!("four letters fit")));

/// A head without thresholds of its own, so that the rulebook's defaults stand in and a case does not change with the
/// bundle. Confidences of one label add up to at most one; more than that is a head that gives several.
fn scored(scores: &[(String, f32)]) -> Scored {
    let mut ranked = scores.to_vec();
    ranked.sort_by(|a, b| b.1.total_cmp(&a.1));
    let sum: f32 = ranked.iter().map(|(_, confidence)| confidence).sum();
    let kind = if sum > 1.001 { HeadKind::Multi } else { HeadKind::Single };
    Scored { kind, ranked, chosen: Vec::new(), threshold: BTreeMap::new() }
}

fn kind_of(value: &FieldValue) -> FieldKind {
    let choice = |value: &String| Choice { value: value.clone(), label: value.clone() };
    match value {
        FieldValue::Flag(_) => FieldKind::Flag,
        FieldValue::Number(_) => FieldKind::Number,
        FieldValue::Text(_) => FieldKind::Text,
        FieldValue::Many(values) => FieldKind::Many(values.iter().map(choice).collect()),
    }
}
