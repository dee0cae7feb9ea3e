//! The rulebook's tests: what is refused, what is decided, and the rulebook that is shipped.

use deskbridge_connectors::directory::{Agent, Choice, Field, FieldKind, Named};
use deskbridge_connectors::ticket::{Requester, Status};
use deskbridge_connectors::{Directory, FieldValue, RemoteId, Ticket, Version};
use deskbridge_connectors::{Platform, Priority, TicketId};
use deskbridge_onnx::{HeadKind, Language, Prediction, Scored};

use super::*;

mod awaiting;
mod deciding;
mod language;
mod lint;
mod loading;
mod manual;
mod questions;
mod robust;
mod shipped;
mod triggers;

pub(super) fn vocabulary() -> Vocabulary {
    let labels = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    Vocabulary::from([
        (
            "category".to_owned(),
            labels(&["billing", "technical", "account", "shipping", "returns", "sales", "feedback"]),
        ),
        ("priority".to_owned(), labels(&["urgent", "high", "normal", "low"])),
    ])
}

/// A head that says its first label where that is at least 0.8.
pub(super) fn head(ranked: &[(&str, f32)]) -> Scored {
    let ranked: Vec<(String, f32)> =
        ranked.iter().map(|(label, value)| ((*label).to_owned(), *value)).collect();
    let chosen =
        ranked.iter().take(1).filter(|(_, value)| *value >= 0.8).map(|(label, _)| label.clone()).collect();
    let threshold = ranked.iter().map(|(label, _)| (label.clone(), 0.8)).collect();
    Scored { kind: HeadKind::Single, ranked, chosen, threshold }
}

pub(super) fn prediction(category: &[(&str, f32)], priority: &[(&str, f32)]) -> Prediction {
    Prediction {
        heads: BTreeMap::from([
            ("category".to_owned(), head(category)),
            ("priority".to_owned(), head(priority)),
        ]),
        language: Language { code: "de".to_owned(), confidence: 0.9 },
        model: "m1".to_owned(),
        out_of_scope: None,
    }
}

pub(super) fn billing() -> Prediction {
    prediction(&[("billing", 0.97), ("sales", 0.02)], &[("urgent", 0.6), ("high", 0.3)])
}

pub(super) fn ticket() -> Ticket {
    Ticket {
        id: TicketId::new("17").unwrap(),
        version: Version("v1".to_owned()),
        subject: "charged twice".to_owned(),
        messages: Vec::new(),
        requester: Requester::default(),
        status: Status::New,
        priority: None,
        priority_is_default: false,
        tags: ["VIP".to_owned()].into(),
        group: None,
        assignee: None,
        fields: BTreeMap::new(),
        profile: BTreeMap::new(),
        followers: Vec::new(),
        channel: None,
        brand: None,
        created_at: None,
        machine: None,
    }
}

pub(super) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub(super) fn id(text: &str) -> RemoteId {
    RemoteId(text.to_owned())
}

pub(super) fn directory() -> Directory {
    let named = |number: &str, name: &str| Named { id: id(number), name: name.to_owned() };
    let choice = |value: &str, label: &str| Choice { value: value.to_owned(), label: label.to_owned() };
    Directory {
        me: None,
        groups: vec![named("1", "Billing"), named("2", "Sales")],
        agents: vec![Agent {
            id: id("9"),
            name: "Ada".to_owned(),
            email: Some("ada@desk.example".to_owned()),
        }],
        fields: vec![Field {
            id: id("77"),
            name: "Category".to_owned(),
            kind: FieldKind::One(vec![choice("billing", "Billing"), choice("sales", "Sales")]),
        }],
        tags: Vec::new(),
        brands: vec![named("7", "Outlet")],
        presets: Default::default(),
        left_out: Vec::new(),
    }
}

pub(super) fn compiled(rules: &str) -> Rulebook {
    let text = format!("version: 1\n{rules}");
    match load("r.yaml", &text, Some(&vocabulary()), &Platform::ALL) {
        Ok(loaded) => loaded.rulebook,
        Err(found) => panic!("{}", found.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")),
    }
}

/// The facts of these tests, with parts replaced.
pub(super) struct Case {
    pub(super) ticket: Ticket,
    pub(super) prediction: Prediction,
    pub(super) history: History,
    pub(super) ceiling: Mode,
    pub(super) now: Timestamp,
    pub(super) segment: Option<&'static str>,
    pub(super) contacts: Vec<Timestamp>,
    pub(super) public_replies: bool,
    pub(super) gate: LabelModes,
}

impl Default for Case {
    fn default() -> Self {
        Self {
            ticket: ticket(),
            prediction: billing(),
            history: History::default(),
            ceiling: Mode::Live,
            now: at("2026-03-04T15:00:00Z"),
            segment: Some("premium"),
            contacts: Vec::new(),
            public_replies: true,
            gate: LabelModes::OPEN,
        }
    }
}

impl Case {
    pub(super) fn explained(&self, rulebook: &Rulebook) -> Explanation {
        let directory = directory();
        let facts = self.facts(&directory);
        let explanation = explain(rulebook, &facts);
        assert_eq!(decide(rulebook, &facts), explanation.decision, "decide and explain are one evaluation");
        explanation
    }

    /// Decides with the account's forms presetting these values.
    pub(super) fn held_with_presets(&self, rulebook: &Rulebook, presets: &[(&str, FieldValue)]) -> Vec<bool> {
        let presets = presets.iter().map(|(field, value)| (id(field), value.clone())).collect();
        let directory = Directory { presets, ..directory() };
        let plan = decide(rulebook, &self.facts(&directory)).plan;
        plan.iter().map(|planned| planned.held_back.is_some()).collect()
    }

    pub(super) fn facts<'a>(&'a self, directory: &'a Directory) -> Facts<'a> {
        Facts {
            account: "acme",
            platform: Platform::ALL[0],
            ticket: &self.ticket,
            prediction: &self.prediction,
            history: &self.history,
            directory,
            ceiling: self.ceiling,
            now: self.now,
            segment: self.segment,
            contacts: &self.contacts,
            public_replies: self.public_replies,
            texts: None,
            gate: &self.gate,
        }
    }

    /// The plan, a line each: the rule, the effect, its mode and why it waits.
    pub(super) fn plan(&self, rulebook: &Rulebook) -> Vec<String> {
        let line = |planned: &crate::domain::decision::Planned| {
            let reason = planned.held_back.as_ref().map(|why| format!(" [{why}]")).unwrap_or_default();
            let (kind, value) = (planned.effect.kind(), planned.effect.value());
            format!("{}: {kind} {value} ({}){reason}", planned.because, planned.mode)
        };
        self.explained(rulebook).decision.plan.iter().map(line).collect()
    }
}

pub(super) fn priority(set: Priority, is_default: bool) -> Ticket {
    Ticket { priority: Some(set), priority_is_default: is_default, ..ticket() }
}

pub(super) fn field(value: &str) -> Ticket {
    Ticket { fields: BTreeMap::from([(id("77"), FieldValue::Text(value.to_owned()))]), ..ticket() }
}
