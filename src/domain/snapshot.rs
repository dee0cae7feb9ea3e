//! The facts about a ticket that the ledger keeps besides the decision, so that another rulebook
//! can be tried later.
//!
//! It keeps all scores and the ticket's facts: state, tags, names, and the fields that hold a
//! choice. It keeps nothing that a customer wrote: no subject, no message and no free-text field.
//! An address is kept only as a digest.

use std::collections::BTreeMap;

use deskbridge_connectors::directory::{Agent, Choice, Field, FieldKind, Named};
use deskbridge_connectors::ticket::Requester;
use deskbridge_connectors::{
    Directory, FieldValue, Priority, Recognised, RemoteId, Status, Ticket, TicketId, Version,
};
use deskbridge_onnx::Prediction;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::texts::Texts;

/// A ticket at the moment it was decided, without its text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Snapshot {
    /// The model's whole prediction.
    pub prediction: Prediction,
    /// The ticket's status.
    pub status: Status,
    /// Its priority.
    pub priority: Option<Priority>,
    /// True if the platform gives this priority to every new ticket.
    pub priority_is_default: bool,
    /// Its tags.
    pub tags: Vec<String>,
    /// Its group.
    pub group: Option<Named>,
    /// Its agent.
    pub assignee: Option<Agent>,
    /// Its set fields that hold a choice, a number, a date or a flag.
    pub fields: Vec<Kept>,
    /// Names and ids of its set fields that hold free text; their values are not kept.
    pub text_fields: Vec<Named>,
    /// The channel through which the ticket was opened.
    pub channel: Option<String>,
    /// Its brand.
    pub brand: Option<RemoteId>,
    /// The name that people see.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub brand_name: Option<String>,
    /// The time when the ticket was opened.
    pub created_at: Option<Timestamp>,
    /// Digest of the requester's address; see [`digest`].
    pub requester: Option<String>,
    /// Digest of the part after the `@`.
    pub requester_domain: Option<String>,
    /// The customer's segment.
    pub segment: Option<String>,
    /// True if the account allowed answers to the customer.
    pub public_replies: bool,
    /// The times when the requester's other tickets were opened, within [`Self::contact_window`].
    pub contacts: Vec<Timestamp>,
    /// The window in seconds; absent if other tickets were not counted.
    pub contact_window: Option<u64>,
    /// The places where the rulebook's expressions matched the text, which is not kept.
    #[serde(default, skip_serializing_if = "Texts::is_empty")]
    pub texts: Texts,
    /// The kind of machine mail that opened the ticket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub machine: Option<Recognised>,
    /// The effects of the decision that a person's choice held back, counted from 0.
    pub held_back: Vec<usize>,
}

/// A field with what it held.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Kept {
    /// The field's id.
    pub id: RemoteId,
    /// The name that people see.
    pub name: String,
    /// Its stored value.
    pub value: FieldValue,
    /// The text that people see for a choice.
    pub labels: Vec<Choice>,
    /// True if nobody chose this value.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_preset: bool,
}

/// Replaces a word in the ledger: the same word of the same account gives the same 16 letters.
pub fn digest(account: &str, word: &str) -> String {
    let mut hash = Sha256::new();
    for part in [account, &word.to_lowercase()] {
        hash.update(part.len().to_be_bytes());
        hash.update(part.as_bytes());
    }
    hex::encode(hash.finalize()).chars().take(16).collect()
}

impl Snapshot {
    /// Returns the ticket without its text, and a directory that knows the names that the ticket
    /// held.
    pub fn ticket(&self, id: &TicketId, version: Version) -> (Ticket, Directory) {
        let mut directory = Directory {
            groups: self.group.iter().cloned().collect(),
            agents: self.assignee.iter().cloned().collect(),
            brands: self
                .brand
                .iter()
                .zip(&self.brand_name)
                .map(|(id, name)| Named { id: id.clone(), name: name.clone() })
                .collect(),
            ..Directory::default()
        };
        for kept in &self.fields {
            let kind = match &kept.value {
                FieldValue::Flag(_) => FieldKind::Flag,
                FieldValue::Number(_) => FieldKind::Number,
                FieldValue::Text(_) if kept.labels.is_empty() => FieldKind::Text,
                FieldValue::Text(_) => FieldKind::One(kept.labels.clone()),
                FieldValue::Many(_) => FieldKind::Many(kept.labels.clone()),
            };
            if kept.is_preset {
                directory.presets.insert(kept.id.clone(), kept.value.clone());
            }
            directory.fields.push(Field { id: kept.id.clone(), name: kept.name.clone(), kind });
        }
        let text =
            |named: &Named| Field { id: named.id.clone(), name: named.name.clone(), kind: FieldKind::Text };
        directory.fields.extend(self.text_fields.iter().map(text));
        let ticket = Ticket {
            id: id.clone(),
            version,
            subject: String::new(),
            messages: Vec::new(),
            requester: Requester::default(),
            status: self.status,
            priority: self.priority,
            priority_is_default: self.priority_is_default,
            tags: self.tags.iter().cloned().collect(),
            group: self.group.as_ref().map(|group| group.id.clone()),
            assignee: self.assignee.as_ref().map(|agent| agent.id.clone()),
            fields: self.fields.iter().map(|kept| (kept.id.clone(), kept.value.clone())).collect(),
            profile: BTreeMap::new(),
            followers: Vec::new(),
            channel: self.channel.clone(),
            brand: self.brand.clone(),
            created_at: self.created_at,
            machine: self.machine,
        };
        (ticket, directory)
    }
}
