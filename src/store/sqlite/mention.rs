//! Finds a person's whole address in a delivery's body, in any notation of the body.

use serde_json::Value;

/// Returns true if `body` contains `address` in any case, as JSON, as a form or as other bytes. A
/// platform's id is not searched for, because its digits occur in other numbers. The ledger knows
/// which person has an id.
pub(super) fn names(body: &[u8], address: &str) -> bool {
    let address = address.trim().to_lowercase();
    if !address.contains('@') {
        return false;
    }
    match serde_json::from_slice(body) {
        Ok(json) => within(&json, &address),
        Err(_) => spelled(&unescaped(&String::from_utf8_lossy(body)), &address),
    }
}

fn within(json: &Value, address: &str) -> bool {
    match json {
        Value::String(text) => spelled(text, address),
        Value::Array(items) => items.iter().any(|item| within(item, address)),
        Value::Object(fields) => {
            fields.iter().any(|(key, value)| spelled(key, address) || within(value, address))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// As it stands, or as a URL or a form writes it.
fn spelled(text: &str, address: &str) -> bool {
    stands(&text.to_lowercase(), address)
        || (text.contains("%40") && {
            let decoded = percent_encoding::percent_decode_str(text).decode_utf8_lossy().to_lowercase();
            stands(&decoded, address) || stands(&decoded.replace('+', " "), address)
        })
}

/// As a whole address: not the end of a longer name, not the beginning of a longer domain.
fn stands(text: &str, address: &str) -> bool {
    text.match_indices(address).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let mut after = text[at + address.len()..].chars();
        let (next, second) = (after.next(), after.next());
        let longer_name = before.is_some_and(|c| c.is_alphanumeric() || "._+-%@".contains(c));
        let longer_domain = match next {
            Some('.') => second.is_some_and(char::is_alphanumeric),
            Some(c) => c.is_alphanumeric() || c == '-' || c == '@',
            None => false,
        };
        !longer_name && !longer_domain
    })
}

/// `\u0040` and its like in what is no whole JSON document any more.
fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("\\u") {
        out.push_str(&rest[..at]);
        let code = rest.get(at + 2..at + 6).and_then(|hex| u32::from_str_radix(hex, 16).ok());
        match code.and_then(char::from_u32) {
            Some(c) => {
                out.push(c);
                rest = &rest[at + 6..];
            }
            None => {
                out.push_str("\\u");
                rest = &rest[at + 2..];
            }
        }
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::names;

    const WHO: &str = "Ann@Mail.example";

    #[test]
    fn an_address_is_found_however_the_body_writes_it() {
        for body in [
            r#"{"email":"ann@mail.example"}"#,
            r#"{"a":[{"text":"From: Ann <ANN@mail.example>."}]}"#,
            r#"{"email":"ann\u0040mail.example"}"#,
            r#"{"url":"https://x.example/?q=ann%40mail.example&x=1"}"#,
            r#"{"ann@mail.example":1}"#,
            r#"{"inner":"{\"email\":\"ann@mail.example\"}"}"#,
            r#"{"email":"ann@mail.example"#,
            r#"{"email":"ann\u0040mail.example""#,
            "name=x&mail=+ann%40mail.example",
        ] {
            assert!(names(body.as_bytes(), WHO), "{body}");
        }
        assert!(names(b"\xff\xfe ann@mail.example \xff", WHO));
    }

    #[test]
    fn part_of_another_address_is_somebody_else() {
        for body in [
            r#"{"email":"joann@mail.example"}"#,
            r#"{"email":"jo.ann@mail.example"}"#,
            r#"{"email":"x+ann@mail.example"}"#,
            r#"{"email":"ann@mail.examples"}"#,
            r#"{"email":"ann@mail.example.com"}"#,
            r#"{"email":"ann@mail.example-two.com"}"#,
            r#"{"email":"ann(at)mail.example"}"#,
            "",
        ] {
            assert!(!names(body.as_bytes(), WHO), "{body}");
        }
    }

    #[test]
    fn an_id_is_not_looked_for_and_nothing_breaks_on_odd_bytes() {
        assert!(!names(br#"{"requester_id":4711,"id":"4711"}"#, "4711"));
        assert!(!names(r"\u \u00 \ud800 ü\u00".as_bytes(), WHO));
    }
}
