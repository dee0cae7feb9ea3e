use std::sync::Arc;
use std::time::Duration;

use http::HeaderMap;
use jiff::SignedDuration;

use super::*;
use crate::contract::{now, samples};
use crate::diagnosis::{rewritten, shape, span};
use crate::secret::Secret;
use crate::signature;

fn delivery(account: &AccountId, headers: HeaderMap, body: &[u8]) -> Delivery {
    Delivery { account: account.clone(), headers, body: body.to_vec().into() }
}

fn causes(explained: &Explained) -> Vec<Cause> {
    explained.findings.iter().map(|finding| finding.cause).collect()
}

/// Everything a finding must never hold: the secrets, and any long word of the headers and the body.
fn assert_silent(findings: &[Finding], secrets: &[&str], delivery: &Delivery) {
    for finding in findings {
        let text = format!("{} {}", finding.message, finding.remedy);
        for secret in secrets {
            assert!(!text.contains(secret), "{text}");
        }
        for value in delivery.headers.values() {
            assert!(!text.contains(value.to_str().unwrap_or("\u{0}")), "{text}");
        }
    }
}

#[test]
fn the_diagnosis_and_the_verdict_agree_on_every_platform() {
    for (platform, sample) in samples() {
        let connector = platform.open(&sample.config).unwrap().connector;
        let body = sample.body.as_bytes();
        let signed = (sample.sign)(body, now());
        let secrets: Vec<String> = sample
            .config
            .webhook
            .secrets
            .iter()
            .chain(&sample.config.webhook.tokens)
            .map(|secret| secret.expose().to_owned())
            .collect();
        let secrets: Vec<&str> = secrets.iter().map(String::as_str).collect();
        let fine = delivery(&sample.config.id, signed.clone(), body);
        let explained = explain(&fine, connector.as_ref(), &[], now());
        assert!(explained.verifies && causes(&explained)[0] == Cause::Verifies, "{platform}");
        assert!(connector.diagnose(&fine, now()).proven, "{platform}");

        for name in signed.keys() {
            let mut without = signed.clone();
            without.remove(name);
            let mut other = signed.clone();
            other.insert(name, "no such thing".parse().unwrap());
            let mut twice = signed.clone();
            twice.append(name, signed[name].clone());
            for headers in [without, other, twice] {
                let delivery = delivery(&sample.config.id, headers, body);
                let rejected = connector.verify(&delivery, now()).is_err();
                let explained = explain(&delivery, connector.as_ref(), &[], now());
                assert_eq!(explained.verifies, !rejected, "{platform} {name}");
                assert!(!explained.findings.is_empty(), "{platform} {name}");
                assert!(!causes(&explained).contains(&Cause::Verifies), "{platform} {name}: {explained:?}");
                assert_silent(&explained.findings, &secrets, &delivery);
            }
        }
        if sample.covers_body {
            let longer = [body, b"\n"].concat();
            let longer = delivery(&sample.config.id, signed.clone(), &longer);
            let explained = explain(&longer, connector.as_ref(), &[], now());
            assert_eq!(causes(&explained), [Cause::BodyChanged], "{platform}");
            let other = delivery(&sample.config.id, signed.clone(), b"{\"ticket_id\":\"1\"}");
            let explained = explain(&other, connector.as_ref(), &[], now());
            assert_eq!(causes(&explained), [Cause::WrongSecret], "{platform}");
        }
        if sample.covers_time {
            for (hours, word) in [(72, "before"), (-72, "after")] {
                let at = now() + SignedDuration::from_hours(hours);
                let explained = explain(&fine, connector.as_ref(), &[], at);
                assert_eq!(causes(&explained), [Cause::Stale], "{platform}");
                assert!(explained.findings[0].message.contains("3 d"), "{explained:?}");
                assert!(explained.findings[0].message.contains(word), "{explained:?}");
            }
        }
    }
}

