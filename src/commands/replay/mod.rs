//! `replay`: past decisions through another rulebook or bundle, on paper. It reads, and changes nothing. The ledger is read a page at
//! a time.

mod past;
mod reread;
mod tell;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use deskbridge_connectors::Platform;
use deskbridge_onnx::Prediction;
use jiff::Timestamp;

use self::past::Past;
use self::tell::Telling;
use super::{decisions, prepare, runtime, terminal, test};
use crate::cli::Replay;
use crate::clock::{Clock, SystemClock};
use crate::domain::outcome::Entry;
use crate::evidence::gather::EvidenceSource;
use crate::evidence::report::observation::Observation;
use crate::evidence::settling::{self, Readings};
use crate::inference::brain;
use crate::offline::replay::{self, Compared};
use crate::rulebook::Rulebook;
use crate::settings::Settings;
use crate::store::{Filter, Pages, Store};

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
    let file = args.rulebook.as_deref().unwrap_or(&settings.rulebook);
    let (rulebook, heads, chosen) = match &args.bundle {
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
            let chosen = runtime.block_on(newest(&*store, since, args.limit))?;
            let said = runtime.block_on(reread::all(&settings, &brain, &chosen))?;
            let heads = brain.classifier.vocabulary().into_keys().collect();
            (brain.rulebook, heads, Some((chosen, said)))
        }
    };
    let sources = settling::sources_of(&settings, &rulebook, &heads);
    let readings = Readings { store: Arc::clone(&store), sources };
    let past = Past {
        readings: &readings,
        rulebook: &rulebook,
        said: chosen.as_ref().map(|(_, said)| said),
        gated: settings.promotion.file.exists(),
    };
    let mut telling = Telling::new(args.json);
    let compared = runtime.block_on(async {
        prepare::summaries(&*store).await?;
        match &chosen {
            Some((chosen, said)) => {
                past.replay(chosen, &mut telling).await?;
                let before = readings.observed(&said.keys().copied().collect::<Vec<_>>()).await?;
                let before: Vec<Observation> = before.into_values().flatten().collect();
                let compared: BTreeMap<String, Compared> =
                    replay::compare(&before, &past.as_seen_by(chosen).await?);
                anyhow::Ok(Some(compared))
            }
            None => {
                let mut pages = Pages::new(Arc::clone(&store), &Filter { since, ..Filter::default() });
                while let Some(page) = pages.next().await? {
                    past.replay(&page, &mut telling).await?;
                }
                Ok(None)
            }
        }
    })?;
    telling.end(compared.as_ref())
}

/// The newest entries that decided something, the oldest first.
async fn newest(
    store: &dyn Store,
    since: Option<Timestamp>,
    limit: usize,
) -> anyhow::Result<Vec<(i64, Entry)>> {
    let mut filter = Filter { since, limit: Some(PAGE), ..Filter::default() };
    let mut found = Vec::new();
    while found.len() < limit {
        let page = store.decisions(&filter).await?;
        let Some((oldest, _)) = page.first() else { break };
        filter.before = Some(*oldest);
        found.extend(page.into_iter().rev().filter(|(_, entry)| entry.snapshot.is_some()));
    }
    found.truncate(limit);
    found.reverse();
    Ok(found)
}

/// Entries of a page.
const PAGE: u32 = 200;

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
