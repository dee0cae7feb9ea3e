//! The report for a terminal.

use std::fmt::Write as _;

use comfy_table::{ContentArrangement, Table, presets};

use super::super::agreement::Confusion;
use super::super::backlog::Backlog;
use super::super::impact::{Compared, Part, Wait};
use super::super::in_force::InForce;
use super::super::observation::Influence;
use super::super::whole::Report;
use super::words;

/// The report as text; `width` columns where it is a terminal, as wide as it likes where it is not.
pub fn text(report: &Report, width: Option<u16>) -> String {
    let page = Page { width };
    let mut out = String::new();
    opening(&mut out, report);
    falls(&mut out, report);
    for head in report.agreement.keys() {
        page.head(&mut out, report, head);
    }
    page.challenge(&mut out, report);
    page.impact(&mut out, report);
    page.drift(&mut out, report);
    out
}

fn opening(out: &mut String, report: &Report) {
    let window = &report.window;
    let day = |at: jiff::Timestamp| at.strftime("%F").to_string();
    match window.decided {
        Some([first, last]) => {
            let accounts: Vec<_> = window.accounts.iter().map(String::as_str).collect();
            line(
                out,
                format!(
                    "{} tickets with a settled value, decided {} to {} on {}",
                    window.tickets,
                    day(first),
                    day(last),
                    accounts.join(", ")
                ),
            );
        }
        None => line(
            out,
            "No ticket has a settled value yet: agreement, thresholds and promotion come with the first.",
        ),
    }
    if let Some(told) = report.backlog.as_ref().and_then(Backlog::told) {
        line(out, told);
    }
    if let Some(model) = &window.model {
        let others = window.models.len() - 1;
        let rest = if others > 0 { format!("; {others} earlier model(s) left out") } else { String::new() };
        line(out, format!("model {model:.12}{rest}; intervals are 95 %"));
    }
}

fn falls(out: &mut String, report: &Report) {
    for fall in report.in_force.iter().flat_map(InForce::falls) {
        line(out, format!("FELL BACK  {fall}"));
    }
}

struct Page {
    width: Option<u16>,
}

