//! Texts to rows of numbers that heads are fitted on.
//!
//! Through the very session that serves: 8-bit embeddings differ from the published ones, and heads fitted on these
//! lose nothing by it. One row a text, in the order of the texts, whatever the number of threads.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use ndarray::Array2;

use crate::encode::Tokens;
use crate::error::{Error, inference};
use crate::runtime::Runtime;
use crate::session::EncoderSession;
use crate::weights::EncoderWeights;

/// Embeds every text. `told` is called with the number done, now and then, on this thread.
///
/// # Errors
/// [`Error::Inference`] of the first text that failed.
pub(crate) fn embed(
    texts: &[&str],
    encoder: &Path,
    tokens: &Tokens,
    runtime: &Runtime,
    told: &dyn Fn(usize),
) -> Result<Array2<f32>, Error> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(texts.len()).max(1);
    let weights = EncoderWeights::read(encoder)?;
    let (next, done) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let work = || -> Result<Vec<(usize, Vec<f32>)>, Error> {
        let mut session = EncoderSession::open_sharing(encoder, runtime, &weights)?;
        let mut rows = Vec::new();
        loop {
            let place = next.fetch_add(1, Ordering::Relaxed);
            let Some(text) = texts.get(place) else { break };
            rows.push((place, session.run(&tokens.ids(text)?)?));
            done.fetch_add(1, Ordering::Relaxed);
        }
        Ok(rows)
    };
    let rows = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        while !workers.iter().all(std::thread::ScopedJoinHandle::is_finished) {
            told(done.load(Ordering::Relaxed));
            std::thread::park_timeout(std::time::Duration::from_millis(50));
        }
        let joined = workers.into_iter().map(|w| w.join().map_err(|_| inference("the embedder panicked"))?);
        joined.collect::<Result<Vec<_>, Error>>()
    })?;
    told(texts.len());
    let mut rows: Vec<_> = rows.into_iter().flatten().collect();
    rows.sort_unstable_by_key(|(place, _)| *place);
    let width = rows.first().map_or(0, |(_, row)| row.len());
    let values = rows.into_iter().flat_map(|(_, row)| row).collect();
    Array2::from_shape_vec((texts.len(), width), values).map_err(inference)
}
