//! Checks a store on the disk that a power cut left.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use deskbridge::store::sqlite::Sqlite;
use deskbridge::store::{Accepted, Filter, Store};
use tokio::task::JoinSet;

use super::driver::{ACCOUNT, Acknowledged, ticket};
use crate::store::fixture::{at, delivery, entry};

/// After every lease of a driver, and before the time from which on a wait is taken for a wrong
/// clock's.
const LATER: i64 = 20_000;

/// Commands that are given to the store at once: they share a commit, and the store's queue holds
/// them.
const AT_ONCE: usize = 64;

/// A fault of a store after a power cut.
#[derive(Debug, thiserror::Error)]
pub(super) enum Finding {
    /// The process ended by itself, such as at a store that does not open.
    #[error("the process ended by itself: {0}")]
    Stopped(String),
    /// The store does not open, or is damaged.
    #[error("the store is damaged: {0}")]
    Damaged(String),
    /// Acknowledged work is gone.
    #[error("acknowledged and gone: {0}")]
    Lost(String),
    /// A delivery was decided twice, or comes back after that.
    #[error("decided twice: {0}")]
    Doubled(String),
    /// The ledger's chain is broken, or lacks an entry.
    #[error("the chain does not hold: {0}")]
    Chain(String),
}

/// Checks that everything acknowledged is there, once.
pub(super) async fn check(folder: &Path, acknowledged: &Acknowledged) -> Result<(), Finding> {
    let path = folder.join("deskbridge.db");
    let store: Arc<dyn Store> =
        Arc::new(Sqlite::open(&path).map_err(|error| Finding::Damaged(error.to_string()))?);
    is_sound(&path)?;
    chain_holds(&*store, acknowledged).await?;
    deliveries_are_there(&store, acknowledged).await?;
    if let Some(line) = acknowledged.undone.first() {
        return Err(Finding::Lost(format!("what came before: {line}")));
    }
    let swept = store.swept(ACCOUNT).await.map_err(damaged)?;
    if swept < acknowledged.swept {
        return Err(Finding::Lost(format!("swept up to {:?}, now {swept:?}", acknowledged.swept)));
    }
    work_is_finished_once(&store, acknowledged).await?;
    backups_are_whole(folder, acknowledged).await
}

fn damaged(error: impl std::fmt::Display) -> Finding {
    Finding::Damaged(error.to_string())
}

fn is_sound(path: &Path) -> Result<(), Finding> {
    let conn = rusqlite::Connection::open(path).map_err(damaged)?;
    let sound: String = conn.query_row("PRAGMA integrity_check", [], |row| row.get(0)).map_err(damaged)?;
    if sound == "ok" { Ok(()) } else { Err(Finding::Damaged(sound)) }
}

async fn chain_holds(store: &dyn Store, acknowledged: &Acknowledged) -> Result<(), Finding> {
    for head in acknowledged.heads.iter().map(Some).chain([None]) {
        let chain = store.verify(head.map(String::as_str)).await.map_err(damaged)?;
        if chain.broken.is_some() || chain.head_known == Some(false) {
            return Err(Finding::Chain(format!("{head:?}: {chain:?}")));
        }
    }
    Ok(())
}

/// Delivers each delivery again: it must be known, and must have been new only once.
async fn deliveries_are_there(store: &Arc<dyn Store>, acknowledged: &Acknowledged) -> Result<(), Finding> {
    let accepted: Vec<_> = acknowledged.accepted.iter().collect();
    for some in accepted.chunks(AT_ONCE) {
        let mut tasks = JoinSet::new();
        for (key, times) in some.iter().map(|(key, times)| ((*key).clone(), **times)) {
            let store = Arc::clone(store);
            tasks.spawn(async move {
                let again = store.accept(&delivery(ACCOUNT, &key, ticket(&key)), at(LATER)).await;
                let again = again.map_err(damaged)?;
                match again {
                    Accepted::Known if times == 1 => Ok(()),
                    _ => Err(Finding::Lost(format!(
                        "the delivery {key}, taken for new {times} times and now {again:?}"
                    ))),
                }
            });
        }
        tasks.join_all().await.into_iter().collect::<Result<(), Finding>>()?;
    }
    Ok(())
}

/// Decides the unfinished deliveries. Then each delivery must have one entry, and settled ones the
/// entry they had.
async fn work_is_finished_once(store: &Arc<dyn Store>, acknowledged: &Acknowledged) -> Result<(), Finding> {
    while finish_some(store, acknowledged).await? > 0 {}
    let mut entries: BTreeMap<String, Vec<i64>> = BTreeMap::new();
    for (id, entry) in store.decisions(&Filter::default()).await.map_err(damaged)? {
        entries.entry(entry.delivery).or_default().push(id);
    }
    if let Some(twice) = entries.iter().find(|(_, ids)| ids.len() > 1) {
        return Err(Finding::Doubled(format!("{twice:?}")));
    }
    for (key, id) in &acknowledged.settled {
        if entries.get(key) != Some(&vec![*id]) {
            return Err(Finding::Lost(format!("the decision of {key}, entry {id}")));
        }
    }
    let dead = store.dead(&Default::default()).await.map_err(damaged)?;
    let is_dead = |key: &str| dead.iter().any(|letter| letter.delivery == key);
    for key in &acknowledged.buried {
        if !is_dead(key) {
            return Err(Finding::Lost(format!("the dead letter {key}")));
        }
    }
    match acknowledged.accepted.keys().find(|key| !entries.contains_key(*key) && !is_dead(key)) {
        Some(key) => Err(Finding::Lost(format!("{key} is never decided"))),
        None => Ok(()),
    }
}

async fn finish_some(store: &Arc<dyn Store>, acknowledged: &Acknowledged) -> Result<usize, Finding> {
    let mut tasks = JoinSet::new();
    for _ in 0..AT_ONCE {
        let store = Arc::clone(store);
        tasks.spawn(async move { store.claim(at(LATER), Duration::from_secs(60)).await });
    }
    let claims: Vec<_> = tasks.join_all().await.into_iter().collect::<Result<_, _>>().map_err(damaged)?;
    let mut tasks = JoinSet::new();
    for claim in claims.into_iter().flatten() {
        let key = claim.work().key.as_str().to_owned();
        if acknowledged.settled.contains_key(&key) || acknowledged.buried.contains(&key) {
            return Err(Finding::Doubled(format!("{key} was done with")));
        }
        if acknowledged.journalled.contains(&key) && !claim.work().wrote_before {
            return Err(Finding::Lost(format!("the write of {key} that was journalled")));
        }
        let store = Arc::clone(store);
        tasks.spawn(async move { store.settle(claim, &entry(ACCOUNT, ticket(&key), &key, at(LATER))).await });
    }
    let settled: Vec<_> = tasks.join_all().await.into_iter().collect::<Result<_, _>>().map_err(damaged)?;
    Ok(settled.len())
}

async fn backups_are_whole(folder: &Path, acknowledged: &Acknowledged) -> Result<(), Finding> {
    for (name, entries) in &acknowledged.saved {
        let path = folder.join(name);
        if !path.is_file() {
            return Err(Finding::Lost(format!("the backup {name}")));
        }
        is_sound(&path)?;
        let chain = Sqlite::open(&path).map_err(damaged)?.verify(None).await.map_err(damaged)?;
        if chain.broken.is_some() || chain.entries != *entries {
            return Err(Finding::Chain(format!("{name}: {chain:?}")));
        }
    }
    Ok(())
}
