//! `replay`: past decisions through another rulebook or bundle, on paper. It reads, and changes nothing.

mod reread;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::Path;
use std::process::ExitCode;

use deskbridge_connectors::{Platform, TicketId};
use deskbridge_onnx::Prediction;
use serde_json::json;

use super::{decisions, prepare, runtime, terminal, test};
use crate::cli::Replay;
use crate::clock::{Clock, SystemClock};
use crate::domain::decision::TicketKey;
use crate::domain::outcome::{EffectOutcome, EffectRecord, Entry};
use crate::evidence::report::observation::Observation;
use crate::evidence::settling::{self, Kept, Sources};
use crate::inference::brain;
use crate::offline::replay::{self, Basis, Came, Change, Compared, End, Replayed, Verdict};
use crate::rulebook::Rulebook;
use crate::settings::Settings;
use crate::store::{Filter, Store};

/// Decisions named of those that share a reason; `--json` names all.
const SHOWN: usize = 5;

/// What another model says of past tickets, by decision.
type Said = BTreeMap<i64, Result<Prediction, String>>;

pub(super) fn run(args: &Replay) -> anyhow::Result<ExitCode> {
    let settings = match prepare::settings(&args.settings) {
        Ok(settings) => settings,
        Err(code) => return Ok(code),
    };
    // Reading tickets again costs calls: without a word on it, the last week's.
    let asked = args.since.as_deref().or(args.bundle.as_ref().map(|_| "7d"));
    let since = asked.map(|text| decisions::since(text, SystemClock.now())).transpose()?;
    let store = match prepare::store_or_refuse(&settings) {
        Ok(store) => store,
        Err(code) => return Ok(code),
    };
    let runtime = runtime()?;
    let past = runtime.block_on(store.decisions(&Filter::default()))?;
    let wanted = |entry: &Entry| since.is_none_or(|since| entry.decided_at >= since);
    let file = args.rulebook.as_deref().unwrap_or(&settings.rulebook);
    let (rulebook, heads, said) = match &args.bundle {
        None => match loaded(&settings, file) {
            Ok((rulebook, heads)) => (rulebook, heads, None),
            Err(code) => return Ok(code),
        },
        Some(bundle) => {
            let mut other = settings.clone();
            (other.model.bundle, other.rulebook) = (bundle.clone(), file.to_owned());
            let brain = match brain::load(&other, &prepare::surroundings()) {
                Ok((brain, warnings)) => {
                    terminal::diagnostics(&warnings);
                    brain
                }
                Err(problems) => return Ok(prepare::refuse(&problems)),
            };
            let chosen: Vec<&(i64, Entry)> = past
                .iter()
                .rev()
                .filter(|(_, entry)| entry.snapshot.is_some() && wanted(entry))
                .take(args.limit)
                .collect();
            let said = runtime.block_on(reread::all(&settings, &brain, &chosen))?;
            let heads = brain.classifier.vocabulary().into_keys().collect();
            (brain.rulebook, heads, Some(said))
        }
    };
    let sources = settling::sources_of(&settings, &rulebook, &heads);
    let ends = Ends { kept: runtime.block_on(ends(&*store))?, sources: &sources, acted: acted(&past) };
    let end = |entry: &Entry| ends.of(entry);
    let basis = Basis { end: &end, said: said.as_ref(), gated: settings.promotion.file.exists() };
    // With another bundle only those count whose text was to be read.
    let in_hand: BTreeSet<i64> = said.iter().flat_map(BTreeMap::keys).copied().collect();
    let mut replayed = replay::replay(&rulebook, &past, wanted, &basis);
    replayed.retain(|one| said.is_none() || in_hand.contains(&one.id));
    let compared = match &said {
        Some(said) => {
            let (seen, _) = runtime.block_on(settling::observations(&*store, &sources, since))?;
            Some(replay::compare(&seen, &ends.as_seen_by(said, &past)))
        }
        None => None,
    };
    tell(args, &replayed, compared.as_ref())
}

/// The rulebook and the names of the bundle's heads, or the exit code of what is wrong with them.
fn loaded(settings: &Settings, file: &Path) -> Result<(Rulebook, Vec<String>), ExitCode> {
    let used = |platform: &Platform| settings.accounts.iter().any(|account| account.platform == *platform);
    let platforms: Vec<Platform> = Platform::ALL.into_iter().filter(used).collect();
    let vocabulary =
        test::vocabulary(&settings.model.bundle).map_err(|problem| prepare::refuse(&[problem]))?;
    let (rulebook, warnings) =
        test::load(file, Some(&vocabulary), &platforms).map_err(|problems| prepare::refuse(&problems))?;
    terminal::diagnostics(&warnings);
    Ok((rulebook, vocabulary.into_keys().collect()))
}

/// What the agents settled on, and where heads find it.
struct Ends<'a> {
    kept: HashMap<TicketKey, Kept>,
    sources: &'a Sources,
    /// Tickets on which something was shown or written, by account and ticket.
    acted: HashSet<(String, String)>,
}

