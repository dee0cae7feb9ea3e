//! How a header's value looks, said without showing it.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};

/// What may stand before a signature, up to `=`, by whoever makes one.
const PREFIXES: [&str; 6] = ["sha1=", "sha256=", "sha512=", "v0=", "v1=", "hmac="];

/// Describes a value that shall be a signature.
pub(crate) fn shape(text: &str) -> String {
    let trimmed = text.trim_matches(|c: char| c.is_whitespace() || matches!(c, '"' | '\''));
    let quoted = if trimmed.len() == text.len() { "" } else { "in quotes or spaces " };
    let prefix = PREFIXES.into_iter().find(|prefix| trimmed.to_ascii_lowercase().starts_with(prefix));
    let rest = &trimmed[prefix.map_or(0, str::len)..];
    let what = coding(rest);
    match prefix {
        Some(prefix) => format!("{quoted}`{prefix}` and {what}"),
        None => format!("{quoted}{what}"),
    }
}

fn coding(text: &str) -> String {
    if text.is_empty() {
        return "nothing".to_owned();
    }
    if text.bytes().all(|b| b.is_ascii_hexdigit()) {
        let digits = text.len();
        return match digits {
            40 => "40 hex digits, as SHA-1 gives".to_owned(),
            64 => "64 hex digits, as SHA-256 gives".to_owned(),
            _ => format!("{digits} hex digit{}, as no signature has", if digits == 1 { "" } else { "s" }),
        };
    }
    let bytes = |engine: &base64::engine::GeneralPurpose| engine.decode(text).ok().map(|bytes| bytes.len());
    let of = |count: usize| match count {
        20 => "20 bytes, as SHA-1 gives".to_owned(),
        32 => "32 bytes, as SHA-256 gives".to_owned(),
        _ => format!("{count} bytes, as no signature has"),
    };
    if let Some(count) = bytes(&STANDARD) {
        return format!("base64 of {}", of(count));
    }
    if let Some(count) = bytes(&STANDARD_NO_PAD) {
        return format!("base64 without its `=` at the end, of {}", of(count));
    }
    if let Some(count) = bytes(&URL_SAFE).or_else(|| bytes(&URL_SAFE_NO_PAD)) {
        return format!("URL-safe base64 (with `-` and `_`) of {}", of(count));
    }
    format!("{} characters that are neither hex nor base64", text.chars().count())
}
