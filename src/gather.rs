//! Gathers what a report is made of: settled values from where they are kept, and every answer from the ledger.

use std::path::Path;

use async_trait::async_trait;
use deskbridge_onnx::Manifest;
use deskbridge_onnx::bundle::MANIFEST;
use jiff::Timestamp;

use crate::report::drift::Reference;
use crate::report::observation::{Course, Observation};
use crate::report::rows::Rows;
use crate::store::{Error, Filter, Store};

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

/// Everything there is since then; of the ledger at most the newest `limit` entries.
///
/// # Errors
/// When the store cannot be read.
pub async fn gather(
    store: &dyn Store,
    settled: &dyn Settled,
    since: Option<Timestamp>,
    limit: Option<u32>,
) -> Result<Rows, Error> {
    let filter = Filter { since, limit, ..Filter::default() };
    let (observations, courses) = settled.rows(since).await?;
    Ok(Rows::new(observations, courses, &store.decisions(&filter).await?))
}