impl Ends<'_> {
    fn of(&self, entry: &Entry) -> Option<End<'_>> {
        let ticket = TicketId::new(entry.ticket.as_str()).ok()?;
        let kept = self.kept.get(&TicketKey { account: entry.account.clone(), ticket })?;
        let acted = self.acted.contains(&(entry.account.clone(), entry.ticket.clone()));
        Some(End { kept, heads: self.sources.get(&entry.account)?, acted })
    }

    /// The settled tickets as the other model sees them.
    fn as_seen_by(&self, said: &Said, past: &[(i64, Entry)]) -> Vec<Observation> {
        let mut seen = Vec::new();
        for (id, entry) in past {
            let Some((Ok(prediction), end)) = said.get(id).zip(self.of(entry)) else { continue };
            let mut entry = entry.clone();
            if let Some(snapshot) = &mut entry.snapshot {
                snapshot.prediction = prediction.clone();
            }
            seen.extend(settling::observe(*id, &entry, end.kept, end.heads));
        }
        seen
    }
}

fn acted(past: &[(i64, Entry)]) -> HashSet<(String, String)> {
    let did =
        |effect: &EffectRecord| matches!(effect.state, EffectOutcome::Applied | EffectOutcome::Suggested);
    let acted = past.iter().filter(|(_, entry)| entry.effects.iter().any(did));
    acted.map(|(_, entry)| (entry.account.clone(), entry.ticket.clone())).collect()
}

async fn ends(store: &dyn Store) -> anyhow::Result<HashMap<TicketKey, Kept>> {
    Ok(store.settled(None).await?.into_iter().collect())
}

/// How many changes are for the better, for the worse, and neither for sure.
#[derive(Default)]
struct Tally {
    better: usize,
    worse: usize,
    unknown: usize,
}

impl Tally {
    fn of(replayed: &[Replayed]) -> Self {
        let mut tally = Self::default();
        for one in replayed {
            let Came::Differs { changes, .. } = &one.came else { continue };
            for change in changes {
                match change.verdict {
                    Some(Verdict::Better) => tally.better += 1,
                    Some(Verdict::Worse) => tally.worse += 1,
                    Some(Verdict::Unknown) => tally.unknown += 1,
                    None => {}
                }
            }
        }
        tally
    }
}

fn tell(
    args: &Replay,
    replayed: &[Replayed],
    compared: Option<&BTreeMap<String, Compared>>,
) -> anyhow::Result<ExitCode> {
    let differ = replayed.iter().filter(|one| matches!(one.came, Came::Differs { .. })).count();
    let lost = replayed.iter().filter(|one| matches!(one.came, Came::NotReplayable { .. })).count();
    let same = replayed.len() - differ - lost;
    let Tally { better, worse, unknown } = Tally::of(replayed);
    if args.json {
        for one in replayed.iter().filter(|one| one.came != Came::Same) {
            terminal::line(serde_json::to_string(one)?)?;
        }
        let mut sums = json!({
            "decisions": replayed.len(), "same": same, "differ": differ, "not_replayable": lost,
            "better": better, "worse": worse, "unknown": unknown,
        });
        if let Some(compared) = compared {
            sums["heads"] = serde_json::to_value(compared)?;
        }
        terminal::line(sums)?;
    } else {
        print(replayed)?;
        if let Some(compared) = compared {
            print_heads(compared)?;
        }
        terminal::line(format!(
            "{} decisions replayed: {differ} differ, {lost} cannot be told, {same} are the same",
            replayed.len(),
        ))?;
        if differ > 0 {
            terminal::line(format!(
                "held against what the agents settled on: {better} changes for the better, {worse} for the worse, {unknown} cannot be told"
            ))?;
        }
    }
    Ok(if differ == 0 { ExitCode::SUCCESS } else { ExitCode::from(1) })
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

/// What differs, by the rule behind it; then what cannot be told.
fn print(replayed: &[Replayed]) -> std::io::Result<()> {
    let mut by_rule: BTreeMap<&str, Vec<(&Replayed, &Change)>> = BTreeMap::new();
    for one in replayed {
        if let Came::Differs { changes, .. } = &one.came {
            for change in changes {
                by_rule.entry(&change.rule).or_default().push((one, change));
            }
        }
    }
    for (rule, changes) in by_rule {
        let mut tickets: Vec<i64> = changes.iter().map(|(one, _)| one.id).collect();
        tickets.dedup();
        terminal::line(format!("rule `{rule}`: {} decisions", tickets.len()))?;
        for (one, Change { added, what, verdict, .. }) in changes {
            let sign = if *added { '+' } else { '-' };
            let judged = match verdict {
                Some(Verdict::Better) => ": better",
                Some(Verdict::Worse) => ": worse",
                Some(Verdict::Unknown) | None => "",
            };
            let (account, ticket, id) = (&one.account, &one.ticket, one.id);
            let what = terminal::value(what);
            terminal::line(format!("  {sign} {account}/{ticket} (decision {id}): {what}{judged}"))?;
        }
    }
    let mut by_reason: BTreeMap<&str, Vec<&Replayed>> = BTreeMap::new();
    for one in replayed {
        if let Came::NotReplayable { reason } = &one.came {
            by_reason.entry(reason).or_default().push(one);
        }
    }
    for (reason, of) in by_reason {
        let some =
            of.iter().take(SHOWN).map(|one| format!("{}/{} (decision {})", one.account, one.ticket, one.id));
        let more = if of.len() > SHOWN { ", …" } else { "" };
        terminal::line(format!("{} not replayable: {reason}", of.len()))?;
        terminal::line(format!("  {}{more}", some.collect::<Vec<_>>().join(", ")))?;
    }
    Ok(())
}
