//! The bodies of the guarded updates: one for the whole plan, and one more for an answer that a note left no room for.
//!
//! An update takes a single comment (<https://developer.zendesk.com/api-reference/ticketing/tickets/tickets/#update-ticket>),
//! so notes share one, and an answer to the customer goes along only where there is no note.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::aim::{Aim, Step};
use super::dropdown::values;
use crate::directory::{Directory, FieldKind};
use crate::plain_text;
use crate::plan::{Note, Reply};
use crate::ticket::{FieldValue, RemoteId, Tag, Ticket};

/// Which answers need an update of their own: all of them behind a note, else all but the first.
pub(super) fn later_replies(steps: &[Step]) -> Vec<(usize, &Reply)> {
    let noted = steps.iter().any(|step| matches!(step, Step::To(Aim::Note(_) | Aim::Mention(..))));
    let replies = steps.iter().enumerate().filter_map(|(at, step)| match step {
        Step::To(Aim::Reply(reply)) => Some((at, reply)),
        _ => None,
    });
    replies.skip(usize::from(!noted)).collect()
}

/// The body of an update that does nothing but answer.
pub(super) fn reply_body(reply: &Reply, stamp: &str) -> Value {
    json!({ "ticket": { "comment": public(reply), "safe_update": true, "updated_stamp": stamp } })
}

fn public(reply: &Reply) -> Value {
    json!({ "html_body": format!("<p>{}</p>", plain_text::to_html(&reply.text)), "public": true })
}

fn private(notes: &[&Note]) -> Value {
    let html: Vec<_> = notes
        .iter()
        .map(|note| {
            let (text, marker) = (plain_text::to_html(&note.text), plain_text::to_html(&note.marker));
            format!("<p>{text}</p><p><small>{marker}</small></p>")
        })
        .collect();
    json!({ "html_body": html.concat(), "public": false })
}

/// The body of the guarded update.
pub(super) fn body(steps: &[Step], on: &Ticket, names: &Directory) -> Value {
    let mut ticket = serde_json::Map::new();
    let mut fields = Vec::new();
    let mut notes = Vec::new();
    let (mut added, mut removed) = (BTreeSet::new(), BTreeSet::new());
    let (mut followers, mut copies, mut reply) = (Vec::new(), Vec::new(), None);
    for step in steps {
        match step {
            Step::Settled(_) => {}
            Step::To(Aim::Field { id, value }) => fields.push((id, Some(value))),
            Step::To(Aim::NoField(id)) => fields.push((id, None)),
            Step::To(Aim::NoPriority) => drop(ticket.insert("priority".into(), Value::Null)),
            Step::To(Aim::NoGroup) => drop(ticket.insert("group_id".into(), Value::Null)),
            Step::To(Aim::NoAgent) => drop(ticket.insert("assignee_id".into(), Value::Null)),
            Step::To(Aim::Priority(priority)) => {
                ticket.insert("priority".into(), priority.as_str().into());
            }
            Step::To(Aim::Tags(tags)) => added.extend(tags.iter().cloned()),
            Step::To(Aim::Group(id)) => {
                ticket.insert("group_id".into(), id.to_json());
            }
            Step::To(Aim::Agent(id)) => {
                ticket.insert("assignee_id".into(), id.to_json());
            }
            Step::To(Aim::Untag(tags)) => removed.extend(tags.iter().cloned()),
            Step::To(Aim::Follower(id)) => {
                followers.push(json!({ "user_id": id.to_json(), "action": "put" }))
            }
            Step::To(Aim::Copy(address)) => copies.push(json!({ "user_email": address, "action": "put" })),
            Step::To(Aim::Mention(note, tag)) => {
                added.insert(tag.clone());
                notes.push(note);
            }
            Step::To(Aim::Note(note)) => notes.push(note),
            Step::To(Aim::Reply(first)) => reply = reply.or(Some(first)),
        }
    }
    if !added.is_empty() || !removed.is_empty() {
        let tags = tags(on, added, &fields, names);
        ticket.insert("tags".into(), tags.into_iter().filter(|tag| !removed.contains(tag)).collect());
    }
    // Both lists are changes, not replacements: whoever follows already stays.
    for (key, people) in [("followers", followers), ("email_ccs", copies)] {
        if !people.is_empty() {
            ticket.insert(key.into(), people.into());
        }
    }
    if !fields.is_empty() {
        // Fields that are not listed stay as they are.
        let fields: Vec<_> =
            fields.iter().map(|(id, value)| json!({ "id": id.to_json(), "value": value })).collect();
        ticket.insert("custom_fields".into(), fields.into());
    }
    if !notes.is_empty() {
        ticket.insert("comment".into(), private(&notes));
    } else if let Some(reply) = reply {
        ticket.insert("comment".into(), public(reply));
    }
    ticket.insert("safe_update".into(), true.into());
    ticket.insert("updated_stamp".into(), on.version.0.as_str().into());
    json!({ "ticket": ticket })
}

/// The whole list of tags to send. An option of a dropdown is a tag as well, so a list with the old option in it
/// would take back the field that the same request sets.
fn tags(
    on: &Ticket,
    added: BTreeSet<Tag>,
    fields: &[(&RemoteId, Option<&FieldValue>)],
    names: &Directory,
) -> BTreeSet<Tag> {
    let mut tags = on.tags.clone();
    for (id, value) in fields {
        let is_option = names
            .fields
            .iter()
            .any(|field| field.id == **id && matches!(field.kind, FieldKind::One(_) | FieldKind::Many(_)));
        if is_option {
            on.fields.get(id).into_iter().flat_map(values).for_each(|old| {
                tags.remove(old);
            });
            tags.extend(value.iter().copied().flat_map(values).map(str::to_owned));
        }
    }
    tags.extend(added);
    tags
}
