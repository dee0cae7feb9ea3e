//! Which tokens in the wrong place are recognised.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;

use super::*;
use crate::diagnosis::Cause;

/// The letter case of a scheme does not count (<https://www.rfc-editor.org/rfc/rfc9110#section-11.1>).
#[test]
fn a_token_is_found_behind_a_scheme_in_any_letter_case() {
    let connector = Platform::Freshdesk.open(&account()).unwrap().connector;
    let pair = STANDARD.encode(format!("any:{TOKEN}"));
    let first = |name: &str, value: &str| {
        let delivery = Delivery {
            account: AccountId::new("shop").unwrap(),
            headers: headers(&[(name, value)]),
            body: Bytes::copy_from_slice(BODY),
        };
        let finding =
            connector.diagnose(&delivery, Timestamp::from_second(NOW).unwrap()).findings.swap_remove(0);
        (finding.cause, finding.message)
    };
    for scheme in ["Basic", "basic", "BASIC"] {
        let (cause, message) = first("authorization", &format!("{scheme} {pair}"));
        assert!(cause == Cause::Token && message.contains("header authorization"), "{scheme}: {message}");
    }
    for scheme in ["Bearer", "bearer"] {
        let (_, message) = first("x-bridge-token", &format!("{scheme} {TOKEN}"));
        assert!(message.contains("something around it"), "{scheme}: {message}");
        let (_, message) = first("authorization", &format!("{scheme} {TOKEN}"));
        assert!(message.contains("header authorization"), "{scheme}: {message}");
    }
    assert_eq!(first("authorization", "digest abc").0, Cause::BasicAuth);
}
