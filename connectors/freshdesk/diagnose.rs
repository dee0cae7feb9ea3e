//! Why a delivery does not verify: the order of `verify`, with a reason at every step. It verifies nothing itself.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;

use super::Freshdesk;
use super::verify::{SIGNATURE, TIMESTAMP};
use crate::delivery::Delivery;
use crate::diagnosis::transport::body_alone;
use crate::diagnosis::{
    Cause, Diagnosis, Finding, SENT_BUT_MISSING, apart, changed, no_single, rewritten, shape, wrong_secret,
};
use crate::secret::Secret;
use crate::signature;

const SECRET_IS: &str = "the secret in the signing app's installation settings";
const DIALOG: &str = "set it in the automation rule's webhook action";

/// Explains what `verify` says.
pub(super) fn diagnose(desk: &Freshdesk, delivery: &Delivery, now: Timestamp) -> Diagnosis {
    let headers = &delivery.headers;
    if headers.contains_key(SIGNATURE) && !desk.secrets.is_empty() {
        return signed(desk, delivery, now);
    }
    if let Some(name) = desk.token_header.as_ref().filter(|name| headers.contains_key(*name)) {
        return token(desk, delivery, name.as_str());
    }
    let mut findings: Vec<Finding> = misplaced(desk, delivery).into_iter().collect();
    if headers.contains_key(SIGNATURE) {
        let why = format!("it is signed ({SIGNATURE}), and the account has no `webhook.secrets`");
        let remedy = format!("put {SECRET_IS} under `webhook.secrets`");
        findings.push(Finding::new(Cause::Shape, why, remedy));
    }
    match &desk.basic {
        Some(basic) if headers.contains_key("authorization") => match password(basic, delivery) {
            None => return Diagnosis::proven(vec![fine("user name and password are")]),
            Some(finding) => findings.push(finding),
        },
        _ if findings.is_empty() => findings.push(nothing(desk)),
        _ => {}
    }
    Diagnosis::unproven(findings)
}

fn fine(what: &str) -> Finding {
    Finding::new(Cause::Verifies, format!("{what} as they should be"), "nothing")
}

/// No proof of the kinds that the settings know.
fn nothing(desk: &Freshdesk) -> Finding {
    let mut wanted = Vec::new();
    wanted.extend((!desk.secrets.is_empty()).then(|| format!("{SIGNATURE} of the signing app")));
    wanted.extend(desk.token_header.as_ref().map(|name| format!("{name} with a token")));
    wanted.extend(desk.basic.as_ref().map(|_| "Authorization with user name and password".to_owned()));
    let why = format!("it proves nothing: the settings accept the header {}", wanted.join(", or "));
    Finding::new(Cause::NoSignature, why, format!("the platform sends only what it is told to: {DIALOG}"))
}

fn token(desk: &Freshdesk, delivery: &Delivery, header: &str) -> Diagnosis {
    let Some(given) = signature::single(&delivery.headers, header) else {
        let why = no_single(&delivery.headers, header).unwrap_or_else(|| format!("{header} cannot be read"));
        return Diagnosis::unproven(vec![Finding::new(Cause::Token, why, SENT_BUT_MISSING)]);
    };
    if is_token(desk, given) {
        return Diagnosis::proven(vec![fine("header and token are")]);
    }
    let bare = given.trim_matches(|c: char| c.is_whitespace() || c == '"' || c == '\'');
    let bare = after_scheme("bearer", bare).unwrap_or(bare).trim();
    let finding = if is_token(desk, bare) {
        let why = format!("{header} holds the token with something around it: spaces, quotes or `Bearer`");
        Finding::new(Cause::Token, why, "write the token alone into the rule's custom header")
    } else {
        let why = format!("{header} holds none of the {} active tokens", desk.tokens.len());
        Finding::new(Cause::Token, why, format!("take the token from `webhook.tokens` and {DIALOG}"))
    };
    let findings = std::iter::once(finding).chain(misplaced(desk, delivery));
    Diagnosis::unproven(findings.collect())
}

fn is_token(desk: &Freshdesk, given: &str) -> bool {
    desk.tokens.iter().any(|token| token.equals(given.as_bytes()))
}

/// What follows a scheme, whose letter case does not count (<https://www.rfc-editor.org/rfc/rfc9110#section-11.1>).
fn after_scheme<'a>(scheme: &str, value: &'a str) -> Option<&'a str> {
    let (given, rest) = value.split_once(' ')?;
    given.eq_ignore_ascii_case(scheme).then_some(rest)
}

/// A right token in a header that is not the one for it.
fn misplaced(desk: &Freshdesk, delivery: &Delivery) -> Option<Finding> {
    let wanted = desk.token_header.as_ref()?;
    let others = delivery.headers.iter().filter(|(name, _)| *name != wanted);
    let holds = |value: &str| {
        let bare = value.trim();
        let bare = after_scheme("bearer", bare).unwrap_or(bare).trim();
        let pair =
            after_scheme("basic", value.trim()).and_then(|encoded| STANDARD.decode(encoded.trim()).ok());
        let pair = pair.and_then(|pair| String::from_utf8(pair).ok()).unwrap_or_default();
        is_token(desk, bare) || pair.split(':').any(|part| is_token(desk, part))
    };
    let (found, _) = others.into_iter().find(|(_, value)| value.to_str().is_ok_and(holds))?;
    let why = format!("an active token is in the header {found}, and the settings look for it in {wanted}");
    Some(Finding::new(
        Cause::Token,
        why,
        format!("name the custom header {wanted} in the rule, or correct `webhook.token_header`"),
    ))
}

