//! A made-up desk, the same in every run: ten weeks of tickets with what a model said, what agents settled on, and how each
//! ticket went.
//!
//! The model is good at billing, poor at feedback, and mixes up returns and shipping. After eight weeks one account goes live and
//! one suggests. In the last week parcels get lost, so that shipping doubles.

use std::collections::BTreeSet;

use deskbridge::domain::mode::Mode;
use deskbridge::evidence::report::observation::{Course, Influence, Observation};
use deskbridge_onnx::HeadKind;
use fastrand::Rng;
use jiff::{SignedDuration, Timestamp};

/// When the desk is looked at.
pub(crate) const NOW: &str = "2026-11-20T08:00:00Z";
/// Tickets that were decided on.
pub(crate) const TICKETS: usize = 1400;
const DAYS: f64 = 70.0;

const CATEGORIES: [(&str, f64, &str); 6] = [
    ("billing", 0.30, "account"),
    ("technical", 0.24, "account"),
    ("account", 0.16, "technical"),
    ("shipping", 0.13, "returns"),
    ("returns", 0.10, "shipping"),
    ("feedback", 0.07, "technical"),
];
const PRIORITIES: [(&str, f64, &str); 3] =
    [("normal", 0.6, "low"), ("high", 0.25, "normal"), ("low", 0.15, "normal")];
const TOPICS: [(&str, f64); 3] = [("refund", 0.3), ("login", 0.2), ("outage", 0.1)];

/// What is needed to be named.
pub(crate) const BAR: f32 = 0.7;

/// One head's answer to one ticket, and the truth.
#[derive(Clone)]
pub(crate) struct Answer {
    pub(crate) head: &'static str,
    pub(crate) kind: HeadKind,
    pub(crate) ranked: Vec<(String, f32)>,
    pub(crate) settled: BTreeSet<String>,
}

impl Answer {
    pub(crate) fn named(&self) -> BTreeSet<String> {
        let reach = if self.kind == HeadKind::Single { 1 } else { self.ranked.len() };
        let sure = self.ranked.iter().take(reach).filter(|(_, confidence)| *confidence >= BAR);
        sure.map(|(label, _)| label.clone()).collect()
    }
}

/// One ticket.
pub(crate) struct Seen {
    pub(crate) decision: i64,
    pub(crate) account: &'static str,
    pub(crate) platform: &'static str,
    pub(crate) ticket: String,
    pub(crate) at: Timestamp,
    pub(crate) mode: Mode,
    pub(crate) language: &'static str,
    pub(crate) answers: Vec<Answer>,
    influence: Influence,
    first: Option<bool>,
}

/// Every ticket of the desk, oldest first.
pub(crate) fn tickets() -> Vec<Seen> {
    let mut rng = Rng::with_seed(20_261_120);
    let now: Timestamp = NOW.parse().unwrap();
    (0..TICKETS).map(|at| ticket(at, now, &mut rng)).collect()
}

fn ticket(at: usize, now: Timestamp, rng: &mut Rng) -> Seen {
    let day = DAYS * at as f64 / TICKETS as f64;
    let (account, platform) =
        [("acme", "zendesk"), ("acme", "zendesk"), ("chat", "intercom"), ("shop", "freshdesk")]
            [rng.usize(0..4)];
    let mode = match account {
        "acme" if day >= 56.0 => Mode::Live,
        "chat" if day >= 56.0 => Mode::Suggest,
        _ => Mode::Shadow,
    };
    let lost_parcels = day >= 63.0 && rng.f64() < 0.35;
    let category = if lost_parcels { 3 } else { pick(&CATEGORIES.map(|row| row.1), rng) };
    let answers = vec![
        single("category", &CATEGORIES, category, rng),
        single("priority", &PRIORITIES, pick(&PRIORITIES.map(|row| row.1), rng), rng),
        topics(rng),
    ];
    let agrees = answers[0].named() == answers[0].settled;
    let influence = match mode {
        Mode::Shadow => Influence::Independent,
        Mode::Suggest => Influence::Anchored,
        Mode::Live if answers[0].named().is_empty() => Influence::Independent,
        Mode::Live if !agrees => Influence::Overridden,
        Mode::Live if day >= 68.0 => Influence::Unconfirmed,
        Mode::Live => Influence::Kept,
    };
    Seen {
        decision: i64::try_from(at + 1).unwrap(),
        account,
        platform,
        ticket: (35_000 + at).to_string(),
        at: now - SignedDuration::from_secs(((DAYS - day) * 86_400.0) as i64),
        mode,
        language: if rng.f64() < 0.12 { "de" } else { "en" },
        answers,
        influence,
        first: (rng.f64() < 0.8).then(|| rng.f64() < 0.94),
    }
}

fn pick(weights: &[f64], rng: &mut Rng) -> usize {
    let mut left = rng.f64() * weights.iter().sum::<f64>();
    weights
        .iter()
        .position(|weight| {
            left -= weight;
            left < 0.0
        })
        .unwrap_or(weights.len() - 1)
}

