//! Figures as people read them: shares in percent, waits in their two largest units, verdicts as sentences.

use super::super::challenge::Parting;
use super::super::contrast::Contrast;
use super::super::drift::{Against, Band, Drift, Measure};
use super::super::readiness::{Readiness, State};
use super::super::thresholds::{Proposal, Verdict};
use super::super::wilson::Share;

/// What stands where there is no figure.
pub const NONE: &str = "–";

/// `97 %`, or a dash.
pub fn percent(share: Option<f64>) -> String {
    share.map_or_else(|| NONE.to_owned(), |share| format!("{} %", hundredths(share)))
}

/// `97 % (94 to 99)`, or a dash.
pub fn percent_ci(share: Option<f64>, ci: Option<[f64; 2]>) -> String {
    match ci {
        Some([low, high]) => format!("{} ({} to {})", percent(share), hundredths(low), hundredths(high)),
        None => percent(share),
    }
}

/// The same of a [`Share`].
pub fn share(share: Option<Share>) -> String {
    percent_ci(share.map(|share| share.share), share.map(|share| share.ci()))
}

/// `0.87 (0.84 to 0.90)`, or a dash.
pub fn kappa(kappa: Option<f64>, ci: Option<[f64; 2]>) -> String {
    match (kappa, ci) {
        (Some(kappa), Some([low, high])) => format!("{kappa:.2} ({low:.2} to {high:.2})"),
        _ => NONE.to_owned(),
    }
}

/// Whole percents; a decimal near the ends, so that 99.6 is not called 100, and what is not nothing is not called 0.
fn hundredths(share: f64) -> String {
    let percent = share * 100.0;
    let near_an_end = (percent > 99.0 && percent < 100.0) || (percent > 0.0 && percent < 1.0);
    if near_an_end { format!("{percent:.1}") } else { format!("{percent:.0}") }
}

/// A wait in its two largest units.
pub fn seconds(wait: f64) -> String {
    let whole = wait.max(0.0).round() as u64;
    match whole {
        0..60 => format!("{whole} s"),
        60..600 => format!("{} min {} s", whole / 60, whole % 60),
        600..3600 => format!("{} min", whole / 60),
        3600..86_400 => format!("{} h {} min", whole / 3600, whole % 3600 / 60),
        _ => format!("{} d {} h", whole / 86_400, whole % 86_400 / 3600),
    }
}

/// `12 s (9 s to 15 s)`, or a dash.
pub fn seconds_ci(wait: Option<f64>, ci: Option<[f64; 2]>) -> String {
    match (wait, ci) {
        (Some(wait), Some([low, high])) => {
            format!("{} ({} to {})", seconds(wait), seconds(low), seconds(high))
        }
        _ => NONE.to_owned(),
    }
}

/// How far a wait moved: `54 min shorter (50 min to 58 min)`.
pub fn moved_seconds(contrast: Option<Contrast>) -> String {
    contrast.map_or_else(|| NONE.to_owned(), |contrast| moved(contrast, seconds, ["shorter", "longer"]))
}

/// How far a share moved, in points.
pub fn moved_points(contrast: Option<Contrast>) -> String {
    let points = |share: f64| format!("{:.1}", share * 100.0);
    let words = ["points lower", "points higher"];
    contrast.map_or_else(|| NONE.to_owned(), |contrast| moved(contrast, points, words))
}

fn moved(contrast: Contrast, say: impl Fn(f64) -> String, [down, up]: [&str; 2]) -> String {
    let [low, high] = contrast.ci;
    let size = say(contrast.value.abs());
    let word = if contrast.value < 0.0 { down } else { up };
    if contrast.is_clear() {
        let (near, far) = (low.abs().min(high.abs()), low.abs().max(high.abs()));
        format!("{size} {word} ({} to {})", say(near), say(far))
    } else {
        format!("{size} {word}, which may be chance")
    }
}

/// A label's state as a sentence.
pub fn standing(ready: &Readiness) -> String {
    let target = percent(Some(ready.target));
    match (ready.state, ready.more) {
        (State::Ready, _) => "ready".to_owned(),
        (State::NotYet, Some(more)) if more >= 1000 => {
            format!("not yet: too close to {target} to be told with fewer than {} tickets", ready.n + more)
        }
        (State::NotYet, Some(more)) => {
            format!("not yet: about {more} more ticket{}", if more == 1 { "" } else { "s" })
        }
        (State::NotYet, None) if ready.n == 0 => "not yet: nothing measured".to_owned(),
        (State::NotYet, None) => {
            format!(
                "not yet: {} is not above {target}; more tickets alone will not do",
                percent(ready.precision)
            )
        }
        (State::Never, _) => format!("never at {target}"),
    }
}

/// What would help a label that is not ready: a higher threshold, where one was found and checked.
pub fn hint(ready: &Readiness, proposal: &Proposal) -> Option<String> {
    let threshold = proposal.threshold.filter(|_| proposal.verdict == Verdict::Verified)?;
    (ready.state != State::Ready).then(|| format!("would reach it from confidence {threshold:.2} on"))
}

/// A state in two words.
pub const fn state(state: State) -> &'static str {
    match state {
        State::Ready => "ready",
        State::NotYet => "not yet",
        State::Never => "never",
    }
}

/// A proposal's verdict.
pub const fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Verified => "verified",
        Verdict::Unproven => "unproven",
        Verdict::Refuted => "refuted",
        Verdict::None => "none",
    }
}

/// A band.
pub const fn band(band: Band) -> &'static str {
    match band {
        Band::TooFew => "too few",
        Band::Stable => "stable",
        Band::Shifting => "shifting",
        Band::Shifted => "shifted",
    }
}

/// What is measured: `category: label mix`.
pub fn measured(drift: &Drift) -> String {
    let what = match drift.measure {
        Measure::Labels => "label mix",
        Measure::Languages => "language mix",
        Measure::Confidence => "mean confidence",
        Measure::Abstention => "abstention",
        Measure::Overrides => "overrides",
    };
    match &drift.head {
        Some(head) => format!("{head}: {what}"),
        None => what.to_owned(),
    }
}

/// What it is compared with.
pub const fn against(against: Against) -> &'static str {
    match against {
        Against::FirstWeeks => "this model's first weeks",
        Against::Training => "the training tickets",
    }
}

/// PSI with two decimals, a difference in points.
pub fn drifted(drift: &Drift) -> String {
    match (drift.value, drift.measure) {
        (None, _) => NONE.to_owned(),
        (Some(value), Measure::Labels | Measure::Languages) => format!("PSI {value:.2}"),
        (Some(value), _) => format!("{:+.1} points", value * 100.0),
    }
}

/// A warning in one sentence.
pub fn warning(drift: &Drift) -> String {
    let moved = drift.moved.as_deref().map_or_else(String::new, |moved| format!(" ({moved})"));
    format!(
        "{} {}: {}{moved} since {}",
        measured(drift),
        band(drift.band),
        drifted(drift),
        against(drift.against)
    )
}

/// How live bundle and challenger part, in one sentence.
pub fn parting(parting: &Parting) -> String {
    let names =
        |labels: &[String]| if labels.is_empty() { "abstains".to_owned() } else { labels.join(" and ") };
    let tickets = if parting.n == 1 { "ticket" } else { "tickets" };
    format!(
        "{} live, {} by the challenger on {} {tickets}",
        names(&parting.live),
        names(&parting.challenger),
        parting.n
    )
}
