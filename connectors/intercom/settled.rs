//! Reads what became of a conversation or a ticket: the item as it is, and what its parts say of its changes.
//!
//! Assignments and attribute updates are parts of the thread
//! (<https://developers.intercom.com/docs/references/rest-api/api.intercom.io/conversations/conversation_part>). Attribute updates
//! by the API are shown as a bot's: one with an app behind it is taken for a program's, ours or another. Tags say who put
//! them on and when; those taken off leave no trace.

use std::collections::BTreeSet;

use super::look;
use super::wire::{self, Item};
use super::{Intercom, look::PRIORITY};
use crate::call::{Answer, Next, Refusal};
use crate::directory::Directory;
use crate::settled::{By, Change, Part, PartKind, Settled};
use crate::ticket::{FieldValue, RemoteId, Status, TicketId};

pub(super) fn settled(
    account: &Intercom,
    id: &TicketId,
    names: &Directory,
    answers: &[Answer],
) -> Next<Settled> {
    let Some(answer) = answers.first() else { return Next::Send(look::read(id)) };
    let item: Item = match wire::body(answer) {
        Ok(item) => item,
        Err(next) => return next,
    };
    let Some(ticket) = look::ticket(account.version, id, &item) else {
        return Next::Refused(Refusal::Invalid("the platform's answer has no `updated_at`".to_owned()));
    };
    let mut changes: Vec<Change> =
        item.parts().iter().filter_map(|part| change(part, names)).flatten().collect();
    changes.extend(item.tags.iter().flat_map(|list| &list.tags).filter_map(|tag| {
        let at = wire::timestamp(tag.applied_at)?;
        let by = by(tag.applied_by.as_ref()?, None, names);
        Some(Change { at, by, part: Part::TagAdded(tag.name.clone()?), value: None })
    }));
    changes.sort_by_key(|change| change.at);
    let statistics = item.statistics.as_ref();
    let closed = statistics.and_then(|statistics| wire::moment(&statistics.last_close_at));
    let done = ticket.status == Status::Solved;
    let touched_at = wire::timestamp(item.updated_at);
    Next::Done(Settled {
        closed_at: closed.or(touched_at).filter(|_| done),
        first_reply_at: item
            .parts()
            .iter()
            .find(|part| look::is_answer(part) && answered_by_person(part, names))
            .and_then(|part| wire::timestamp(part.created_at)),
        touched_at,
        ticket,
        changes,
        told: BTreeSet::from([PartKind::Group, PartKind::Assignee, PartKind::Field, PartKind::Priority]),
    })
}

fn answered_by_person(part: &wire::Part, names: &Directory) -> bool {
    part.author.as_ref().is_some_and(|author| matches!(by(author, None, names), By::Person(_)))
}

/// What a part changed; one part may assign a team and a teammate.
fn change(part: &wire::Part, names: &Directory) -> Option<Vec<Change>> {
    let kind = part.part_type.as_deref()?;
    let at = wire::timestamp(part.created_at)?;
    let by = by(part.author.as_ref()?, part.app_package_code.as_deref(), names);
    let one = |part, value| Some(vec![Change { at, by: by.clone(), part, value }]);
    if kind.contains("attribute_updated_by") {
        let (name, value) = part.attribute()?;
        let part =
            if name.eq_ignore_ascii_case(PRIORITY) { Part::Priority } else { Part::Field(RemoteId(name)) };
        // A priority is told in our words, whatever the attribute calls it.
        let value = match (&part, value) {
            (Part::Priority, Some(FieldValue::Text(text))) => {
                look::word(&text).map(|priority| FieldValue::Text(priority.to_string()))
            }
            (_, value) => value,
        };
        return one(part, value);
    }
    if !kind.contains("assign") {
        return None;
    }
    let to = part.assigned_to.as_ref()?;
    let id = RemoteId::from_json(&to.id).map(|id| FieldValue::Text(id.0));
    match to.kind.as_deref()? {
        "team" => one(Part::Group, id),
        "admin" => one(Part::Assignee, id),
        _ => None,
    }
}

fn by(author: &wire::Author, app: Option<&str>, names: &Directory) -> By {
    let id = RemoteId::from_json(&author.id);
    match (author.kind.as_deref(), id) {
        (Some("admin"), id) if id.is_some() && id == names.me => By::Us,
        (Some("admin"), Some(id)) => By::Person(id),
        (Some("bot"), _) if app.is_some() => By::Us,
        (Some("bot" | "team"), _) => By::Automation,
        (Some("user" | "lead" | "contact"), _) => By::Customer,
        _ => By::Unknown,
    }
}
