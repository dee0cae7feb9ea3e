//! Reads one key of a section: numbers, shares, durations, addresses and modes, each with its default and its bounds.

use std::net::SocketAddr;
use std::time::Duration;

use crate::diagnostics::yaml::{Problems, Table};
use crate::domain::mode::Mode;

/// A `mode` key; the strictest when absent.
pub(super) fn mode(table: &mut Table<'_>, problems: &mut Problems) -> Mode {
    let what = table.path("mode");
    match table.optional("mode") {
        Some((_, node)) => {
            problems.parsed(node, &format!("`{what}`"), "shadow, suggest or live").unwrap_or_default()
        }
        None => Mode::default(),
    }
}

/// A share, over 0 and under 1.
pub(super) fn share(table: &mut Table<'_>, key: &'static str, default: f64, problems: &mut Problems) -> f64 {
    let what = format!("`{}`", table.path(key));
    let Some((_, node)) = table.optional(key) else { return default };
    match problems.parsed::<f64>(node, &what, "a number over 0 and under 1") {
        Some(share) if share > 0.0 && share < 1.0 => share,
        Some(_) => {
            problems.error(node.at, format!("{what} is a number over 0 and under 1"));
            default
        }
        None => default,
    }
}

pub(super) fn address(
    table: &mut Table<'_>,
    default: SocketAddr,
    problems: &mut Problems,
) -> Option<SocketAddr> {
    let what = table.path("listen");
    match table.optional("listen") {
        None => Some(default),
        Some((_, node)) => {
            problems.parsed(node, &format!("`{what}`"), "an IP address and a port, as in 127.0.0.1:8080")
        }
    }
}

pub(super) fn count(
    table: &mut Table<'_>,
    key: &'static str,
    default: usize,
    range: std::ops::RangeInclusive<usize>,
    problems: &mut Problems,
) -> usize {
    let what = format!("`{}`", table.path(key));
    let Some((_, node)) = table.optional(key) else { return default };
    let expected = format!("a whole number from {} to {}", range.start(), range.end());
    match problems.parsed::<usize>(node, &what, &expected) {
        Some(number) if range.contains(&number) => number,
        Some(_) => {
            problems.error(node.at, format!("{what} is {expected}"));
            default
        }
        None => default,
    }
}

/// A whole number, or `off` for none.
pub(super) fn limit(
    table: &mut Table<'_>,
    key: &'static str,
    default: u32,
    range: std::ops::RangeInclusive<u32>,
    problems: &mut Problems,
) -> Option<u32> {
    let what = format!("`{}`", table.path(key));
    let Some((_, node)) = table.optional(key) else { return Some(default) };
    let text = problems.text(node, &what).map(str::trim);
    match text {
        Some("off") => return None,
        Some(text) => match text.parse().ok().filter(|number| range.contains(number)) {
            Some(number) => return Some(number),
            None => {
                let expected = format!("a whole number from {} to {}, or off", range.start(), range.end());
                problems.error(node.at, format!("{what} is {expected}"));
            }
        },
        None => {}
    }
    Some(default)
}

/// A duration key with a default; zero is a mistake.
pub(super) fn duration(
    table: &mut Table<'_>,
    key: &'static str,
    default: Duration,
    problems: &mut Problems,
) -> Duration {
    let what = table.path(key);
    let Some((_, node)) = table.optional(key) else { return default };
    let Some(text) = problems.text(node, &format!("`{what}`")) else { return default };
    span(text).unwrap_or_else(|| {
        problems
            .error(node.at, format!("`{what}` is a duration with its unit, as in 500ms, 30s, 5m, 24h or 7d"));
        default
    })
}

fn span(text: &str) -> Option<Duration> {
    let text = text.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.parse().ok().filter(|number| *number > 0)?;
    let milliseconds: u64 = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    };
    number.checked_mul(milliseconds).filter(|all| *all <= 366 * 86_400_000).map(Duration::from_millis)
}

pub(super) fn flag(table: &mut Table<'_>, key: &'static str, problems: &mut Problems) -> Option<bool> {
    let what = format!("`{}`", table.path(key));
    let (_, node) = table.optional(key)?;
    problems.flag(node, &what)
}
