//! The report in the words and pictures that the templates print; they only place them.

use serde::Serialize;

use super::super::backlog::Backlog;
use super::super::drift::Band;
use super::super::impact::{Compared, Part, Wait};
use super::super::in_force::InForce;
use super::super::readiness::State;
use super::super::thresholds::Verdict;
use super::super::whole::Report;
use super::{chart, words};

mod challenge;
mod head;

pub use challenge::ChallengeView;
pub use head::HeadView;

/// Everything the templates print.
#[derive(Debug, Serialize)]
pub struct View {
    /// Whether nothing was settled yet.
    pub empty: bool,
    /// What the figures are about, in one sentence.
    pub about: String,
    /// The newest model, shortened.
    pub model: Option<String>,
    /// What the lower bound has to reach.
    pub target: String,
    /// Tickets that a label needs at least.
    pub min_tickets: usize,
    /// How many labels stand where, in words.
    pub standings: Vec<Standing>,
    /// Every head.
    pub heads: Vec<HeadView>,
    /// What may go live.
    pub promotion: Vec<Group<Promoted>>,
    /// What the lines of promotion reach over.
    pub scale: String,
    /// Proposed bars.
    pub thresholds: Vec<Group<Proposed>>,
    /// A challenger beside the live bundle, where there is one.
    pub challenge: Option<ChallengeView>,
    /// Before and after.
    pub impact: ImpactView,
    /// What moved.
    pub drift: Vec<Moved>,
    /// What drifted, in one sentence each.
    pub warnings: Vec<String>,
    /// Labels that fell back to shadow by themselves, in one sentence each.
    pub falls: Vec<String>,
}

/// Rows of one head.
#[derive(Debug, Serialize)]
pub struct Group<T> {
    /// The head.
    pub head: String,
    /// Its rows.
    pub rows: Vec<T>,
}

/// A count of labels.
#[derive(Debug, Serialize)]
pub struct Standing {
    /// The state's class.
    pub class: &'static str,
    /// The state in words.
    pub state: &'static str,
    /// How many labels.
    pub count: usize,
}

/// One label's way to live mode.
#[derive(Debug, Serialize)]
pub struct Promoted {
    label: String,
    n: usize,
    right: usize,
    precision: String,
    precision_v: Option<f64>,
    picture: String,
    class: &'static str,
    standing: String,
    goes: String,
    fell: bool,
    hint: Option<String>,
    overridden: String,
}

/// One label's proposed bar.
#[derive(Debug, Serialize)]
pub struct Proposed {
    label: String,
    threshold: String,
    fitted: String,
    verified: String,
    coverage: String,
    coverage_v: Option<f64>,
    class: &'static str,
    verdict: &'static str,
}

/// Before and after.
#[derive(Debug, Serialize)]
pub struct ImpactView {
    /// Whether there is anything to compare.
    pub any: bool,
    /// Who is on which side, in one sentence.
    pub about: String,
    /// A row a figure.
    pub rows: Vec<ImpactRow>,
}

/// One figure before and after.
#[derive(Debug, Serialize)]
pub struct ImpactRow {
    name: &'static str,
    before: String,
    after: String,
    difference: String,
}

/// One measure of drift.
#[derive(Debug, Serialize)]
pub struct Moved {
    measure: String,
    value: String,
    moved: String,
    against: &'static str,
    then: usize,
    now: usize,
    class: &'static str,
    band: &'static str,
}

/// The view of a report.
pub fn view(report: &Report) -> View {
    let bar = report.window.bar;
    let standings = report.standings();
    let standing = |state| Standing {
        class: state_class(state),
        state: words::state(state),
        count: standings.get(&state).copied().unwrap_or_default(),
    };
    View {
        empty: report.is_empty(),
        about: about(report),
        model: report.window.model.as_ref().map(|model| model.chars().take(12).collect()),
        target: words::percent(Some(bar.target)),
        min_tickets: bar.min_tickets,
        standings: [State::Ready, State::NotYet, State::Never].map(standing).into(),
        heads: report.agreement.keys().map(|head| head::view(report, head)).collect(),
        promotion: promotion(report),
        scale: format!("{} to 100 %", words::percent(Some(scale(report)))),
        thresholds: thresholds(report),
        challenge: challenge::view(report),
        impact: impact(report),
        drift: drift(report),
        warnings: report.warnings().into_iter().map(words::warning).collect(),
        falls: report.in_force.as_ref().map(InForce::falls).unwrap_or_default(),
    }
}

fn about(report: &Report) -> String {
    let waits = report.backlog.as_ref().and_then(Backlog::told).map(|told| format!(" {told}."));
    settled(report) + &waits.unwrap_or_default()
}

fn settled(report: &Report) -> String {
    let window = &report.window;
    let Some([first, last]) = window.decided else {
        return "No ticket has a settled value yet. Agreement, thresholds and promotion come with the first."
            .to_owned();
    };
    let accounts: Vec<_> = window.accounts.iter().map(String::as_str).collect();
    let earlier = match window.models.len() {
        0 | 1 => String::new(),
        2 => " One earlier model is left out.".to_owned(),
        n => format!(" {} earlier models are left out.", n - 1),
    };
    format!(
        "{} tickets of {} with a settled value, decided {} to {}.{earlier}",
        window.tickets,
        accounts.join(", "),
        first.strftime("%F"),
        last.strftime("%F")
    )
}

