//! The store, seen from outside: one suite of promises and one model, run on every backend.

mod chain;
mod conformance;
mod files;
pub(crate) mod fixture;
mod ledger;
mod model;
mod settling;
mod sqlite;
mod step;
mod summaries;
mod upgrade;

use std::sync::Arc;

use deskbridge::store::Store;

/// One database of a backend; dropped with everything in it.
pub(crate) trait Database: Send + Sync {
    /// Opens it, as a process does that starts. Several may have it open at once.
    fn open(&self) -> Arc<dyn Store>;
}
