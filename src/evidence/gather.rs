//! Gathers what a report is made of: sums of decisions beside settled values, and how fast the work goes.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use deskbridge_onnx::Manifest;
use deskbridge_onnx::bundle::MANIFEST;
use jiff::Timestamp;

use crate::evidence::report::backlog::{Backlog, LATELY};
use crate::evidence::report::drift::Reference;
use crate::evidence::report::observation::Observation;
use crate::evidence::report::sums::ReportSums;
use crate::evidence::report::terms::Terms;
use crate::store::{Error, Store};

/// Entries that are summarised at once.
const SUMMARISED: u32 = 50;

/// Decisions beside the values that agents settled on.
#[async_trait]
pub trait EvidenceSource: Send + Sync {
    /// Sums up everything that a report is made of.
    async fn sums(&self, terms: &Terms, pace: Pace) -> Result<ReportSums, Error>;

    /// Returns the observations of these decisions, where their tickets have settled.
    async fn observed(&self, decisions: &[i64]) -> Result<BTreeMap<i64, Vec<Observation>>, Error>;
}

/// A source without anything.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoEvidence;

#[async_trait]
impl EvidenceSource for NoEvidence {
    async fn sums(&self, terms: &Terms, _: Pace) -> Result<ReportSums, Error> {
        Ok(ReportSums::new(terms, None, None))
    }

    async fn observed(&self, _: &[i64]) -> Result<BTreeMap<i64, Vec<Observation>>, Error> {
        Ok(BTreeMap::new())
    }
}

/// How a long reading shares the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// Somebody waits: read without a pause.
    Foreground,
    /// Nobody waits: rest four times as long as was worked, so that a fifth of one core is the most it takes.
    Background,
}

/// Rests for each stretch of work.
const RESTS: u32 = 4;
/// The longest rest: a slow disk is no reason to wait for long.
const LONGEST_REST: Duration = Duration::from_millis(500);

/// A stretch of work that ends with a rest.
#[must_use = "a stretch ends with `end`"]
pub struct Stretch {
    pace: Pace,
    begun: Instant,
}

impl Pace {
    /// Begins a stretch of work.
    pub fn begin(self) -> Stretch {
        Stretch { pace: self, begun: Instant::now() }
    }
}

impl Stretch {
    /// Rests as long as the pace asks for.
    pub async fn end(self) {
        match self.pace {
            Pace::Foreground => tokio::task::yield_now().await,
            Pace::Background => {
                tokio::time::sleep((self.begun.elapsed() * RESTS).min(LONGEST_REST)).await;
            }
        }
    }
}

/// Summarises the entries that an earlier program left without a summary, so that figures are complete. `told` hears how many are
/// left.
///
/// # Errors
/// When the store cannot be used.
pub async fn summarise(store: &dyn Store, pace: Pace, told: impl Fn(u64) + Send) -> Result<(), Error> {
    loop {
        let stretch = pace.begin();
        let left = store.summarise(SUMMARISED).await?;
        if left == 0 {
            return Ok(());
        }
        told(left);
        stretch.end().await;
    }
}

/// What the bundle in this folder was trained on; `None` where its manifest does not tell.
pub fn trained_on(bundle: &Path) -> Option<Reference> {
    let text = std::fs::read_to_string(bundle.join(MANIFEST)).ok()?;
    serde_json::from_str::<Manifest>(&text).ok().map(|manifest| Reference::of(&manifest))
}

/// Returns what waits, and how long it takes at the present pace.
///
/// # Errors
/// When the store cannot be read.
pub async fn backlog(store: &dyn Store, now: Timestamp) -> Result<Backlog, Error> {
    let depth = store.depth().await?;
    // Where nothing waits, nobody asks for the pace.
    let done = if depth.pending > 0 { store.decided_since(now - LATELY).await? } else { 0 };
    Ok(Backlog::of(depth.pending, depth.oldest, usize::try_from(done).unwrap_or(usize::MAX)))
}