impl Page {
    fn table(&self, header: &[&str]) -> Table {
        let mut table = Table::new();
        table.load_style(presets::UTF8_FULL_CONDENSED).set_header(header.to_vec());
        if let Some(width) = self.width {
            table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width);
        }
        table
    }

    fn head(&self, out: &mut String, report: &Report, head: &str) {
        let figures = &report.agreement[head];
        line(out, format!("\n{head}: {} independent tickets, {} answered", figures.n, figures.answered));
        line(out, format!("  agreement  {}", words::percent_ci(figures.agreement, figures.agreement_ci)));
        line(out, format!("  kappa      {}", words::kappa(figures.kappa, figures.kappa_ci)));
        line(out, format!("  abstains   {}", words::percent_ci(figures.abstention, figures.abstention_ci)));
        if let Some(ece) = figures.ece {
            line(out, format!("  calibration error {ece:.3}"));
        }
        if let Some(human) = figures.human {
            line(out, format!("  people changed their own first choice in {}", words::share(Some(human))));
        }
        let apart: Vec<_> = figures
            .influence
            .iter()
            .filter(|(influence, _)| **influence != Influence::Independent)
            .map(|(influence, n)| format!("{n} {}", influence.as_str()))
            .collect();
        if !apart.is_empty() {
            line(out, format!("  not counted: {}", apart.join(", ")));
        }
        let mut table =
            self.table(&["label", "settled", "named", "precision", "recall", "kappa", "may go live", "goes"]);
        for (label, row) in &report.labels[head] {
            let standing = report.promotion[head].get(label).map(words::standing).unwrap_or_default();
            table.add_row([
                label.clone(),
                row.n.to_string(),
                row.named.to_string(),
                words::percent_ci(row.precision, row.precision_ci),
                words::percent_ci(row.recall, row.recall_ci),
                words::kappa(row.kappa, row.kappa_ci),
                standing,
                report.in_force.as_ref().map(|force| force.words(head, label)).unwrap_or_default(),
            ]);
        }
        line(out, table);
        if let Some(mixed) = figures.confusion.as_ref().and_then(most_mixed) {
            line(out, format!("  most mixed up: {mixed}"));
        }
        self.thresholds(out, report, head);
    }

    fn thresholds(&self, out: &mut String, report: &Report, head: &str) {
        let proposals = &report.thresholds[head];
        if proposals.values().all(|proposal| proposal.threshold.is_none()) {
            line(out, "  no label has a threshold that reaches the target yet");
            return;
        }
        let mut table =
            self.table(&["label", "proposed threshold", "fitted on", "checked on", "coverage", "verdict"]);
        for (label, proposal) in proposals.iter().filter(|(_, proposal)| proposal.threshold.is_some()) {
            table.add_row([
                label.clone(),
                proposal.threshold.map(|bar| format!("{bar:.2}")).unwrap_or_default(),
                words::share(proposal.fitted),
                words::share(proposal.verified),
                words::percent(proposal.coverage),
                words::verdict(proposal.verdict).to_owned(),
            ]);
        }
        line(out, table);
    }

    fn challenge(&self, out: &mut String, report: &Report) {
        let Some(challenge) = &report.challenge else { return };
        line(out, format!("\nchallenger {:.12} beside {:.12}", challenge.challenger, challenge.live));
        let mut table =
            self.table(&["head", "tickets", "same", "part", "settled", "agents chose live", "challenger"]);
        for (head, row) in &challenge.heads {
            let part = row.n - row.same;
            let [n, same, part, settled, live, challenger] =
                [row.n, row.same, part, row.settled, row.live_right, row.challenger_right]
                    .map(|n| n.to_string());
            table.add_row([head.clone(), n, same, part, settled, live, challenger]);
        }
        line(out, table);
        for (head, row) in &challenge.heads {
            if let Some(most) = row.pairs.first() {
                line(out, format!("  {head}: {}", words::parting(most)));
            }
        }
    }

    fn impact(&self, out: &mut String, report: &Report) {
        let impact = &report.impact;
        if impact.tickets.before + impact.tickets.after == 0 {
            return;
        }
        let (before, after) = (impact.tickets.before, impact.tickets.after);
        line(out, format!("\nimpact: {before} tickets before, {after} after"));
        let mut table = self.table(&["", "before", "after", "difference"]);
        for (name, wait) in [
            ("routing time", &impact.routing_seconds),
            ("first response time", &impact.first_response_seconds),
        ] {
            let row = [waited(&wait.before), waited(&wait.after), words::moved_seconds(wait.difference)];
            table.add_row([&[name.to_owned()], row.as_slice()].concat());
        }
        for (name, part) in [("misrouted", &impact.misrouted), ("reassigned", &impact.reassigned)] {
            let Compared { before, after, difference } = part;
            let row = [shared(before), shared(after), words::moved_points(*difference)];
            table.add_row([&[name.to_owned()], row.as_slice()].concat());
        }
        line(out, table);
    }

    fn drift(&self, out: &mut String, report: &Report) {
        if report.drift.is_empty() {
            return;
        }
        line(out, "\ndrift: the last 7 days");
        let mut table = self.table(&["measure", "", "moved", "against", "tickets then, now", "verdict"]);
        for row in &report.drift {
            table.add_row([
                words::measured(row),
                words::drifted(row),
                row.moved.clone().unwrap_or_default(),
                words::against(row.against).to_owned(),
                format!("{}, {}", row.n_then, row.n_now),
                words::band(row.band).to_owned(),
            ]);
        }
        line(out, table);
    }
}

/// The pairs of labels that are taken for each other most.
pub(super) fn most_mixed(confusion: &Confusion) -> Option<String> {
    let mut pairs = Vec::new();
    for (settled, row) in confusion.settled.iter().zip(&confusion.counts) {
        for (answered, count) in confusion.answered.iter().zip(row) {
            if settled != answered && *count > 0 && !answered.starts_with('(') {
                pairs.push((*count, settled, answered));
            }
        }
    }
    pairs.sort_by_key(|(count, ..)| std::cmp::Reverse(*count));
    let named =
        pairs.iter().take(3).map(|(n, settled, answered)| format!("{settled} taken for {answered} ({n})"));
    Some(named.collect::<Vec<_>>().join(", ")).filter(|pairs| !pairs.is_empty())
}

fn waited(wait: &Wait) -> String {
    match wait.median {
        Some(_) => words::seconds_ci(wait.median, wait.median_ci),
        None => not_enough(wait.n),
    }
}

fn shared(part: &Part) -> String {
    match part.share {
        Some(_) => words::percent_ci(part.share, part.share_ci),
        None => not_enough(part.n),
    }
}

fn not_enough(n: usize) -> String {
    format!("not enough ({n})")
}

fn line(out: &mut String, text: impl std::fmt::Display) {
    // Writing to a string cannot fail.
    let _ = writeln!(out, "{text}");
}
