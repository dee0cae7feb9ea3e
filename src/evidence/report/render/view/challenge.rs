//! A challenger beside the live bundle, as a table.

use serde::Serialize;

use super::super::super::whole::Report;
use super::words;

/// Both bundles, and a row a head.
#[derive(Debug, Serialize)]
pub struct ChallengeView {
    /// The live bundle, shortened.
    live: String,
    /// The challenger, shortened.
    challenger: String,
    rows: Vec<Row>,
}

#[derive(Debug, Serialize)]
struct Row {
    head: String,
    tickets: usize,
    same: usize,
    part: usize,
    settled: usize,
    live_right: usize,
    challenger_right: usize,
    most: Option<String>,
}

/// The table, where there is a challenger.
pub(super) fn view(report: &Report) -> Option<ChallengeView> {
    let challenge = report.challenge.as_ref()?;
    let short = |digest: &str| digest.chars().take(12).collect();
    let rows = challenge.heads.iter().map(|(head, row)| Row {
        head: head.clone(),
        tickets: row.n,
        same: row.same,
        part: row.n - row.same,
        settled: row.settled,
        live_right: row.live_right,
        challenger_right: row.challenger_right,
        most: row.pairs.first().map(words::parting),
    });
    Some(ChallengeView {
        live: short(&challenge.live),
        challenger: short(&challenge.challenger),
        rows: rows.collect(),
    })
}
