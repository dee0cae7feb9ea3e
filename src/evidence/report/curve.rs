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
//! coverage is counted among all tickets too, so that it says how much of the desk it would take over. Bars are looked at in steps of
//! 0.001 ([`super::bins`]).

use serde::{Deserialize, Serialize};

use super::bins::{BinCount, ConfidenceBins};
use super::evidence::HeadEvidence;
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

/// Returns the curve of a head (`label` is `None`) or of one of its labels, from the lowest bar to the highest.
pub fn curve(head: &str, label: Option<&str>, evidence: &HeadEvidence) -> Vec<Point> {
    let bars: Vec<(f64, BinCount)> = match label {
        None => evidence.answers.from_highest().collect(),
        Some(label) => match evidence.labels.get(label) {
            Some(of) => together(&of.fitted, &of.verified),
            None => Vec::new(),
        },
    };
    let mut covered = evidence.covered.from_highest().peekable();
    let (mut n, mut right, mut reached) = (0, 0, 0);
    let mut points = Vec::new();
    for (bar, bin) in bars {
        n += bin.n as usize;
        right += bin.right as usize;
        while let Some((_, tickets)) = covered.next_if(|(surest, _)| *surest >= bar) {
            reached += tickets.n as usize;
        }
        // Of one label there is one answer per ticket; of a whole head with several there may be more.
        let tickets = if label.is_some() { n } else { reached };
        let Some(share) = Share::of(right, n) else { continue };
        points.push(Point {
            head: head.to_owned(),
            label: label.map(str::to_owned),
            threshold: bar,
            coverage: tickets as f64 / evidence.tickets as f64,
            n: share.n,
            right: share.hits,
            precision: share.share,
            precision_ci: share.ci(),
        });
    }
    thin(&points)
}

/// The bars of two parts, from the highest.
fn together(one: &ConfidenceBins, other: &ConfidenceBins) -> Vec<(f64, BinCount)> {
    let mut bars: Vec<(f64, BinCount)> = one.from_highest().chain(other.from_highest()).collect();
    bars.sort_by(|a, b| b.0.total_cmp(&a.0));
    bars.dedup_by(|next, kept| {
        let same = next.0 == kept.0;
        if same {
            kept.1 = BinCount { n: kept.1.n + next.1.n, right: kept.1.right + next.1.right };
        }
        same
    });
    bars
}

/// At most [`POINTS`] of them, evenly by rank, the first and the last kept; from the lowest bar.
fn thin(points: &[Point]) -> Vec<Point> {
    let last = points.len().saturating_sub(1);
    let kept = points.len().min(POINTS);
    let mut chosen: Vec<_> = (0..kept).map(|at| if kept < 2 { 0 } else { at * last / (kept - 1) }).collect();
    chosen.dedup();
    chosen.into_iter().rev().map(|at| points[at].clone()).collect()
}