fn single(head: &'static str, labels: &[(&str, f64, &str)], truth: usize, rng: &mut Rng) -> Answer {
    let (name, _, neighbour) = labels[truth];
    let sure = 1.0 - 0.65 * rng.f64().powf(2.2);
    let right = match name {
        "billing" => 1.0 - (1.0 - sure) * 0.15,
        "technical" | "normal" => 1.0 - (1.0 - sure) * 0.45,
        "feedback" => sure - 0.25,
        _ => 1.0 - (1.0 - sure) * 0.7,
    };
    let other = if rng.f64() < 0.8 { neighbour } else { labels[rng.usize(0..labels.len())].0 };
    let best = if rng.f64() < right { name } else { other };
    let mut ranked = vec![(best.to_owned(), sure as f32)];
    let mut left = 1.0 - sure;
    for (label, ..) in labels.iter().filter(|(label, ..)| *label != best) {
        let part = left * (0.4 + 0.3 * rng.f64());
        left -= part;
        ranked.push(((*label).to_owned(), part as f32));
    }
    ranked.sort_by(|a, b| b.1.total_cmp(&a.1));
    Answer { head, kind: HeadKind::Single, ranked, settled: [name.to_owned()].into() }
}

fn topics(rng: &mut Rng) -> Answer {
    let (mut ranked, mut settled) = (Vec::new(), BTreeSet::new());
    for (topic, share) in TOPICS {
        let holds = rng.f64() < share;
        let sure = if holds { 1.0 - 0.6 * rng.f64().powi(2) } else { 0.75 * rng.f64().powi(2) };
        ranked.push((topic.to_owned(), sure as f32));
        if holds {
            settled.insert(topic.to_owned());
        }
    }
    ranked.sort_by(|a, b| b.1.total_cmp(&a.1));
    Answer { head: "topics", kind: HeadKind::Multi, ranked, settled }
}

/// What the agents did about them.
pub(crate) fn observations(tickets: &[Seen]) -> Vec<Observation> {
    let each = tickets.iter().flat_map(|seen| seen.answers.iter().map(move |answer| (seen, answer)));
    let observe = |(seen, answer): (&Seen, &Answer)| Observation {
        decision: seen.decision,
        account: seen.account.to_owned(),
        ticket: seen.ticket.clone(),
        decided_at: seen.at,
        settled_at: seen.at + SignedDuration::from_hours(30),
        language: Some(seen.language.to_owned()),
        model: "3f9a61c0d2b84e77".repeat(4),
        head: answer.head.to_owned(),
        kind: answer.kind,
        ranked: answer.ranked.clone(),
        named: answer.named(),
        settled: answer.settled.clone(),
        first: seen.first.map(|stayed| {
            let other = answer.ranked.iter().find(|(label, _)| !answer.settled.contains(label));
            match other {
                Some((label, _)) if !stayed => [label.clone()].into(),
                _ => answer.settled.clone(),
            }
        }),
        influence: seen.influence,
        bundle: None,
    };
    each.map(observe).collect()
}

/// How the tickets went, and some from before deskbridge was there.
pub(crate) fn courses(tickets: &[Seen]) -> Vec<Course> {
    let mut rng = Rng::with_seed(7);
    let now: Timestamp = NOW.parse().unwrap();
    let older = (0..300).map(|at| {
        let opened = now - SignedDuration::from_hours(24 * 75 + at);
        ("acme", (20_000 + at).to_string(), opened, None)
    });
    let decided = tickets.iter().map(|seen| (seen.account, seen.ticket.clone(), seen.at, Some(seen.mode)));
    let all: Vec<_> = older.chain(decided).collect();
    all.into_iter()
        .map(|(account, ticket, opened, mode)| course(account, ticket, opened, mode, &mut rng))
        .collect()
}

fn course(account: &str, ticket: String, opened: Timestamp, mode: Option<Mode>, rng: &mut Rng) -> Course {
    let live = mode == Some(Mode::Live);
    let spread = |median: f64, rng: &mut Rng| {
        let normal = (0..12).map(|_| rng.f64()).sum::<f64>() - 6.0;
        SignedDuration::from_secs((median * (0.8 * normal).exp()) as i64)
    };
    let routed = opened + if live { spread(6.0, rng) } else { spread(2700.0, rng) };
    let misrouted = rng.f64() < if live { 0.06 } else { 0.17 };
    let replied = routed + spread(if live { 9000.0 } else { 12_000.0 }, rng);
    Course {
        account: account.to_owned(),
        ticket,
        mode,
        created_at: Some(opened),
        routed_at: Some(routed),
        reassignments: if misrouted { rng.u32(1..3) } else { 0 },
        misrouted: Some(misrouted),
        first_reply_at: (rng.f64() < 0.9).then_some(replied),
        closed_at: Some(replied + spread(86_400.0, rng)),
    }
}
