//! The way back of each kind of effect.

use std::collections::BTreeSet;

use deskbridge_connectors::directory::{Field, FieldKind};
use deskbridge_connectors::plan::Slot;
use deskbridge_connectors::settled::Part;
use deskbridge_connectors::{Effect, FieldValue, RemoteId, Tag};
use serde_json::Value;

use super::{Back, Scene, words};

const SINCE: &str = "it holds something else by now";

impl Scene<'_> {
    pub(super) fn priority(&self, wrote: &str) -> Back {
        if self.now.ticket.priority == self.before.priority {
            return Back::Already;
        }
        if self.now.ticket.priority.is_none_or(|priority| priority.as_str() != wrote) {
            return Back::Not(SINCE.to_owned());
        }
        let ours = |change: &super::Change| is(change.value.as_ref(), wrote);
        match (self.touched(&Part::Priority, &ours), self.before.priority) {
            (Some(why), _) => Back::Not(why),
            (None, Some(priority)) => Back::By(Effect::SetPriority(priority)),
            (None, None) => Back::By(Effect::Clear(Slot::Priority)),
        }
    }

    pub(super) fn group(&self, wrote: &str) -> Back {
        let known = self.names.group(wrote).map(|group| &group.id).map_err(|unknown| unknown.to_string());
        let held = (&self.now.ticket.group, &self.before.group);
        self.assigned(known, held, Part::Group, || match &self.snapshot.group {
            Some(group) => Effect::AssignGroup(group.name.clone()),
            None => Effect::Clear(Slot::Group),
        })
    }

    pub(super) fn agent(&self, wrote: &str) -> Back {
        let known = self.names.agent(wrote).map(|agent| &agent.id).map_err(|unknown| unknown.to_string());
        let held = (&self.now.ticket.assignee, &self.before.assignee);
        self.assigned(known, held, Part::Assignee, || match &self.snapshot.assignee {
            Some(agent) => Effect::AssignAgent(agent.name.clone()),
            None => Effect::Clear(Slot::Agent),
        })
    }

    /// Somebody whom we assigned; `held` is who has the ticket now, and who had it before.
    fn assigned(
        &self,
        wrote: Result<&RemoteId, String>,
        (now, before): (&Option<RemoteId>, &Option<RemoteId>),
        part: Part,
        back: impl FnOnce() -> Effect,
    ) -> Back {
        if now == before {
            return Back::Already;
        }
        let ours = match wrote {
            Ok(id) if now.as_ref() == Some(id) => id,
            Ok(_) => return Back::Not(SINCE.to_owned()),
            Err(unknown) => return Back::Not(unknown),
        };
        let same = |change: &super::Change| is(change.value.as_ref(), ours.as_str());
        self.touched(&part, &same).map_or_else(|| Back::By(back()), Back::Not)
    }

    /// `wrote` is `{name: value}` with the name as the rulebook has it.
    pub(super) fn field(&self, wrote: &Value) -> Back {
        let Some((name, value)) = wrote.as_object().and_then(|fields| fields.iter().next()) else {
            return Back::Not("the ledger's `set_field` cannot be read".to_owned());
        };
        let field = match self.names.field(name) {
            Ok(field) => field,
            Err(unknown) => return Back::Not(unknown.to_string()),
        };
        if self.held_text(field) {
            return Back::Not("it held text before, and text is not kept".to_owned());
        }
        let (now, before) = (field.held(&self.now.ticket.fields), field.held(&self.before.fields));
        if now == before {
            return Back::Already;
        }
        let stored = FieldValue::from_json(value).and_then(|value| field.accept(&value).ok());
        if stored.is_none() || !same(now.as_ref(), stored.as_ref()) {
            return Back::Not(SINCE.to_owned());
        }
        let ours = |change: &super::Change| same(change.value.as_ref(), stored.as_ref());
        match (self.touched(&Part::Field(field.id.clone()), &ours), before) {
            (Some(why), _) => Back::Not(why),
            (None, Some(value)) => Back::By(Effect::SetField { field: field.id.0.clone(), value }),
            (None, None) => Back::By(Effect::Clear(Slot::Field(field.id.0.clone()))),
        }
    }

    /// Whether the field, or a level of it, held what the ledger does not keep.
    fn held_text(&self, field: &Field) -> bool {
        let levels = match &field.kind {
            FieldKind::Nested { levels, .. } => levels.as_slice(),
            _ => &[],
        };
        let mut ids = std::iter::once(&field.id).chain(levels);
        ids.any(|id| self.snapshot.text_fields.iter().any(|text| text.id == *id))
    }

    pub(super) fn added_tags(&self, wrote: &Value) -> Back {
        let (before, now) = (keys(&self.before.tags), keys(&self.now.ticket.tags));
        let mine: BTreeSet<Tag> =
            words(wrote).filter(|tag| !before.contains(&key(tag))).map(str::to_owned).collect();
        let there: BTreeSet<Tag> = mine.iter().filter(|tag| now.contains(&key(tag))).cloned().collect();
        match there.iter().find_map(|tag| self.tag_touched(tag)) {
            Some(why) => Back::Not(why),
            None if there.is_empty() => Back::Already,
            None => Back::By(Effect::RemoveTags(there)),
        }
    }

    pub(super) fn removed_tags(&self, wrote: &Value) -> Back {
        let (unwanted, now) = (words(wrote).map(key).collect::<BTreeSet<_>>(), keys(&self.now.ticket.tags));
        let was_there = self.before.tags.iter().filter(|tag| unwanted.contains(&key(tag)));
        let gone: BTreeSet<Tag> = was_there.filter(|tag| !now.contains(&key(tag))).cloned().collect();
        match gone.iter().find_map(|tag| self.tag_touched(tag)) {
            Some(why) => Back::Not(why),
            None if gone.is_empty() => Back::Already,
            None => Back::By(Effect::AddTags(gone)),
        }
    }

    /// A tag that a person put on or took off since is theirs.
    fn tag_touched(&self, tag: &str) -> Option<String> {
        [Part::TagAdded(tag.to_owned()), Part::TagRemoved(tag.to_owned())]
            .iter()
            .find_map(|part| self.touched(part, &|_| true))
    }
}

/// Tags as one platform stores what another tells apart: without case and with no white space.
fn key(tag: &str) -> String {
    tag.trim().to_lowercase().split_whitespace().collect::<Vec<_>>().join("_")
}

fn keys(tags: &BTreeSet<Tag>) -> BTreeSet<String> {
    tags.iter().map(|tag| key(tag)).collect()
}

/// Whether a change says this, however the platform spells it.
fn is(value: Option<&FieldValue>, word: &str) -> bool {
    value.is_some_and(|value| value.to_string().eq_ignore_ascii_case(word))
}

fn same(a: Option<&FieldValue>, b: Option<&FieldValue>) -> bool {
    match (a, b) {
        (Some(FieldValue::Many(a)), Some(FieldValue::Many(b))) => {
            a.iter().collect::<BTreeSet<_>>() == b.iter().collect()
        }
        (Some(a), Some(b)) => a.to_string().eq_ignore_ascii_case(&b.to_string()),
        (a, b) => a.is_none() && b.is_none(),
    }
}
