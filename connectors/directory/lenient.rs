//! Lists whose odd entries are left out, so that one record without a name does not stop an account.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// Entries left out that are named; more are only counted.
const NAMED: usize = 20;

/// A list of records as far as they can be read.
#[derive(Debug)]
pub(crate) struct Lenient<T> {
    /// The records that can be read.
    pub(crate) records: Vec<T>,
    /// Names the others: an id where there is one, else the place in the list, and what is wrong. Never a value.
    pub(crate) left_out: Vec<String>,
}

impl<T> Default for Lenient<T> {
    fn default() -> Self {
        Self { records: Vec::new(), left_out: Vec::new() }
    }
}

impl<T> Lenient<T> {
    /// Returns the records, and notes those that were left out as entries of `what`.
    pub(crate) fn take(self, what: &str, left_out: &mut Vec<String>) -> Vec<T> {
        left_out.extend(self.left_out.iter().map(|record| format!("{what} {record}")));
        self.records
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Lenient<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let values = Vec::<Value>::deserialize(from)?;
        let mut list = Self::default();
        let mut odd = 0;
        for (place, value) in values.into_iter().enumerate() {
            let name = name_of(&value, place);
            match serde_path_to_error::deserialize::<_, T>(value) {
                Ok(record) => list.records.push(record),
                Err(_) if odd >= NAMED => odd += 1,
                Err(error) => {
                    odd += 1;
                    let path = error.path().to_string();
                    let at = if path == "." {
                        "is no record".to_owned()
                    } else {
                        format!("has an invalid `{path}`")
                    };
                    list.left_out.push(format!("{name} {at}"));
                }
            }
        }
        if odd > NAMED {
            list.left_out.push(format!("and {} more", odd - NAMED));
        }
        Ok(list)
    }
}

/// Names a record by its id, or by its place counted from 1.
fn name_of(value: &Value, place: usize) -> String {
    match value.get("id") {
        Some(Value::Number(id)) => id.to_string(),
        Some(Value::String(id)) if id.len() <= 40 && id.bytes().all(|byte| byte.is_ascii_graphic()) => {
            id.clone()
        }
        _ => format!("number {}", place + 1),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[derive(Debug, Deserialize)]
    struct Record {
        name: String,
    }

    #[test]
    fn odd_records_are_left_out_and_named_without_their_values() {
        let list = json!([{ "id": 7, "name": "Billing" }, { "id": 8, "name": null }, { "name": ["secret"] }, "secret"]);
        let list: Lenient<Record> = serde_json::from_value(list).unwrap();
        let mut left_out = Vec::new();
        let names: Vec<_> = list.take("group", &mut left_out).into_iter().map(|record| record.name).collect();
        assert_eq!(names, ["Billing"]);
        assert_eq!(left_out.len(), 3, "{left_out:?}");
        assert_eq!(left_out[0], "group 8 has an invalid `name`");
        assert!(left_out.iter().all(|one| !one.contains("secret")), "{left_out:?}");
    }

    #[test]
    fn a_list_of_odd_records_alone_is_told_in_few_words() {
        let list = Value::from(vec![json!({ "name": null }); 500]);
        let list: Lenient<Record> = serde_json::from_value(list).unwrap();
        assert_eq!(list.left_out.len(), NAMED + 1);
        assert_eq!(list.left_out.last().unwrap(), "and 480 more");
    }
}
