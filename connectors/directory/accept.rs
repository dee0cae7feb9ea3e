//! What a field takes: a rule's value in the words people use becomes the value that the platform stores.
//!
//! Checked against the field's own definition before anything is sent, because one platform ignores what it does not
//! know without a word and another refuses the whole request for it.

use std::collections::BTreeMap;

use super::{Branch, Choice, Field, FieldKind, find};
use crate::ticket::{FieldValue, RemoteId};

/// Between the levels of a nested value.
const LEVEL: char = '>';

impl Field {
    /// The value as this field stores it: an option's label becomes its stored value, text is checked
    /// against the field's kind. An option of several levels is `A > B > C`.
    ///
    /// # Errors
    /// Says what the field accepts.
    pub fn accept(&self, value: &FieldValue) -> Result<FieldValue, String> {
        match (&self.kind, value) {
            (FieldKind::One(choices), FieldValue::Text(text)) => {
                self.choose(choices, text).map(FieldValue::Text)
            }
            (FieldKind::Many(choices), FieldValue::Text(text)) => {
                self.choose(choices, text).map(|one| FieldValue::Many(vec![one]))
            }
            (FieldKind::Many(choices), FieldValue::Many(texts)) => texts
                .iter()
                .map(|text| self.choose(choices, text))
                .collect::<Result<Vec<_>, _>>()
                .map(FieldValue::Many),
            (FieldKind::Nested { levels, branches }, FieldValue::Text(text)) => {
                self.descend(levels.len(), branches, text).map(FieldValue::Text)
            }
            (FieldKind::Text, FieldValue::Text(_)) | (FieldKind::Flag, FieldValue::Flag(_)) => {
                Ok(value.clone())
            }
            (FieldKind::Text, FieldValue::Number(number)) => Ok(FieldValue::Text(number.to_string())),
            // A template renders text, whatever it was made of.
            (FieldKind::Flag, FieldValue::Text(text)) => match text.trim().to_lowercase().as_str() {
                "true" | "yes" => Ok(FieldValue::Flag(true)),
                "false" | "no" => Ok(FieldValue::Flag(false)),
                _ => Err(format!("field `{}` takes true or false", self.name)),
            },
            (FieldKind::Number, FieldValue::Number(_)) => Ok(value.clone()),
            (FieldKind::Number, FieldValue::Text(text)) => text
                .trim()
                .parse::<serde_json::Number>()
                .map(FieldValue::Number)
                .map_err(|_| format!("field `{}` takes a number", self.name)),
            (FieldKind::Date, FieldValue::Text(text)) => text
                .trim()
                .parse::<jiff::civil::Date>()
                .map(|date| FieldValue::Text(date.to_string()))
                .map_err(|_| format!("field `{}` takes a date, YYYY-MM-DD", self.name)),
            (FieldKind::Other(kind), _) => {
                Err(format!("field `{}` is of type `{kind}`, which deskbridge does not write", self.name))
            }
            _ => Err(format!("field `{}` does not take such a value", self.name)),
        }
    }

    /// What the field holds among a ticket's [`crate::Ticket::fields`]; the levels of a nested one are joined as
    /// [`Self::accept`] writes them.
    pub fn held(&self, fields: &BTreeMap<RemoteId, FieldValue>) -> Option<FieldValue> {
        let first = fields.get(&self.id)?;
        let FieldKind::Nested { levels, .. } = &self.kind else { return Some(first.clone()) };
        let below = levels.iter().map_while(|level| fields.get(level)).map(ToString::to_string);
        let parts: Vec<String> = std::iter::once(first.to_string()).chain(below).collect();
        Some(FieldValue::Text(parts.join(" > ")))
    }

    /// The values of each level, where `value` is one that [`Self::accept`] returned: the field's own first. A level
    /// that the value does not name is emptied, because what stood there belonged to another branch.
    pub(crate) fn spread(&self, value: &FieldValue) -> Vec<(RemoteId, Option<FieldValue>)> {
        let FieldKind::Nested { levels, .. } = &self.kind else {
            return vec![(self.id.clone(), Some(value.clone()))];
        };
        let text = value.to_string();
        let mut parts = text.split(LEVEL).map(|part| FieldValue::Text(part.trim().to_owned()));
        std::iter::once(&self.id).chain(levels).map(|id| (id.clone(), parts.next())).collect()
    }

    /// Every level emptied.
    pub(crate) fn emptied(&self) -> Vec<(RemoteId, Option<FieldValue>)> {
        let below = match &self.kind {
            FieldKind::Nested { levels, .. } => levels.as_slice(),
            _ => &[],
        };
        std::iter::once(&self.id).chain(below).map(|id| (id.clone(), None)).collect()
    }

