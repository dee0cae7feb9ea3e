use std::collections::BTreeSet;

use deskbridge_onnx::HeadKind;
use jiff::{SignedDuration, Timestamp};

use super::evidence::HeadEvidence;
use super::middle::Waits;
use super::observation::{Course, Influence, Observation};
use crate::domain::mode::Mode;

mod agreeing;
mod drifting;
mod judging;
mod moving;
mod reference;
mod shares;

/// A moment, in hours after an arbitrary start.
fn hour(hours: i64) -> Timestamp {
    "2026-09-01T08:00:00Z".parse::<Timestamp>().unwrap() + SignedDuration::from_hours(hours)
}

fn set(labels: &[&str]) -> BTreeSet<String> {
    labels.iter().map(|label| (*label).to_owned()).collect()
}

/// An independent observation of a single head: the best label with its confidence, named from 0.8 on.
fn single(ticket: usize, said: &str, confidence: f32, settled: &str) -> Observation {
    Observation {
        decision: i64::try_from(ticket).unwrap(),
        account: "acme".to_owned(),
        ticket: ticket.to_string(),
        decided_at: hour(i64::try_from(ticket).unwrap()),
        settled_at: hour(200 + i64::try_from(ticket).unwrap()),
        language: Some("en".to_owned()),
        model: "m1".to_owned(),
        head: "category".to_owned(),
        kind: HeadKind::Single,
        ranked: vec![(said.to_owned(), confidence)],
        named: if confidence >= 0.8 { set(&[said]) } else { set(&[]) },
        settled: if settled.is_empty() { set(&[]) } else { set(&[settled]) },
        first: None,
        influence: Influence::Independent,
        bundle: None,
    }
}

/// `n` tickets named `label`, `right` of them rightly.
fn named(label: &str, right: usize, n: usize) -> Vec<Observation> {
    (0..n).map(|at| single(at, label, 0.9, if at < right { label } else { "other" })).collect()
}

/// The evidence of these observations, each of which is a ticket's only one.
fn evidence(observations: &[Observation]) -> HeadEvidence {
    let mut evidence = HeadEvidence::default();
    observations.iter().for_each(|seen| evidence.add(seen));
    evidence
}

fn waits(seconds: impl IntoIterator<Item = f64>) -> Waits {
    let mut waits = Waits::default();
    seconds.into_iter().for_each(|wait| waits.add(wait));
    waits
}

fn course(ticket: usize, mode: Option<Mode>, routed_seconds: i64) -> Course {
    let created_at = hour(i64::try_from(ticket).unwrap());
    Course {
        account: "acme".to_owned(),
        ticket: ticket.to_string(),
        mode,
        created_at: Some(created_at),
        routed_at: Some(created_at + SignedDuration::from_secs(routed_seconds)),
        reassignments: 0,
        misrouted: Some(false),
        first_reply_at: None,
        closed_at: None,
    }
}

#[track_caller]
fn near(value: f64, expected: f64, tolerance: f64) {
    assert!((value - expected).abs() <= tolerance, "{value} is not {expected} ± {tolerance}");
}
