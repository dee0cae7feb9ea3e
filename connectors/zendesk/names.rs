//! Reads what an account calls its groups, ticket fields and agents, and who we are there.

use super::wire::{Brands, Fields, Groups, Me, User, Users, WireField, list, next_page, parse};
use crate::call::{Answer, Later, Next, Read, Refusal, listed, nothing_listed};
use crate::directory::{Agent, Choice, Directory, Field, FieldKind, Named};
use crate::ticket::{FieldValue, RemoteId};

/// At most a thousand of each kind, and two hundred brands; a desk with more has other worries.
const PAGES: usize = 10;
const BRAND_PAGES: usize = 2;

const ME: &str = "/api/v2/users/me";

type Take = fn(&Answer, &mut Directory) -> Option<()>;

const LISTS: [(&str, &str, usize, Take); 4] = [
    ("/api/v2/groups", "", PAGES, groups),
    ("/api/v2/ticket_fields", "", PAGES, fields),
    ("/api/v2/users", "&role%5B%5D=agent&role%5B%5D=admin", PAGES, agents),
    ("/api/v2/brands", "", BRAND_PAGES, brands),
];

/// A list that the account does not give us stays empty; one of them at least must be there.
pub(super) fn names(all: &[Answer], base_url: &str) -> Next<Directory> {
    let mut directory = Directory::default();
    let mut any = false;
    let mut answers = all.iter();
    for (path, query, pages, take) in LISTS {
        let path = list(path, query);
        let mut next = Some(Read::get(path.clone()));
        for _ in 0..pages {
            let Some(read) = next else { break };
            let Some(answer) = answers.next() else { return Next::Send(read) };
            match listed(answer) {
                Ok(true) => any = true,
                Ok(false) => break,
                Err(next) => return next,
            }
            if take(answer, &mut directory).is_none() {
                return Next::Later(Later::Failed);
            }
            next = next_page(answer, &path, base_url);
        }
    }
    if !any {
        return nothing_listed(all);
    }
    let Some(answer) = answers.next() else { return Next::Send(Read::get(ME)) };
    match listed(answer) {
        // Our own changes are then known by their version alone.
        Ok(false) => return Next::Done(directory),
        Ok(true) => {}
        Err(next) => return next,
    }
    let Some(me) = parse::<Me>(answer) else { return Next::Later(Later::Failed) };
    // Without credentials the platform answers 200 with an anonymous user that has no id.
    let Some(id) = me.user.remote_id() else { return Next::Refused(Refusal::Credentials) };
    directory.me = Some(id);
    Next::Done(directory)
}

fn groups(answer: &Answer, into: &mut Directory) -> Option<()> {
    let page: Groups = parse(answer)?;
    into.groups.extend(
        page.groups
            .take("group", &mut into.left_out)
            .into_iter()
            .filter(|group| group.deleted != Some(true))
            .filter_map(|group| Some(Named { id: RemoteId::from_json(&group.id)?, name: group.name })),
    );
    Some(())
}

fn brands(answer: &Answer, into: &mut Directory) -> Option<()> {
    let page: Brands = parse(answer)?;
    into.brands.extend(
        page.brands
            .take("brand", &mut into.left_out)
            .into_iter()
            .filter_map(|brand| Some(Named { id: RemoteId::from_json(&brand.id)?, name: brand.name })),
    );
    Some(())
}

fn agents(answer: &Answer, into: &mut Directory) -> Option<()> {
    let page: Users = parse(answer)?;
    let works_here = |user: &User| user.active != Some(false) && user.suspended != Some(true);
    into.agents.extend(page.users.into_iter().filter(works_here).filter_map(|user| {
        Some(Agent { id: user.remote_id()?, name: user.name.unwrap_or_default(), email: user.email })
    }));
    Some(())
}

fn fields(answer: &Answer, into: &mut Directory) -> Option<()> {
    let page: Fields = parse(answer)?;
    let fields = page.ticket_fields.take("field", &mut into.left_out);
    for mut field in fields.into_iter().filter(|field| field.active != Some(false)) {
        let odd = field.custom_field_options.iter_mut().flat_map(|options| options.left_out.drain(..));
        let odd: Vec<String> = odd.map(|option| format!("option {option} of field {}", field.id)).collect();
        into.left_out.extend(odd);
        let (Some(id), Some(kind)) = (RemoteId::from_json(&field.id), kind(&field)) else { continue };
        if let Some(preset) = preset(&field, &kind) {
            into.presets.insert(id.clone(), preset);
        }
        into.fields.push(Field { id, name: field.title, kind });
    }
    Some(())
}

/// Finds the option that a new ticket has without anybody's choice: `default` of an option
/// (<https://developer.zendesk.com/api-reference/ticketing/tickets/ticket_fields/#custom-field-options>).
fn preset(field: &WireField, kind: &FieldKind) -> Option<FieldValue> {
    let presets = field
        .custom_field_options
        .iter()
        .flat_map(|options| &options.records)
        .filter(|option| option.default == Some(true));
    let values: Vec<String> = presets.map(|option| option.value.clone()).collect();
    match kind {
        FieldKind::Many(_) if !values.is_empty() => Some(FieldValue::Many(values)),
        FieldKind::One(_) => values.into_iter().next().map(FieldValue::Text),
        _ => None,
    }
}

/// What a field may hold; `None` for the platform's own fields, which are not set through `custom_fields`
/// (<https://developer.zendesk.com/api-reference/ticketing/tickets/ticket_fields/>).
fn kind(field: &WireField) -> Option<FieldKind> {
    let choices = || {
        field
            .custom_field_options
            .iter()
            .flat_map(|options| &options.records)
            .map(|option| Choice { value: option.value.clone(), label: option.name.clone() })
            .collect()
    };
    Some(match field.kind.as_str() {
        "subject" | "description" | "status" | "custom_status" | "tickettype" | "priority"
        | "basic_priority" | "group" | "assignee" => return None,
        "tagger" => FieldKind::One(choices()),
        "multiselect" => FieldKind::Many(choices()),
        "text" | "textarea" => FieldKind::Text,
        "integer" | "decimal" => FieldKind::Number,
        "checkbox" => FieldKind::Flag,
        "date" => FieldKind::Date,
        other => FieldKind::Other(other.to_owned()),
    })
}
