//! A model's answer, read leniently: in a code fence, with words around it, inside an object, or cut off. Pure.

use serde_json::{Deserializer, Value};

/// A ticket longer than this was not asked for.
const LONGEST: usize = 8_000;

/// A made-up ticket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Written {
    pub(super) subject: String,
    pub(super) body: String,
}

/// The text of the first choice; a reasoning model's thoughts are left out.
pub(super) fn content(answer: &[u8]) -> Option<String> {
    let answer: Value = serde_json::from_slice(answer).ok()?;
    let text = match answer.pointer("/choices/0/message/content")? {
        Value::String(text) => text.clone(),
        Value::Array(parts) => parts.iter().filter_map(|part| part["text"].as_str()).collect(),
        _ => return None,
    };
    Some(text.rsplit_once("</think>").map_or(text.as_str(), |(_, said)| said).to_owned())
}

/// Every ticket in a text. Of a list that breaks off, those that are whole.
pub(super) fn tickets(text: &str) -> Vec<Written> {
    // Models break lines within a JSON string, which is none of JSON; between values a blank is as good as a line break.
    let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(next) = text[at..].find(['[', '{']) {
        let from = at + next;
        let mut values = Deserializer::from_str(&text[from..]).into_iter::<Value>();
        match values.next() {
            Some(Ok(value)) => {
                gather(&value, &mut found);
                at = from + values.byte_offset().max(1);
            }
            // Its parts may be whole.
            _ => at = from + 1,
        }
    }
    found
}

fn gather(value: &Value, found: &mut Vec<Written>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| gather(item, found)),
        Value::Object(fields) => match ticket(value) {
            Some(ticket) => found.push(ticket),
            None => fields.values().for_each(|field| gather(field, found)),
        },
        _ => {}
    }
}

fn ticket(value: &Value) -> Option<Written> {
    let text = |names: &[&str]| names.iter().find_map(|name| value[*name].as_str()).map(str::trim);
    let body = text(&["body", "text", "message"]).filter(|body| !body.is_empty())?;
    let subject = text(&["subject", "title"]).unwrap_or_default();
    let fits = subject.chars().count() + body.chars().count() <= LONGEST;
    fits.then(|| Written { subject: subject.to_owned(), body: body.to_owned() })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(text: &str, expected: &[(&str, &str)]) {
        let found = tickets(text);
        let found: Vec<_> =
            found.iter().map(|ticket| (ticket.subject.as_str(), ticket.body.as_str())).collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn tickets_are_found_however_they_are_wrapped() {
        let both = [("a", "b"), ("", "d [e] {f}")];
        let list = r#"[{"subject":"a","body":"b"},{"subject":"","body":"d [e] {f}"}]"#;
        check(list, &both);
        check(&format!("```json\n{list}\n```"), &both);
        check(&format!("Here [as asked] are two {{tickets}}:\n{list}\nAnything else?"), &both);
        check(&format!(r#"{{"tickets": {list}}}"#), &both);
        check(&list.replace("},", "}\n").replace(['[', ']'], ""), &[("a", "b"), ("", "d e {f}")]);
        check(&list.replace("}]", "},]"), &both);
    }

    #[test]
    fn of_a_list_that_breaks_off_the_whole_tickets_count() {
        check(r#"[{"subject":"a","body":"b"},{"subject":"c","bo"#, &[("a", "b")]);
        check("[{\"subject\":\"a\",\"body\":\"one\ntwo\"}]", &[("a", "one two")]);
    }

    #[test]
    fn junk_holds_no_ticket() {
        for junk in
            ["", "I cannot help with that.", "[]", "{}", "[[[[", "[1, \"x\", null]", r#"[{"subject":"a"}]"#]
        {
            check(junk, &[]);
        }
        check(&"[".repeat(10_000), &[]);
        check(&format!(r#"[{{"body":"{}"}}]"#, "x".repeat(LONGEST + 1)), &[]);
        check(r#"[{"subject":"a","body":7}]"#, &[]);
    }

    #[test]
    fn the_first_choice_is_read() {
        let of =
            |message: Value| content(json!({ "choices": [{ "message": message }] }).to_string().as_bytes());
        assert_eq!(of(json!({ "content": "hello" })).as_deref(), Some("hello"));
        assert_eq!(
            of(json!({ "content": [{ "type": "text", "text": "hel" }, { "text": "lo" }] })).as_deref(),
            Some("hello")
        );
        assert_eq!(of(json!({ "content": "<think>[{}]</think>said" })).as_deref(), Some("said"));
        assert_eq!(of(json!({ "content": null })), None);
        assert_eq!(content(b"<html>"), None);
    }
}