#[test]
fn a_delivery_for_another_account_or_platform_is_told() {
    for (platform, sample) in samples().into_iter().filter(|(_, sample)| sample.covers_body) {
        let own = platform.open(&sample.config).unwrap().connector;
        let mut config = sample.config.clone();
        config.webhook.secrets = vec![Secret::new("another-secret-0123456789")];
        let here = platform.open(&config).unwrap().connector;
        let elsewhere = AccountId::new("elsewhere").unwrap();
        let sent =
            delivery(&sample.config.id, (sample.sign)(sample.body.as_bytes(), now()), sample.body.as_bytes());
        let explained = explain(&sent, here.as_ref(), &[(elsewhere, Arc::clone(&own))], now());
        assert_eq!(causes(&explained)[0], Cause::OtherAccount, "{platform}");
        assert!(explained.findings[0].message.contains("`elsewhere`"));

        for (other, sample) in samples().into_iter().filter(|(other, _)| *other != platform) {
            let connector = other.open(&sample.config).unwrap().connector;
            let explained = explain(&sent, connector.as_ref(), &[], now());
            assert_eq!(causes(&explained)[0], Cause::OtherPlatform, "{platform} at {other}: {explained:?}");
            assert!(explained.findings[0].message.contains(platform.as_str()));
        }
    }
}

#[test]
fn a_body_that_is_not_the_one_that_was_sent_says_so_itself() {
    for (platform, sample) in samples().into_iter().filter(|(_, sample)| sample.covers_body) {
        let connector = platform.open(&sample.config).unwrap().connector;
        let signed = (sample.sign)(sample.body.as_bytes(), now());
        let with = |name: &'static str, value: &str, body: &[u8]| {
            let mut headers = signed.clone();
            headers.insert(name, value.parse().unwrap());
            let delivery = delivery(&sample.config.id, headers, body);
            explain(&delivery, connector.as_ref(), &[], now())
        };
        let wrong = Cause::WrongSecret;
        let long = sample.body.len().to_string();
        for (name, value, body, expected) in [
            ("content-length", "0", &b""[..], vec![Cause::EmptyBody, wrong]),
            ("content-length", &long, b"{\"id\":", vec![Cause::Length, wrong]),
            ("content-length", "many", b"{\"id\":", vec![Cause::Length, wrong]),
            ("content-length", "6", b"{\"id\":", vec![wrong]),
            ("content-encoding", "gzip", b"\x1f\x8b\x08", vec![Cause::Encoded, wrong]),
            ("content-encoding", "Identity", b"{}", vec![wrong]),
        ] {
            let explained = with(name, value, body);
            assert_eq!(causes(&explained), expected, "{platform}: {name} {value}");
        }
        // A body that is proven needs no such hint.
        assert!(with("content-length", "1", sample.body.as_bytes()).verifies);
    }
}

#[test]
fn a_signature_over_the_body_alone_is_named_where_the_time_belongs_to_it() {
    let mut tried = 0;
    for (platform, sample) in samples().into_iter().filter(|(_, sample)| sample.covers_body) {
        let body = sample.body.as_bytes();
        let mut headers = (sample.sign)(body, now());
        if headers.len() < 2 {
            continue;
        }
        let connector = platform.open(&sample.config).unwrap().connector;
        let tag = signature::hmac_sha256(&sample.config.webhook.secrets[0], &[body]);
        let (name, text) = match headers.iter().find(|(_, value)| value.as_bytes().starts_with(b"v1=")) {
            Some((name, _)) => (name.clone(), format!("v1={}", hex::encode(tag))),
            None => {
                let longest = headers.iter().max_by_key(|(_, value)| value.len()).unwrap().0.clone();
                (longest, base64::Engine::encode(&base64::engine::general_purpose::STANDARD, tag))
            }
        };
        headers.insert(name, text.parse().unwrap());
        let explained = explain(&delivery(&sample.config.id, headers, body), connector.as_ref(), &[], now());
        assert_eq!(causes(&explained), [Cause::Shape], "{platform}: {explained:?}");
        assert!(explained.findings[0].message.contains("body alone"), "{platform}: {explained:?}");
        tried += 1;
    }
    assert_eq!(tried, 2);
}

