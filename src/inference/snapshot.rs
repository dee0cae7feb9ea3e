//! Takes the snapshot that the ledger keeps of a decided ticket.

use deskbridge_connectors::directory::{Agent, Choice, Field, FieldKind, Named};
use deskbridge_connectors::{FieldValue, RemoteId};

use crate::domain::decision::Decision;
use crate::domain::snapshot::{Kept, Snapshot, digest};
use crate::rulebook::{Facts, Rulebook};

/// Takes the snapshot of a ticket that was just decided on by this rulebook.
pub fn snapshot(facts: &Facts<'_>, rulebook: &Rulebook, decision: &Decision) -> Snapshot {
    let Facts { account, ticket, directory: names, .. } = facts;
    let (mut fields, mut text_fields) = (Vec::new(), Vec::new());
    for (id, value) in &ticket.fields {
        let known = names.fields.iter().find(|field| field.id == *id);
        let name = known.map_or_else(|| id.0.clone(), |field| field.name.clone());
        match known.and_then(|field| labels(field, value)) {
            Some(labels) => {
                let is_preset = known.is_some_and(|field| names.is_preset(field, value));
                fields.push(Kept { id: id.clone(), name, value: value.clone(), labels, is_preset });
            }
            None => text_fields.push(Named { id: id.clone(), name }),
        }
    }
    let email = ticket.requester.email.as_deref();
    let domain = email.and_then(|address| address.rsplit_once('@')).map(|(_, domain)| domain);
    let named = |id: &RemoteId| names.groups.iter().find(|group| group.id == *id).cloned();
    let agent = |id: &RemoteId| names.agents.iter().find(|agent| agent.id == *id).cloned();
    let unknown = |id: &RemoteId| Named { id: id.clone(), name: id.0.clone() };
    Snapshot {
        prediction: decision.prediction.clone(),
        status: ticket.status,
        priority: ticket.priority,
        priority_is_default: ticket.priority_is_default,
        tags: ticket.tags.iter().cloned().collect(),
        group: ticket.group.as_ref().map(|id| named(id).unwrap_or_else(|| unknown(id))),
        assignee: ticket
            .assignee
            .as_ref()
            .map(|id| agent(id).unwrap_or_else(|| Agent { id: id.clone(), name: id.0.clone(), email: None })),
        fields,
        text_fields,
        channel: ticket.channel.clone(),
        brand: ticket.brand.clone(),
        brand_name: ticket
            .brand
            .as_ref()
            .and_then(|id| names.brands.iter().find(|brand| brand.id == *id))
            .map(|brand| brand.name.clone()),
        created_at: ticket.created_at,
        requester: email.map(|address| digest(account, address)),
        requester_domain: domain.map(|domain| digest(account, domain)),
        segment: facts.segment.map(str::to_owned),
        public_replies: facts.public_replies,
        contacts: facts.contacts.to_vec(),
        // As far back as its requester's tickets were counted.
        contact_window: rulebook.contact_window().map(|window| window.as_secs()),
        texts: rulebook.texts(facts),
        machine: ticket.machine,
        held_back: decision
            .plan
            .iter()
            .map(|planned| planned.held_back.is_some())
            .chain(decision.lookups.iter().map(|lookup| lookup.held_back.is_some()))
            .enumerate()
            .filter_map(|(at, held)| held.then_some(at))
            .collect(),
    }
}

/// The options that a value names; `None` where the field holds what somebody typed.
fn labels(field: &Field, value: &FieldValue) -> Option<Vec<Choice>> {
    let held = |choices: &[Choice]| -> Vec<Choice> {
        let is = |choice: &&Choice| match value {
            FieldValue::Many(items) => items.contains(&choice.value),
            other => other.to_string() == choice.value,
        };
        choices.iter().filter(is).cloned().collect()
    };
    match &field.kind {
        FieldKind::One(choices) | FieldKind::Many(choices) => Some(held(choices)),
        FieldKind::Flag | FieldKind::Number | FieldKind::Date | FieldKind::Nested { .. } => Some(Vec::new()),
        FieldKind::Text | FieldKind::Other(_) => None,
    }
}
