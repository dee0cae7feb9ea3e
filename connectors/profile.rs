//! Which field of the customer tells segments apart, and how it is read from what a platform knows of them.
//!
//! `organization` and `company` are one thing under two names, so that the settings of one platform can be carried to
//! another. It never reads more of a customer than the one field that is asked for.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::ticket::FieldValue;

/// A field of the customer that a look brings along.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    /// As the settings write it; the key in [`crate::Ticket::profile`].
    whole: String,
    field: String,
    pub(crate) of: Whose,
}

/// Whose field it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Whose {
    /// The organization or company that the customer belongs to.
    Organization,
    /// The person who asked.
    Requester,
}

impl Asked {
    /// `None` where the settings ask for nothing of the customer.
    pub(crate) fn new(segment_field: Option<&str>) -> Option<Self> {
        let whole = segment_field?.trim();
        let (of, field) = whole.split_once('.')?;
        let of = match of {
            "organization" | "company" => Whose::Organization,
            "requester" => Whose::Requester,
            _ => return None,
        };
        (!field.is_empty()).then(|| Self { whole: whole.to_owned(), field: field.to_owned(), of })
    }

    /// The profile, from a person's or company's `record` with its own fields under `custom`. What every account has
    /// (a company's `plan` on Intercom) stands beside the custom fields and counts where no custom field has the name.
    pub(crate) fn read(&self, record: &Value, custom: &str) -> BTreeMap<String, FieldValue> {
        let in_map = |map: &Value| {
            let exact = map.get(&self.field);
            let close = || {
                let mut entries = map.as_object()?.iter();
                entries.find(|(key, _)| key.eq_ignore_ascii_case(&self.field)).map(|(_, value)| value)
            };
            let value = exact.or_else(close)?;
            // Some things are an object with a name: Intercom's plans.
            FieldValue::from_json(value.get("name").unwrap_or(value))
        };
        let value = record.get(custom).and_then(in_map).or_else(|| in_map(record));
        value.map(|value| (self.whole.clone(), value)).into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_field_is_read_under_the_name_the_settings_give_it() {
        let asked = Asked::new(Some("organization.plan")).unwrap();
        assert_eq!(asked.of, Whose::Organization);
        let record =
            json!({ "plan": { "type": "plan", "name": "Pro" }, "organization_fields": { "Plan": "ent" } });
        let read = |record: &Value| asked.read(record, "organization_fields");
        assert_eq!(read(&record), [("organization.plan".to_owned(), FieldValue::Text("ent".into()))].into());
        let record = json!({ "plan": { "name": "Pro" }, "organization_fields": { "plan": null } });
        assert_eq!(read(&record)["organization.plan"], FieldValue::Text("Pro".into()));
        assert!(read(&json!({ "organization_fields": {} })).is_empty());
        assert!(read(&Value::Null).is_empty());
    }

    #[test]
    fn other_fields_are_nothing_of_the_customer() {
        for other in [None, Some("plan"), Some("field.plan"), Some("requester."), Some("")] {
            assert_eq!(Asked::new(other), None, "{other:?}");
        }
        assert_eq!(Asked::new(Some("company.plan")).unwrap().of, Whose::Organization);
        assert_eq!(Asked::new(Some("requester.tier")).unwrap().of, Whose::Requester);
    }
}