/// What is wrong with basic authentication; `None` where nothing is.
fn password(basic: &Secret, delivery: &Delivery) -> Option<Finding> {
    let wrong = |why: String, remedy: &str| Some(Finding::new(Cause::BasicAuth, why, remedy));
    let name = "authorization";
    let Some(header) = signature::single(&delivery.headers, name) else {
        return wrong(no_single(&delivery.headers, name).unwrap_or_default(), SENT_BUT_MISSING);
    };
    let (scheme, encoded) = header.split_once(' ').unwrap_or((header, ""));
    if !scheme.eq_ignore_ascii_case("basic") {
        let why = "the Authorization header is of another scheme than Basic".to_owned();
        return wrong(
            why,
            "tick \"requires authentication\" in the rule and give user name and password there",
        );
    }
    let Ok(pair) = STANDARD.decode(encoded.trim()) else {
        let why = "the Authorization header holds no base64".to_owned();
        return wrong(why, "let the platform make it from user name and password, or encode user:password");
    };
    if basic.equals(&pair) {
        return None;
    }
    let user = |pair: &[u8]| pair.split(|byte| *byte == b':').next().map(<[u8]>::to_vec);
    let why = if user(&pair) == user(basic.expose().as_bytes()) {
        "the user name is right and the password is not"
    } else {
        "the user name is another one than in `webhook.basic_auth`"
    };
    wrong(why.to_owned(), "give the rule's webhook action the same user name and password as the settings")
}

fn signed(desk: &Freshdesk, delivery: &Delivery, now: Timestamp) -> Diagnosis {
    let headers = &delivery.headers;
    let missing =
        |cause, name| no_single(headers, name).map(|why| Finding::new(cause, why, SENT_BUT_MISSING));
    let absent: Vec<Finding> =
        [missing(Cause::NoSignature, SIGNATURE), missing(Cause::NoTimestamp, TIMESTAMP)]
            .into_iter()
            .flatten()
            .collect();
    let (Some(text), Some(stamp)) =
        (signature::single(headers, SIGNATURE), signature::single(headers, TIMESTAMP))
    else {
        return Diagnosis::unproven(absent);
    };
    let tag = text.strip_prefix("v1=").and_then(|hex| hex::decode(hex).ok()).filter(|tag| tag.len() == 32);
    let Some(tag) = tag else {
        return Diagnosis::unproven(vec![Finding::new(
            Cause::Shape,
            format!("{SIGNATURE} is not `v1=` and 64 hex digits: {}", shape(text)),
            "sign as the app in connectors/freshdesk/app does: v1=hex(HMAC-SHA256(secret, time + \".\" + body))",
        )]);
    };
    let signs = |body: &[u8]| {
        signature::matching_sha256(&desk.secrets, &[stamp.as_bytes(), b".", body], &tag).is_some()
    };
    if signs(&delivery.body) {
        return Diagnosis::proven(vec![
            age(desk, stamp, now).unwrap_or_else(|| fine("signature and time are")),
        ]);
    }
    if let Some(how) = rewritten::search(&delivery.body, signs) {
        return Diagnosis::proven(std::iter::once(changed(&how)).chain(age(desk, stamp, now)).collect());
    }
    let joined = [stamp.as_bytes(), delivery.body.as_ref()];
    if signature::matching_sha256(&desk.secrets, &joined, &tag).is_some() {
        return Diagnosis::unproven(vec![Finding::new(
            Cause::Shape,
            "the secret is right, and the `.` between time and body is not signed",
            "sign as the app in connectors/freshdesk/app does: time, a full stop, body",
        )]);
    }
    if signature::matching_sha256(&desk.secrets, &[&delivery.body], &tag).is_some() {
        let remedy = "sign as the app in connectors/freshdesk/app does: time, a full stop, body";
        return Diagnosis::unproven(vec![body_alone(remedy)]);
    }
    Diagnosis::unproven(vec![wrong_secret(desk.secrets.len(), SECRET_IS)])
}

fn age(desk: &Freshdesk, stamp: &str, now: Timestamp) -> Option<Finding> {
    let fits = !stamp.is_empty() && stamp.len() <= 12 && stamp.bytes().all(|b| b.is_ascii_digit());
    let at = stamp.parse().ok().filter(|_| fits).and_then(|seconds| Timestamp::from_second(seconds).ok());
    match at {
        Some(at) => apart(at, now, desk.tolerance, desk.tolerance),
        None => Some(Finding::new(
            Cause::Stale,
            format!("the secret is right, and {TIMESTAMP} holds no seconds since 1970"),
            if stamp.len() == 13 {
                "these look like milliseconds: sign and send seconds"
            } else {
                "sign and send seconds, digits alone"
            },
        )),
    }
}
