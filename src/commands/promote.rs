//! `promote`: lets a label act when the agents' own choices bear it out, and writes that to the file people review.
//!
//! Exit 1 where the figures say no. It sends nothing to a platform; a running daemon takes the file up by itself.

use std::collections::BTreeMap;
use std::process::ExitCode;

use anyhow::{Context, bail};
use comfy_table::CellAlignment;
use jiff::Timestamp;
use serde_json::json;

use super::{prepare, runtime, terminal};
use crate::cli::Promote;
use crate::clock::{Clock, SystemClock};
use crate::daemon::sources::sources;
use crate::domain::label_modes::LabelModes;
use crate::domain::mode::Mode;
use crate::evidence::gather::Pace;
use crate::evidence::promotion::{self, Evidence, Promoted, Promotions};
use crate::evidence::report::evidence::HeadEvidence;
use crate::evidence::report::readiness::{Bar, Readiness, State, readiness};
use crate::evidence::report::thresholds::{Verdict, propose};
use crate::evidence::settling::Readings;
use crate::inference::brain::Brain;
use crate::settings::PROMOTIONS_FILE;
use crate::settings::Settings;

pub(super) fn run(args: &Promote) -> anyhow::Result<ExitCode> {
    let prepare::Everything { settings, brain, findings } = prepare::everything(&args.settings);
    let (Ok(settings), Some(brain)) = (settings, brain) else { return Ok(prepare::refuse(&findings)) };
    let store = match prepare::store_or_refuse(&settings) {
        Ok(store) => store,
        Err(code) => return Ok(code),
    };
    let sources = sources(&settings, &brain);
    let model = brain.classifier.digest().as_str().to_owned();
    let readings = Readings { store, sources };
    let (heads, gate) = runtime()?.block_on(async {
        prepare::summaries(&*readings.store).await?;
        let mut heads = BTreeMap::<String, HeadEvidence>::new();
        readings
            .each(None, Pace::Foreground, |ticket| {
                for seen in ticket.observations.iter().filter(|seen| seen.model == model) {
                    heads.entry(seen.head.clone()).or_default().add(seen);
                }
            })
            .await?;
        anyhow::Ok((heads, prepare::gate(&settings, &brain).await?))
    })?;
    let book = Book { settings: &settings, brain: &brain, heads: &heads, gate: &gate };
    match &args.label {
        None => book.list(args.json),
        Some(label) => book.promote(args, label, SystemClock.now()),
    }
}

/// What a promotion is judged on.
struct Book<'a> {
    settings: &'a Settings,
    brain: &'a Brain,
    /// Evidence of the bundle that decides now, by head.
    heads: &'a BTreeMap<String, HeadEvidence>,
    gate: &'a LabelModes,
}