/// Where the lines of promotion begin: a tenth below the least sure label.
fn scale(report: &Report) -> f64 {
    let lowest = report.promotion.values().flat_map(|labels| labels.values());
    let lowest = lowest.filter_map(|ready| ready.precision_ci).map(|ci| ci[0]).fold(0.9, f64::min);
    (lowest * 10.0).floor() / 10.0
}

fn promotion(report: &Report) -> Vec<Group<Promoted>> {
    let (from, in_force) = (scale(report), report.in_force.as_ref());
    let groups = report.promotion.iter().map(|(head, labels)| {
        let rows = labels.iter().map(|(label, ready)| Promoted {
            label: label.clone(),
            n: ready.n,
            right: ready.right,
            precision: words::percent_ci(ready.precision, ready.precision_ci),
            precision_v: ready.precision,
            picture: chart::interval(ready.precision, ready.precision_ci, ready.target, from),
            class: state_class(ready.state),
            standing: words::standing(ready),
            goes: in_force.map(|force| force.words(head, label)).unwrap_or_default(),
            fell: in_force.is_some_and(|force| force.fell(head, label)),
            hint: report.thresholds.get(head).and_then(|labels| words::hint(ready, labels.get(label)?)),
            overridden: words::share(ready.overridden),
        });
        Group { head: head.clone(), rows: rows.collect() }
    });
    groups.collect()
}

fn thresholds(report: &Report) -> Vec<Group<Proposed>> {
    let groups = report.thresholds.iter().map(|(head, labels)| {
        let rows = labels.iter().map(|(label, proposal)| Proposed {
            label: label.clone(),
            threshold: proposal.threshold.map_or_else(|| words::NONE.to_owned(), |bar| format!("{bar:.3}")),
            fitted: words::share(proposal.fitted),
            verified: words::share(proposal.verified),
            coverage: words::percent(proposal.coverage),
            coverage_v: proposal.coverage,
            class: match proposal.verdict {
                Verdict::Verified => "good",
                Verdict::Unproven => "wait",
                Verdict::Refuted => "bad",
                Verdict::None => "quiet",
            },
            verdict: words::verdict(proposal.verdict),
        });
        Group { head: head.clone(), rows: rows.collect() }
    });
    groups.collect()
}

fn impact(report: &Report) -> ImpactView {
    let impact = &report.impact;
    let (before, after) = (impact.tickets.before, impact.tickets.after);
    let suggested = match impact.suggested {
        0 => String::new(),
        n => format!(" {n} tickets of suggest mode belong to neither."),
    };
    let changes = |mean: Option<f64>| {
        mean.map_or_else(|| "not enough".to_owned(), |mean| format!("{mean:.2} a ticket"))
    };
    ImpactView {
        any: before + after > 0,
        about: format!(
            "{before} tickets before and {after} after; under {} a figure is not shown.{suggested}",
            impact.needed
        ),
        rows: vec![
            wait_row("routing time, median", &impact.routing_seconds),
            part_row("misrouted", &impact.misrouted),
            part_row("reassigned", &impact.reassigned),
            ImpactRow {
                name: "reassignments, mean",
                before: changes(impact.reassignments.before),
                after: changes(impact.reassignments.after),
                difference: words::NONE.to_owned(),
            },
            wait_row("first response time, median", &impact.first_response_seconds),
        ],
    }
}

fn wait_row(name: &'static str, waits: &Compared<Wait>) -> ImpactRow {
    let say = |wait: &Wait| match wait.median {
        Some(_) => words::seconds_ci(wait.median, wait.median_ci),
        None => format!("not enough ({} tickets)", wait.n),
    };
    let difference = words::moved_seconds(waits.difference);
    ImpactRow { name, before: say(&waits.before), after: say(&waits.after), difference }
}

fn part_row(name: &'static str, parts: &Compared<Part>) -> ImpactRow {
    let say = |part: &Part| match part.share {
        Some(_) => words::percent_ci(part.share, part.share_ci),
        None => format!("not enough ({} tickets)", part.n),
    };
    let difference = words::moved_points(parts.difference);
    ImpactRow { name, before: say(&parts.before), after: say(&parts.after), difference }
}

fn drift(report: &Report) -> Vec<Moved> {
    let rows = report.drift.iter().map(|row| Moved {
        measure: words::measured(row),
        value: words::drifted(row),
        moved: row.moved.clone().unwrap_or_else(|| words::NONE.to_owned()),
        against: words::against(row.against),
        then: row.n_then,
        now: row.n_now,
        class: match row.band {
            Band::TooFew => "quiet",
            Band::Stable => "good",
            Band::Shifting => "wait",
            Band::Shifted => "bad",
        },
        band: words::band(row.band),
    });
    rows.collect()
}

const fn state_class(state: State) -> &'static str {
    match state {
        State::Ready => "good",
        State::NotYet => "wait",
        State::Never => "bad",
    }
}