    fn choose(&self, choices: &[Choice], text: &str) -> Result<String, String> {
        let of = |text: &str| {
            find(
                "option",
                text,
                choices,
                |choice| vec![choice.label.as_str(), choice.value.as_str()],
                |_| None,
            )
            .map(|choice| choice.value.clone())
        };
        // One platform writes the levels of an option into its label, as in `Hardware::Laptop`.
        let levels: Vec<_> = text.split(LEVEL).map(str::trim).collect();
        of(text)
            .or_else(|unknown| of(&levels.join("::")).map_err(|_| unknown))
            .map_err(|unknown| format!("field `{}`: {unknown}", self.name))
    }

    fn descend(&self, below_first: usize, branches: &[Branch], text: &str) -> Result<String, String> {
        let mut at = branches;
        let mut path = Vec::new();
        for part in text.split(LEVEL) {
            if path.len() > below_first || (at.is_empty() && !path.is_empty()) {
                return Err(format!("field `{}` has no level below `{}`", self.name, path.join(" > ")));
            }
            let branch = find("option", part, at, |branch| vec![branch.value.as_str()], |_| None)
                .map_err(|unknown| format!("field `{}`: {unknown}", self.name))?;
            path.push(branch.value.as_str());
            at = &branch.below;
        }
        Ok(path.join(" > "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(kind: FieldKind) -> Field {
        Field { id: RemoteId("cf_product".into()), name: "Product".into(), kind }
    }

    fn text(text: &str) -> FieldValue {
        FieldValue::Text(text.to_owned())
    }

    fn nested() -> Field {
        let leaf = |value: &str| Branch { value: value.into(), below: Vec::new() };
        let laptop = Branch { value: "Laptop".into(), below: vec![leaf("Battery"), leaf("Screen")] };
        let hardware = Branch { value: "Hardware".into(), below: vec![laptop, leaf("Phone")] };
        let levels = vec![RemoteId("cf_model".into()), RemoteId("cf_part".into())];
        field(FieldKind::Nested { levels, branches: vec![hardware, leaf("Other")] })
    }

    #[test]
    fn a_nested_value_is_checked_level_by_level() {
        let field = nested();
        assert_eq!(field.accept(&text("hardware>laptop > SCREEN")), Ok(text("Hardware > Laptop > Screen")));
        assert_eq!(field.accept(&text("Hardware")), Ok(text("Hardware")));
        let unknown = field.accept(&text("Hardware > Laptop > Scren")).unwrap_err();
        assert!(unknown.contains("did you mean `Screen`"), "{unknown}");
        assert!(field.accept(&text("Other > Laptop")).unwrap_err().contains("no level below `Other`"));
        assert!(field.accept(&text("Hardware > Laptop > Screen > Left")).is_err());
        assert!(field.accept(&text("")).is_err());
    }

    #[test]
    fn a_nested_value_is_spread_over_its_fields_and_joined_again() {
        let field = nested();
        let spread = field.spread(&text("Hardware > Phone"));
        let id = |id: &str| RemoteId(id.to_owned());
        let expected = [
            (id("cf_product"), Some(text("Hardware"))),
            (id("cf_model"), Some(text("Phone"))),
            (id("cf_part"), None),
        ];
        assert_eq!(spread, expected);
        let on = spread.into_iter().filter_map(|(id, value)| Some((id, value?))).collect();
        assert_eq!(field.held(&on), Some(text("Hardware > Phone")));
        assert_eq!(field.held(&BTreeMap::new()), None);
    }

    #[test]
    fn an_option_with_levels_in_its_label_is_found_by_them() {
        let choice = Choice { value: "hw_laptop".into(), label: "Hardware::Laptop".into() };
        let field = field(FieldKind::One(vec![choice]));
        assert_eq!(field.accept(&text("Hardware > Laptop")), Ok(text("hw_laptop")));
        assert_eq!(field.accept(&text("hardware::laptop")), Ok(text("hw_laptop")));
        assert!(field.accept(&text("Hardware > Phone")).is_err());
    }

    #[test]
    fn a_check_box_takes_rendered_text() {
        assert_eq!(field(FieldKind::Flag).accept(&text("Yes")), Ok(FieldValue::Flag(true)));
        assert_eq!(field(FieldKind::Flag).accept(&text("false")), Ok(FieldValue::Flag(false)));
        assert!(field(FieldKind::Flag).accept(&text("perhaps")).is_err());
    }
}
