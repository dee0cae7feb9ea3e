//! Coverage against precision: what is gained and lost when the bar for an answer is moved.
//!
//! For a bar `t`, a label is answered where it is the best one (in a head with several labels: any one) and its confidence is
//! at least `t`.
//!
//! ```text
//! coverage(t)  = tickets with an answer at t / all tickets          how much work is taken over
//! precision(t) = right answers at t / answers at t                  how often that is right
//! ```
//!
//! Raising the bar answers less and is right more often. The curve is drawn for each head and for each label; a label's
//! coverage is counted among all tickets too, so that it says how much of the desk it would take over.

use deskbridge_onnx::HeadKind;
use serde::{Deserialize, Serialize};

use super::observation::Observation;
use super::wilson::Share;

/// Points a curve has at most.
const POINTS: usize = 40;

/// One bar and what comes of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// The head.
    pub head: String,
    /// The label; `None` for the head as a whole.
    pub label: Option<String>,
    /// The bar, 0 to 1.
    pub threshold: f64,
    /// Share of tickets with an answer.
    pub coverage: f64,
    /// Answers at this bar.
    pub n: usize,
    /// Right ones among them.
    pub right: usize,
    /// Share of right ones.
    pub precision: f64,
    /// Both ends of its interval.
    pub precision_ci: [f64; 2],
}

/// An answer that some bar lets through: its ticket, its confidence, whether it was right.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Candidate {
    pub(crate) ticket: usize,
    pub(crate) confidence: f64,
    pub(crate) right: bool,
}

/// The curve of a head (`label` is `None`) or of one of its labels, from the lowest bar to the highest.
pub fn curve(head: &str, label: Option<&str>, observations: &[&Observation]) -> Vec<Point> {
    let mut answers = candidates(label, observations);
    answers.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
    let (mut right, mut covered) = (0, 0);
    let mut seen = vec![false; observations.len()];
    let mut points = Vec::new();
    for (at, answer) in answers.iter().enumerate() {
        right += usize::from(answer.right);
        covered += usize::from(!std::mem::replace(&mut seen[answer.ticket], true));
        // Answers of the same confidence come in together: no bar lies between them.
        let next = answers.get(at + 1).map(|next| next.confidence);
        if next == Some(answer.confidence) {
            continue;
        }
        let Some(share) = Share::of(right, at + 1) else { continue };
        points.push(Point {
            head: head.to_owned(),
            label: label.map(str::to_owned),
            threshold: answer.confidence,
            coverage: covered as f64 / observations.len() as f64,
            n: share.n,
            right: share.hits,
            precision: share.share,
            precision_ci: share.ci(),
        });
    }
    thin(points)
}

/// Every answer that a bar of 0 would let through.
pub(crate) fn candidates(label: Option<&str>, observations: &[&Observation]) -> Vec<Candidate> {
    let mut found = Vec::new();
    for (ticket, observation) in observations.iter().enumerate() {
        let reach = match observation.kind {
            HeadKind::Single => 1,
            HeadKind::Multi => observation.ranked.len(),
        };
        for (said, confidence) in observation.ranked.iter().take(reach) {
            if label.is_none_or(|label| label == said) {
                let right = observation.settled.contains(said);
                found.push(Candidate { ticket, confidence: f64::from(*confidence), right });
            }
        }
    }
    found
}

/// At most [`POINTS`] of them, evenly by rank, the first and the last kept; from the lowest bar.
fn thin(points: Vec<Point>) -> Vec<Point> {
    let last = points.len().saturating_sub(1);
    let kept = points.len().min(POINTS);
    let mut chosen: Vec<_> = (0..kept).map(|at| if kept < 2 { 0 } else { at * last / (kept - 1) }).collect();
    chosen.dedup();
    chosen.into_iter().rev().map(|at| points[at].clone()).collect()
}
