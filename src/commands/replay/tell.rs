//! What a replay prints: with `--json` each decision as it comes, else by rule and by reason at the end.
//!
//! For people at most [`LISTED`] changes of a rule are listed and the rest is counted, so that a long ledger takes as little memory as a
//! short one.

use std::collections::BTreeMap;
use std::process::ExitCode;

use serde_json::json;

use crate::commands::terminal;
use crate::offline::replay::{Came, Change, Compared, Replayed, Verdict};

/// Decisions named of those that share a reason; `--json` names all.
const SHOWN: usize = 5;

/// Changes listed of a rule; `--json` names all.
const LISTED: usize = 1000;

/// What came of a replay so far.
pub(super) struct Telling {
    json: bool,
    decisions: usize,
    differ: usize,
    lost: usize,
    better: usize,
    worse: usize,
    unknown: usize,
    by_rule: BTreeMap<String, RuleChanges>,
    by_reason: BTreeMap<String, Lost>,
}

/// The changes by one rule.
#[derive(Default)]
struct RuleChanges {
    decisions: usize,
    last: Option<i64>,
    lines: Vec<String>,
    more: usize,
}

/// Decisions that cannot be replayed for one reason.
#[derive(Default)]
struct Lost {
    n: usize,
    some: Vec<String>,
}

impl Telling {
    pub(super) fn new(json: bool) -> Self {
        Self {
            json,
            decisions: 0,
            differ: 0,
            lost: 0,
            better: 0,
            worse: 0,
            unknown: 0,
            by_rule: BTreeMap::new(),
            by_reason: BTreeMap::new(),
        }
    }

    /// Counts a decision; with `--json` prints it where it is not the same.
    pub(super) fn add(&mut self, one: &Replayed) -> anyhow::Result<()> {
        self.decisions += 1;
        match &one.came {
            Came::Same => {}
            Came::Differs { changes, .. } => {
                self.differ += 1;
                changes.iter().for_each(|change| self.change(one, change));
            }
            Came::NotReplayable { reason } => {
                self.lost += 1;
                if !self.json {
                    let of = self.by_reason.entry(reason.clone()).or_default();
                    of.n += 1;
                    if of.some.len() < SHOWN {
                        of.some.push(format!("{}/{} (decision {})", one.account, one.ticket, one.id));
                    }
                }
            }
        }
        if self.json && one.came != Came::Same {
            terminal::line(serde_json::to_string(one)?)?;
        }
        Ok(())
    }

    fn change(&mut self, one: &Replayed, change: &Change) {
        let judged = match change.verdict {
            Some(Verdict::Better) => {
                self.better += 1;
                ": better"
            }
            Some(Verdict::Worse) => {
                self.worse += 1;
                ": worse"
            }
            Some(Verdict::Unknown) => {
                self.unknown += 1;
                ""
            }
            None => "",
        };
        if self.json {
            return;
        }
        let of = self.by_rule.entry(change.rule.clone()).or_default();
        if of.last.replace(one.id) != Some(one.id) {
            of.decisions += 1;
        }
        if of.lines.len() == LISTED {
            of.more += 1;
            return;
        }
        let sign = if change.added { '+' } else { '-' };
        let (account, ticket, id, what) = (&one.account, &one.ticket, one.id, &change.what);
        of.lines
            .push(format!("  {sign} {account}/{ticket} (decision {id}): {}{judged}", terminal::value(what)));
    }

    /// Prints the rest. `compared` are both models' figures, where there are two.
    pub(super) fn end(self, compared: Option<&BTreeMap<String, Compared>>) -> anyhow::Result<ExitCode> {
        let same = self.decisions - self.differ - self.lost;
        let Self { decisions, differ, lost, better, worse, unknown, .. } = self;
        if self.json {
            let mut sums = json!({
                "decisions": decisions, "same": same, "differ": differ, "not_replayable": lost,
                "better": better, "worse": worse, "unknown": unknown,
            });
            if let Some(compared) = compared {
                sums["heads"] = serde_json::to_value(compared)?;
            }
            terminal::line(sums)?;
        } else {
            self.print()?;
            if let Some(compared) = compared {
                print_heads(compared)?;
            }
            terminal::line(format!(
                "{decisions} decisions replayed: {differ} differ, {lost} cannot be told, {same} are the same"
            ))?;
            if differ > 0 {
                terminal::line(format!(
                    "held against what the agents settled on: {better} changes for the better, {worse} for the worse, {unknown} cannot be told"
                ))?;
            }
        }
        Ok(if differ == 0 { ExitCode::SUCCESS } else { ExitCode::from(1) })
    }

    /// What differs, by the rule behind it; then what cannot be told.
    fn print(&self) -> std::io::Result<()> {
        for (rule, of) in &self.by_rule {
            terminal::line(format!("rule `{rule}`: {} decisions", of.decisions))?;
            for line in &of.lines {
                terminal::line(line)?;
            }
            if of.more > 0 {
                terminal::line(format!("  and {} more changes (--json shows them)", of.more))?;
            }
        }
        for (reason, of) in &self.by_reason {
            let more = if of.n > SHOWN { ", …" } else { "" };
            terminal::line(format!("{} not replayable: {reason}", of.n))?;
            terminal::line(format!("  {}{more}", of.some.join(", ")))?;
        }
        Ok(())
    }
}

/// Both models on the tickets whose agents chose for themselves.
fn print_heads(compared: &BTreeMap<String, Compared>) -> std::io::Result<()> {
    let mut table = terminal::table(&[
        "head",
        "tickets",
        "right before",
        "right now",
        "abstained before",
        "abstains now",
        "differ",
    ]);
    for (head, of) in compared {
        table.add_row([
            head.clone(),
            of.n.to_string(),
            of.right_before.to_string(),
            of.right_after.to_string(),
            of.abstained_before.to_string(),
            of.abstained_after.to_string(),
            of.differ.to_string(),
        ]);
    }
    terminal::line(table)
}
