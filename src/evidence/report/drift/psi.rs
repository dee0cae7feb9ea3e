//! The population stability index of two mixes, and how much of it chance alone makes.

use std::collections::{BTreeMap, BTreeSet};

/// Added to every count, so that a label that is new, or gone, makes a large index and not an infinite one.
const HALF: f64 = 0.5;

/// The index; `None` where a side is empty.
pub fn psi(then: &BTreeMap<String, usize>, now: &BTreeMap<String, usize>) -> Option<f64> {
    let (all_then, all_now) = (total(then)?, total(now)?);
    let kinds = names(then, now);
    let more = HALF * kinds.len() as f64;
    let share = |mix: &BTreeMap<String, usize>, name: &str, all: f64| {
        (mix.get(name).copied().unwrap_or_default() as f64 + HALF) / (all + more)
    };
    let each = kinds.iter().map(|name| {
        let (then, now) = (share(then, name, all_then), share(now, name, all_now));
        (now - then) * (now / then).ln()
    });
    Some(each.sum())
}

/// What the index stays under in 19 of 20 cases when nothing has changed but the tickets: the 95 % point of χ² with one degree
/// of freedom less than there are kinds, times `1/n + 1/m`. The point is Wilson and Hilferty's approximation (1931).
pub fn chance(kinds: usize, n_then: usize, n_now: usize) -> f64 {
    let freedom = kinds.saturating_sub(1).max(1) as f64;
    let ninth = 2.0 / (9.0 * freedom);
    let point = freedom * (1.0 - ninth + 1.644_853_627 * ninth.sqrt()).powi(3);
    point * (1.0 / n_then as f64 + 1.0 / n_now as f64)
}

/// How many kinds there are in either.
pub(super) fn kinds(then: &BTreeMap<String, usize>, now: &BTreeMap<String, usize>) -> usize {
    names(then, now).len()
}

/// The kind whose share moved most, in words.
pub(super) fn moved_most(then: &BTreeMap<String, usize>, now: &BTreeMap<String, usize>) -> Option<String> {
    let (all_then, all_now) = (total(then)?, total(now)?);
    let percent = |mix: &BTreeMap<String, usize>, name: &str, all: f64| {
        mix.get(name).copied().unwrap_or_default() as f64 / all * 100.0
    };
    let shift = |name: &str| percent(now, name, all_now) - percent(then, name, all_then);
    let name = names(then, now).into_iter().max_by(|a, b| shift(a).abs().total_cmp(&shift(b).abs()))?;
    Some(format!("{name} {:.0} % → {:.0} %", percent(then, name, all_then), percent(now, name, all_now)))
}

fn names<'a>(then: &'a BTreeMap<String, usize>, now: &'a BTreeMap<String, usize>) -> BTreeSet<&'a str> {
    then.keys().chain(now.keys()).map(String::as_str).collect()
}

fn total(mix: &BTreeMap<String, usize>) -> Option<f64> {
    let all = mix.values().sum::<usize>();
    (all > 0).then_some(all as f64)
}