impl Book<'_> {
    fn bar(&self) -> Bar {
        self.settings.promotion.bar()
    }

    /// Where every label of the bundle stands; those nobody has named yet stand at nothing.
    fn standing(&self) -> BTreeMap<String, BTreeMap<String, Readiness>> {
        let known = readiness(self.heads, &self.bar());
        let nothing = crate::evidence::report::readiness::judge(0, 0, &self.bar());
        let of = |head: &String, label: &String| {
            known.get(head).and_then(|labels| labels.get(label)).copied().unwrap_or(nothing)
        };
        let heads = self.brain.classifier.vocabulary().into_iter();
        heads
            .map(|(head, labels)| {
                let labels = labels.into_iter().map(|label| (label.clone(), of(&head, &label))).collect();
                (head, labels)
            })
            .collect()
    }

    fn list(&self, as_json: bool) -> anyhow::Result<ExitCode> {
        let standing = self.standing();
        let mode = |head: &str, label: &str| self.gate.mode(head, label);
        if as_json {
            for (head, labels) in &standing {
                for (label, one) in labels {
                    terminal::line(
                        json!({ "head": head, "label": label, "mode": mode(head, label), "readiness": one }),
                    )?;
                }
            }
            return Ok(ExitCode::SUCCESS);
        }
        let mut table =
            terminal::table(&["head", "label", "may go", "tickets", "precision", "at least", "verdict"]);
        let share = |share: Option<f64>| {
            share.map_or_else(|| "–".to_owned(), |share| format!("{:.1} %", 100.0 * share))
        };
        for (head, labels) in &standing {
            for (label, one) in labels {
                let word = |text: String| (text, CellAlignment::Left);
                let number = |text: String| (text, CellAlignment::Right);
                table.add_aligned([
                    word(head.clone()),
                    word(label.clone()),
                    word(mode(head, label).to_string()),
                    number(one.n.to_string()),
                    number(share(one.precision)),
                    number(share(one.precision_ci.map(|ci| ci[0]))),
                    word(verdict(one).to_string()),
                ]);
            }
        }
        terminal::line(table)?;
        if self.gate.is_open() {
            terminal::line(
                "no label is held back: there is no promotions file, and `promotion.required` is off",
            )?;
        }
        Ok(ExitCode::SUCCESS)
    }

    fn promote(&self, args: &Promote, label: &str, now: Timestamp) -> anyhow::Result<ExitCode> {
        let standing = self.standing();
        let head = head_of(&standing, args.head.as_deref(), label)?;
        let one = standing[&head][label];
        let refused = args.mode != Mode::Shadow && one.state != State::Ready;
        if refused && !args.force {
            terminal::remark(format!("`{head}: {label}` is not promoted: {}", verdict(&one)));
            terminal::remark("`deskbridge report` shows why; --force promotes all the same");
            return Ok(ExitCode::from(1));
        }
        let threshold = if args.threshold { Some(self.threshold(&head, label)?) } else { None };
        let evidence = one.precision_ci.map(|ci| Evidence {
            tickets: one.n as u64,
            agreed: one.right as u64,
            lower: ci[0],
            target: one.target,
            model: self.brain.classifier.digest().as_str().to_owned(),
        });
        let before = self.brain.promotions.clone();
        let mut promotions = before.clone().unwrap_or_default();
        // An applied threshold stays until another one is asked for.
        let kept =
            promotions.0.get(&(head.clone(), label.to_owned())).and_then(|promoted| promoted.threshold);
        let promoted = Promoted { mode: args.mode, threshold: threshold.or(kept), at: now, evidence };
        promotions.0.insert((head.clone(), label.to_owned()), promoted);
        self.write(args, &promotions, before.is_none())?;
        let forced = if refused { ", although its figures do not allow it yet" } else { "" };
        terminal::remark(format!("`{head}: {label}` may go {}{forced}", args.mode));
        let ceiling = self.settings.accounts.iter().map(|account| self.settings.mode.min(account.mode)).max();
        if let Some(ceiling) = ceiling.filter(|ceiling| *ceiling < args.mode) {
            terminal::remark(format!("no account goes further than {ceiling}; the strictest wins"));
        }
        Ok(ExitCode::SUCCESS)
    }

    fn write(&self, args: &Promote, promotions: &Promotions, first: bool) -> anyhow::Result<()> {
        let text = promotion::write(promotions);
        let file = &self.settings.promotion.file;
        if args.dry_run {
            terminal::out(&text)?;
            return Ok(());
        }
        let place = || format!("cannot write {}", file.display());
        let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
        let beside = folder.unwrap_or(std::path::Path::new(".")).join(format!(
            ".{}.{}",
            PROMOTIONS_FILE,
            std::process::id()
        ));
        // As a whole or not at all: the daemon may read it at any moment.
        std::fs::write(&beside, text).with_context(place)?;
        std::fs::rename(&beside, file).with_context(place)?;
        terminal::remark(format!("wrote {}; a running daemon takes it up by itself", file.display()));
        if first && !self.settings.promotion.required {
            terminal::remark("from now on every label that is not listed there stays in shadow");
        }
        Ok(())
    }

    fn threshold(&self, head: &str, label: &str) -> anyhow::Result<f32> {
        let nothing = HeadEvidence::default();
        let proposal = propose(label, self.heads.get(head).unwrap_or(&nothing), self.bar().target);
        match (proposal.threshold, proposal.verdict) {
            (Some(threshold), Verdict::Verified) => Ok(threshold as f32),
            (Some(_), Verdict::Unproven) => {
                bail!("a threshold is proposed for `{label}`, and there are too few tickets to verify it on")
            }
            (Some(_), _) => {
                bail!("the threshold proposed for `{label}` did not hold on tickets it was not fitted on")
            }
            (None, _) => {
                bail!("no threshold of `{label}` reaches {:.0} % for sure", 100.0 * self.bar().target)
            }
        }
    }
}

fn head_of(
    standing: &BTreeMap<String, BTreeMap<String, Readiness>>,
    asked: Option<&str>,
    label: &str,
) -> anyhow::Result<String> {
    if let Some(head) = asked {
        let Some(labels) = standing.get(head) else {
            let known: Vec<&str> = standing.keys().map(String::as_str).collect();
            bail!("the bundle has no head `{head}`; it has {}", known.join(", "));
        };
        if !labels.contains_key(label) {
            let near = crate::diagnostics::nearest(label, labels.keys().map(String::as_str));
            bail!(
                "the head `{head}` has no label `{label}`{}",
                near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default()
            );
        }
        return Ok(head.to_owned());
    }
    let having: Vec<&String> =
        standing.iter().filter(|(_, labels)| labels.contains_key(label)).map(|(head, _)| head).collect();
    match having.as_slice() {
        [head] => Ok((*head).clone()),
        [] => {
            let near = crate::diagnostics::nearest(
                label,
                standing.values().flat_map(|labels| labels.keys().map(String::as_str)),
            );
            bail!(
                "no head of the bundle has a label `{label}`{}",
                near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default()
            )
        }
        several => {
            let heads: Vec<&str> = several.iter().map(|head| head.as_str()).collect();
            bail!("`{label}` is a label of {}; name one with --head", heads.join(" and "))
        }
    }
}

/// Where a label stands, in words.
fn verdict(one: &Readiness) -> String {
    match (one.state, one.more) {
        (State::Ready, _) => "ready".to_owned(),
        (State::NotYet, _) if one.n == 0 => {
            format!("not yet: no ticket of it has settled; it takes {} at least", one.min_tickets)
        }
        (State::NotYet, Some(more)) => format!("not yet: about {more} more tickets if it goes on like this"),
        (State::NotYet, None) => format!("not yet: {} of {} were right, too few of them", one.right, one.n),
        (State::Never, _) => {
            format!("not at {:.0} %: {} of {} were right", 100.0 * one.target, one.right, one.n)
        }
    }
}