/// What was signed, and what arrived: the second must lead back to the first, in these words.
#[test]
fn a_rewritten_body_is_recognised() {
    let key = [Secret::new("0123456789abcdef")];
    for (signed, arrived, how) in [
        (r#"{"a":1,"b":[1.50,{"c":"é"}]}"#, r#"{"a": 1, "b": [1.50, {"c": "é"}]}"#, "compact"),
        (r#"{"a": 1, "b": [true, null]}"#, r#"{"a":1,"b":[true,null]}"#, "`, ` and `: `"),
        ("{\n  \"a\": [],\n  \"b\": [\n    1\n  ]\n}", r#"{"a":[],"b":[1]}"#, "indented"),
        (r#"{"a":1,"b":2}"#, r#"{"b":2,"a":1}"#, "sorted names"),
        (r#"{"a":"caf\u00e9 \ud83d\ude00"}"#, "{\"a\":\"café 😀\"}", "\\u escapes"),
        (r#"{"a":"caf\u00E9"}"#, r#"{"a":"café"}"#, "in capitals"),
        (r#"{"a":"café"}"#, r#"{"a":"caf\u00e9"}"#, "compact"),
        (r#"{"u":"https:\/\/a.example\/b"}"#, r#"{"u":"https://a.example/b"}"#, "`\\/`"),
        (r#"{"u":"https://a.example/b"}"#, r#"{"u":"https:\/\/a.example\/b"}"#, "compact"),
        (r#"{"a":"\u003cb\u003e \u0026"}"#, r#"{"a":"<b> &"}"#, "`<`, `>`"),
        ("{\"a\":1}\n", "{ \"a\" : 1 }", "compact and a newline"),
        ("{\"a\":1}", "{\"a\":1}\r\n", "left out"),
        ("{\"a\":1}\r\n", "{\"a\":1}", "CR LF added"),
        ("{\r\n\"a\":1\r\n}", "{\n\"a\":1\n}", "CR LF line ends"),
        ("{\n\"a\":1\n}", "{\r\n\"a\":1\r\n}", "LF line ends instead"),
        ("{\"a\":1}", "\u{feff}{\"a\":1}", "byte order mark"),
        ("{ \"a\":\"é\"}", "{ \"a\":\"\u{c3}\u{a9}\"}", "once and not twice"),
        ("ticket=7", "ticket=7\n", "left out"),
    ] {
        let tag = signature::hmac_sha256(&key[0], &[signed.as_bytes()]);
        let signs = |body: &[u8]| signature::matching_sha256(&key, &[body], &tag).is_some();
        assert!(!signs(arrived.as_bytes()));
        let found = rewritten::search(arrived.as_bytes(), signs).unwrap_or_default();
        assert!(found.contains(how), "{signed:?} as {arrived:?}: {found:?}");
    }
    for hopeless in ["", "{", "[1,", "\"", "{\"a\":1}", "[[[[[[", "\u{feff}", "{\"a\" 1}"] {
        assert_eq!(rewritten::search(hopeless.as_bytes(), |_| false), None, "{hopeless:?}");
    }
    let deep = "[".repeat(100_000);
    assert_eq!(rewritten::search(deep.as_bytes(), |_| false), None);
}

#[test]
fn durations_and_shapes_are_told_in_words() {
    assert_eq!(span(Duration::from_secs(90_061)), "1 d 1 h 1 min 1 s");
    assert_eq!(span(Duration::from_millis(900)), "0 s");
    assert_eq!(shape(&"0a".repeat(32)), "it is 64 hex digits, as SHA-256 gives");
    assert_eq!(shape("sha256=0a0a"), "it begins with `sha256=`");
    assert_eq!(shape("x"), "it has 1 characters");
    assert_eq!(shape("aGVsbG8="), "it has 8 characters");
}
