//! Reads what a workspace calls its teams, teammates, tags and attributes.
//!
//! Attributes are addressed by the name people see, case and all, so renaming one breaks a rulebook; that is why
//! they are read and checked before anything is decided. The first call also proves that the token belongs to the
//! configured workspace.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::verify::TICKET;
use super::wire::{self, NamedItem};
use super::{Intercom, Version};
use crate::call::{self, Answer, Next, Read, Refusal, Stop};
use crate::directory::lenient::Lenient;
use crate::directory::{Agent, Choice, Directory, Field, FieldKind, Named};
use crate::ticket::{RemoteId, TicketId};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Me {
    app: Option<App>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct App {
    id_code: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(bound = "T: serde::de::DeserializeOwned")]
struct List<T> {
    // One list has one of these names. <https://developers.intercom.com/docs/references/rest-api/api.intercom.io>
    #[serde(default, alias = "teams", alias = "admins")]
    data: Lenient<T>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Attribute {
    name: Option<String>,
    label: Option<String>,
    data_type: Option<String>,
    archived: Option<bool>,
    custom: Option<bool>,
    api_writable: Option<bool>,
    options: Option<Vec<Value>>,
    input_options: Value,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct TicketType {
    archived: Option<bool>,
    ticket_type_attributes: Option<List<Attribute>>,
}

/// Six reads, each of which may be refused: a token has permissions one by one, and not every workspace has tickets.
/// A list that is not given stays empty; teams, teammates, tags or attributes must be there.
pub(super) fn names(account: &Intercom, answers: &[Answer]) -> Next<Directory> {
    let attributes = if account.version.lists_conversation_attributes() {
        "/conversations/attributes"
    } else {
        "/data_attributes?model=conversation"
    };
    let paths = ["/me", "/teams", "/admins", "/tags", attributes, "/ticket_types"];
    // A wrong workspace is told at once, before five more calls.
    if let Some(me) = answers.first()
        && let Err(next) = own_workspace(account, me)
    {
        return next.of();
    }
    if let Some(path) = paths.get(answers.len()) {
        return match answers.iter().try_for_each(|answer| listed(answer).map(drop)) {
            Ok(()) => Next::Send(Read::get(*path)),
            Err(next) => next.of(),
        };
    }
    directory(account, answers).unwrap_or_else(Stop::of)
}

/// Whether a list is to be read. A version that does not know an endpoint's model says so with 400 or 422.
fn listed(answer: &Answer) -> Result<bool, Stop> {
    if matches!(answer.status, 400 | 422) {
        return Ok(false);
    }
    // Looked at first, because a platform at its limit says here when the window ends.
    if answer.status == 429 {
        wire::judge(answer)?;
    }
    call::listed(answer)
}

/// The entries of a list, none where it is not given.
fn entries<T: serde::de::DeserializeOwned>(
    answer: &Answer,
    what: &str,
    left_out: &mut Vec<String>,
) -> Result<Vec<T>, Stop> {
    if !listed(answer)? {
        return Ok(Vec::new());
    }
    wire::body::<List<T>, _, _>(answer).map(|list| list.data.take(what, left_out))
}

fn own_workspace(account: &Intercom, me: &Answer) -> Result<(), Stop> {
    if !listed(me)? {
        return Ok(());
    }
    let me: Me = wire::body(me)?;
    match me.app.and_then(|app| app.id_code) {
        Some(app) if app != account.app_id => Err(Next::Refused(Refusal::Invalid(format!(
            "the access token belongs to workspace `{app}`, the settings say `app_id: {}`",
            account.app_id
        )))),
        _ => Ok(()),
    }
}

fn directory(account: &Intercom, answers: &[Answer]) -> Result<Next<Directory>, Stop> {
    let [_, teams, admins, tags, attributes, ticket_types, ..] = answers else {
        return Err(Next::Refused(Refusal::Invalid("an answer is missing".to_owned())));
    };
    if ![teams, admins, tags, attributes].into_iter().any(Answer::is_success) {
        return Err(call::nothing_listed(&answers[1..5]));
    }
    let named = |item: NamedItem| Some(Named { id: RemoteId::from_json(&item.id)?, name: item.name? });
    let mut left_out = Vec::new();
    let mut read = |what: &str, answer| -> Result<Vec<NamedItem>, Stop> {
        let items = entries::<NamedItem>(answer, what, &mut left_out)?;
        let nameless = items.iter().filter(|item| item.name.is_none());
        left_out.extend(nameless.map(|item| format!("{what} {} has no name", item.id)));
        Ok(items)
    };
    let (teams, admins, tags) = (read("team", teams)?, read("teammate", admins)?, read("tag", tags)?);
    let mut fields = conversation_fields(account.version, entries(attributes, "attribute", &mut left_out)?);
    add_ticket_fields(&mut fields, entries(ticket_types, "ticket type", &mut left_out)?);
    let agents = admins.into_iter().filter_map(|item| {
        Some(Agent { id: RemoteId::from_json(&item.id)?, name: item.name?, email: item.email })
    });
    Ok(Next::Done(Directory {
        brands: Vec::new(),
        presets: BTreeMap::new(),
        left_out,
        me: Some(account.admin_id.clone()),
        groups: teams.into_iter().filter_map(named).collect(),
        agents: agents.collect(),
        tags: tags.into_iter().filter_map(named).collect(),
        fields,
    }))
}

/// The older endpoint lists standard attributes too; only custom ones can be set on a conversation.
fn conversation_fields(version: Version, attributes: Vec<Attribute>) -> Vec<Field> {
    let mut fields: Vec<Field> = Vec::new();
    for attribute in attributes {
        let standard = !version.lists_conversation_attributes() && attribute.custom == Some(false);
        if standard || attribute.archived == Some(true) {
            continue;
        }
        let kind = kind(&attribute, false);
        let Some(name) = attribute.name.or(attribute.label) else { continue };
        match fields.iter_mut().find(|field| field.name == name) {
            // The platform answers 400 to a write of either of them.
            Some(twin) => twin.kind = FieldKind::Other("two attributes of this name".to_owned()),
            None => fields.push(Field { id: RemoteId(name.clone()), name, kind }),
        }
    }
    fields
}

/// A ticket's list attributes are written by item id, a conversation's by label: so an attribute that exists on
/// both is listed twice, the ticket's one as `ticket-<name>`.
fn add_ticket_fields(fields: &mut Vec<Field>, types: Vec<TicketType>) {
    let mut found: BTreeMap<String, FieldKind> = BTreeMap::new();
    let live = types.into_iter().filter(|kind| kind.archived != Some(true));
    for attribute in live.flat_map(|kind| kind.ticket_type_attributes.unwrap_or_default().data.records) {
        if attribute.archived == Some(true) {
            continue;
        }
        let kind = kind(&attribute, true);
        let Some(name) = attribute.name.filter(|name| !name.starts_with("_default_")) else { continue };
        match (found.get_mut(&name), kind) {
            // Every ticket type numbers its own items: each is read as its label, and of several with one label the
            // first type's is written.
            (Some(FieldKind::One(known)), FieldKind::One(more)) => {
                let new: Vec<_> =
                    more.into_iter().filter(|one| known.iter().all(|has| has.value != one.value)).collect();
                known.extend(new);
            }
            (Some(_), _) => {}
            (None, kind) => {
                found.insert(name, kind);
            }
        }
    }
    for (name, kind) in found {
        if fields.iter().any(|field| field.name == name) {
            let name = format!("{TICKET}{name}");
            fields.push(Field { id: RemoteId(name.clone()), name, kind });
        } else {
            fields.push(Field { id: RemoteId(name.clone()), name, kind });
        }
    }
}

/// Returns the names as they apply to one item. A ticket's attribute that shares its name with a conversation's takes
/// the place of that one, so that its item ids are read as their labels.
pub(super) fn of_item<'n>(ticket: &TicketId, names: &'n Directory) -> Cow<'n, Directory> {
    let own = |field: &Field| field.id.as_str().starts_with(TICKET);
    if !ticket.as_str().starts_with(TICKET) || !names.fields.iter().any(own) {
        return Cow::Borrowed(names);
    }
    let (of_tickets, others): (Vec<Field>, Vec<Field>) = names.fields.iter().cloned().partition(own);
    let of_tickets: Vec<Field> = of_tickets
        .into_iter()
        .map(|Field { id, name, kind }| {
            let bare = |text: &str| text.strip_prefix(TICKET).unwrap_or(text).to_owned();
            Field { id: RemoteId(bare(&id.0)), name: bare(&name), kind }
        })
        .collect();
    let hidden = |field: &Field| of_tickets.iter().any(|twin| twin.id == field.id);
    // Whoever wrote `ticket-<name>` into a rulebook still means the same attribute.
    let prefixed =
        of_tickets.iter().map(|field| Field { name: format!("{TICKET}{}", field.name), ..field.clone() });
    let kept = others.into_iter().filter(|field| !hidden(field));
    let fields = kept.chain(of_tickets.iter().cloned()).chain(prefixed).collect();
    Cow::Owned(Directory { fields, ..names.clone() })
}

fn kind(attribute: &Attribute, of_ticket: bool) -> FieldKind {
    let word = attribute.data_type.as_deref().unwrap_or_default();
    if attribute.api_writable == Some(false) {
        return FieldKind::Other("read-only".to_owned());
    }
    let choices = choices(attribute, of_ticket);
    match word {
        "list" | "string" if !choices.is_empty() => FieldKind::One(choices),
        "string" => FieldKind::Text,
        "integer" | "decimal" | "float" => FieldKind::Number,
        "boolean" => FieldKind::Flag,
        "date" | "datetime" => FieldKind::Date,
        other => FieldKind::Other(other.to_owned()),
    }
}

/// Options are plain strings, `{value}` or `{id, label, archived}` by version, and a ticket's are
/// `input_options.list_items[{id, name}]`.
fn choices(attribute: &Attribute, of_ticket: bool) -> Vec<Choice> {
    let items = attribute.input_options.get("list_items").and_then(Value::as_array);
    let options = attribute.options.as_ref().or(items).map(Vec::as_slice).unwrap_or_default();
    let text = |option: &Value, key: &str| option.get(key).and_then(Value::as_str).map(str::to_owned);
    let choice = |option: &Value| -> Option<Choice> {
        if option.get("archived").and_then(Value::as_bool) == Some(true) {
            return None;
        }
        let label = option
            .as_str()
            .map(str::to_owned)
            .or_else(|| ["label", "value", "name"].iter().find_map(|key| text(option, key)))?;
        let item = option.get("id").and_then(RemoteId::from_json).filter(|_| of_ticket);
        Some(Choice { value: item.map_or_else(|| label.clone(), |id| id.0), label })
    };
    options.iter().filter_map(choice).collect()
}
