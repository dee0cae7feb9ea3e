//! Gathers what a report is made of: settled values from where they are kept, and every answer from the ledger.

use std::path::Path;

use async_trait::async_trait;
use deskbridge_onnx::Manifest;
use deskbridge_onnx::bundle::MANIFEST;
use jiff::Timestamp;

use crate::domain::outcome::Entry;
use crate::evidence::report::backlog::{Backlog, LATELY};
use crate::evidence::report::drift::Reference;
use crate::evidence::report::observation::{Course, Observation};
use crate::evidence::report::rows::Rows;
use crate::store::{Error, Filter, Store};

/// Entries looked at to tell which model decided at some place of the ledger: some entries are of no decision.
const PEEK: u32 = 20;

/// Where answers stand beside what the agents settled on.
#[async_trait]
pub trait Settled: Send + Sync {
    /// Observations of decisions since then, and the courses of their tickets.
    async fn rows(&self, since: Option<Timestamp>) -> Result<(Vec<Observation>, Vec<Course>), Error>;
}

/// A desk whose agents' values nobody has read yet: a report then tells of drift alone, and says so.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unsettled;

#[async_trait]
impl Settled for Unsettled {
    async fn rows(&self, _: Option<Timestamp>) -> Result<(Vec<Observation>, Vec<Course>), Error> {
        Ok((Vec::new(), Vec::new()))
    }
}

/// What the bundle in this folder was trained on; `None` where its manifest does not tell.
pub fn trained_on(bundle: &Path) -> Option<Reference> {
    let text = std::fs::read_to_string(bundle.join(MANIFEST)).ok()?;
    serde_json::from_str::<Manifest>(&text).ok().map(|manifest| Reference::of(&manifest))
}

/// What waits, and how long it will take at the pace of late.
///
/// # Errors
/// When the store cannot be read.
pub async fn backlog(store: &dyn Store, now: Timestamp) -> Result<Backlog, Error> {
    let depth = store.depth().await?;
    let filter = Filter { since: Some(now - LATELY), ..Filter::default() };
    // Where nothing waits, nobody asks for the pace.
    let done = if depth.pending > 0 { store.decisions(&filter).await?.len() } else { 0 };
    Ok(Backlog::of(depth.pending, depth.oldest, done))
}

/// Everything there is since then. With a limit, of the ledger the newest `limit` entries, and the first `limit` of the model
/// that decides now: what drift is measured against.
///
/// # Errors
/// When the store cannot be read.
pub async fn gather(
    store: &dyn Store,
    settled: &dyn Settled,
    since: Option<Timestamp>,
    limit: Option<u32>,
) -> Result<Rows, Error> {
    let (observations, courses) = settled.rows(since).await?;
    let filter = Filter { since, limit, ..Filter::default() };
    let newest = store.decisions(&filter).await?;
    let mut ledger = match limit {
        Some(limit) if newest.len() >= limit as usize => first(store, &newest, limit).await?,
        _ => Vec::new(),
    };
    ledger.extend(newest);
    Ok(Rows::new(observations, courses, &ledger))
}

/// The first entries of the newest model that lie before these, at most `limit`.
///
/// A model decides from some entry on until the next one takes over, so its first entry is found by halving: some twenty looks
/// into a ledger of a million.
async fn first(store: &dyn Store, newest: &[(i64, Entry)], limit: u32) -> Result<Vec<(i64, Entry)>, Error> {
    let (Some(model), Some((end, _))) = (newest.iter().rev().find_map(model), newest.first()) else {
        return Ok(Vec::new());
    };
    let (mut low, mut high) = (0, *end);
    while low + 1 < high {
        let middle = low + (high - low) / 2;
        let look = Filter { before: Some(middle + 1), limit: Some(PEEK), ..Filter::default() };
        let seen = store.decisions(&look).await?;
        if seen.iter().rev().find_map(self::model) == Some(model) { high = middle } else { low = middle }
    }
    let before = Some((*end).min(high.saturating_add(i64::from(limit))));
    store.decisions(&Filter { after: Some(low), before, ..Filter::default() }).await
}

/// The model behind an entry, where something was decided.
fn model(entry: &(i64, Entry)) -> Option<&str> {
    entry.1.digests.as_ref().map(|digests| digests.model.as_str())
}
