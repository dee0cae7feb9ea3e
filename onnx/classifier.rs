//! The classifier: a checked bundle and the threads that run it.
//!
//! Two ways in, the same work behind both: [`Classifier::classify`] waits, [`Classifier::submit`] calls back, so that
//! an async caller needs no blocking thread of its own. Never batches, never pads: on a CPU both are slower.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Arc, mpsc};

use crate::bundle::{Bundle, ENCODER, Manifest, TOKENIZER};
use crate::digest::ModelDigest;
use crate::engine::{Engine, Model};
use crate::error::{BundleProblem, Error};
use crate::normalise::text_of;
use crate::pool::Pool;
use crate::prediction::{Confidence, OUT_OF_SCOPE, Prediction};
use crate::runtime::Runtime;

/// How far a golden text's confidence may be off before the bundle is refused: rounding differs between processors
/// by a hundredth, a wrong tokenizer or a broken kernel by far more.
const TOLERANCE: f32 = 0.1;

/// Called once with the result, on a classifier thread: keep it short.
pub type Done = Box<dyn FnOnce(Result<Prediction, Error>) + Send>;

impl std::fmt::Debug for Classifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Classifier").field("model", self.digest()).finish_non_exhaustive()
    }
}

/// A loaded model, ready to serve.
pub struct Classifier {
    model: Arc<Model>,
    pool: Arc<Pool<Engine>>,
}

impl Classifier {
    /// Checks the bundle, opens `threads` engines (at least one) and runs the golden texts through each: the first
    /// ticket then finds everything warm, and a machine that computes something else is found out here.
    ///
    /// # Errors
    /// [`Error::Bundle`] or [`Error::Runtime`], naming the file and the remedy.
    pub fn load(folder: &Path, runtime: &Runtime, threads: usize) -> Result<Self, Error> {
        Self::start(Bundle::open(folder)?, runtime, threads)
    }

    /// As [`Classifier::load`], on the threads of another classifier where both have the same encoder: the bundle then costs
    /// its heads and its lexicon, not a second encoder. Either classifier may go first.
    ///
    /// # Errors
    /// As [`Classifier::load`].
    pub fn load_beside(
        other: &Self,
        folder: &Path,
        runtime: &Runtime,
        threads: usize,
    ) -> Result<Self, Error> {
        let bundle = Bundle::open(folder)?;
        let shared = [ENCODER, TOKENIZER]
            .iter()
            .all(|&name| bundle.manifest.files.get(name) == other.manifest().files.get(name));
        if !shared || bundle.manifest.manners() != other.manifest().manners() {
            return Self::start(bundle, runtime, threads);
        }
        let model = Arc::new(Model::beside(bundle, &other.model)?);
        let classifier = Self { model: Arc::clone(&model), pool: Arc::clone(&other.pool) };
        let off = classifier.wait_for(move |engine| deviation(&model, engine))?;
        is_close(folder, off)?;
        Ok(classifier)
    }

    fn start(bundle: Bundle, runtime: &Runtime, threads: usize) -> Result<Self, Error> {
        let model = Arc::new(Model::open(bundle)?);
        let weights = model.encoder_weights()?;
        let mut engines = Vec::new();
        for _ in 0..threads.max(1) {
            let mut engine = Engine::open(&model, runtime, &weights)?;
            is_close(&model.bundle.folder, deviation(&model, &mut engine)?)?;
            engines.push(engine);
        }
        Ok(Self { model, pool: Arc::new(Pool::start(engines)?) })
    }

    /// Whether this classifier and another run on the same threads and encoder.
    pub fn shares_with(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.pool, &other.pool)
    }

    /// Classifies one ticket and waits for it.
    ///
    /// # Errors
    /// [`Error::Inference`]; the next ticket may well be fine.
    pub fn classify(&self, subject: &str, body: &str) -> Result<Prediction, Error> {
        let (subject, body, model) = (subject.to_owned(), body.to_owned(), Arc::clone(&self.model));
        self.wait_for(move |engine| engine.classify(&model, &subject, &body))
    }

    /// Classifies texts that are normalised and redacted already ([`crate::text_of`]), on all threads; the answers in the order
    /// of the texts.
    ///
    /// # Errors
    /// [`Error::Inference`] of the first text that failed.
    pub fn classify_texts(&self, texts: Vec<String>) -> Result<Vec<Prediction>, Error> {
        let (sent, answers) = mpsc::channel();
        let asked = texts.len();
        for (n, text) in texts.into_iter().enumerate() {
            let (sent, model) = (sent.clone(), Arc::clone(&self.model));
            // The receiver is only gone when an earlier answer was an error.
            self.queue(
                move |engine| engine.classify_text(&model, &text),
                move |answer| drop(sent.send((n, answer))),
            );
        }
        drop(sent);
        let mut found = Vec::with_capacity(asked);
        for (n, answer) in answers {
            found.push((n, answer?));
        }
        found.sort_by_key(|(n, _)| *n);
        Ok(found.into_iter().map(|(_, prediction)| prediction).collect())
    }

    /// Queues one ticket; `done` is called exactly once, also when the classifier is dropped meanwhile.
    pub fn submit(&self, subject: String, body: String, done: Done) {
        let model = Arc::clone(&self.model);
        self.queue(move |engine| engine.classify(&model, &subject, &body), done);
    }

    /// The token ids [`Classifier::classify`] would run for this text, opening and closing marks included.
    ///
    /// # Errors
    /// [`Error::Inference`] with the tokenizer's reason.
    pub fn tokenise(&self, text: &str) -> Result<Vec<i64>, Error> {
        self.model.tokens.ids(&text_of("", text))
    }

    /// The encoder alone on given token ids, on a classifier thread: what a benchmark holds `classify` against.
    ///
    /// # Errors
    /// [`Error::Inference`].
    pub fn run_raw(&self, ids: &[i64]) -> Result<Vec<f32>, Error> {
        let ids = ids.to_vec();
        self.wait_for(move |engine| engine.embed(&ids))
    }

    /// The largest difference between the golden texts' recorded confidences and what this machine says, 0 to 1.
    ///
    /// # Errors
    /// [`Error::Inference`].
    pub fn parity(&self) -> Result<f32, Error> {
        let model = Arc::clone(&self.model);
        self.wait_for(move |engine| deviation(&model, engine))
    }

    /// What stands for this model in the ledger.
    pub fn digest(&self) -> &ModelDigest {
        &self.model.bundle.digest
    }

    /// Every head with its labels: what a rulebook may speak of.
    pub fn vocabulary(&self) -> BTreeMap<String, Vec<String>> {
        self.manifest().heads.iter().map(|head| (head.name.clone(), head.labels.clone())).collect()
    }

    /// How far the best label of each head must be ahead of the next, by head.
    pub fn margins(&self) -> BTreeMap<String, Confidence> {
        self.manifest().heads.iter().map(|head| (head.name.clone(), head.margin)).collect()
    }

    /// What the bundle says about itself.
    pub fn manifest(&self) -> &Manifest {
        &self.model.bundle.manifest
    }

    /// Number of tickets that no thread has taken yet.
    pub fn waiting(&self) -> usize {
        self.pool.waiting()
    }

    fn queue<T: 'static>(
        &self,
        work: impl FnOnce(&mut Engine) -> Result<T, Error> + Send + 'static,
        done: impl FnOnce(Result<T, Error>) + Send + 'static,
    ) {
        self.pool.submit(Box::new(move |engine| {
            let result = catch_unwind(AssertUnwindSafe(|| work(engine)));
            done(result.unwrap_or_else(|_| Err(Error::Inference("the classifier panicked".into()))));
        }));
    }

    fn wait_for<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Engine) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let (done, result) = mpsc::sync_channel(1);
        self.queue(work, move |answer| {
            // The receiver waits below; it cannot be gone.
            let _ = done.send(answer);
        });
        result.recv().unwrap_or_else(|_| Err(Error::Inference("the classifier has ended".into())))
    }
}

fn is_close(folder: &Path, off: f32) -> Result<(), Error> {
    if off <= TOLERANCE {
        return Ok(());
    }
    let what = format!(
        "its golden texts score differently on this machine (by up to {off:.2}); train the bundle again here"
    );
    Err(Error::Bundle(vec![BundleProblem::new(folder, what)]))
}

fn deviation(model: &Arc<Model>, engine: &mut Engine) -> Result<f32, Error> {
    let manifest = &model.bundle.manifest;
    let mut largest = 0f32;
    for golden in &manifest.golden {
        let scores = engine.scores(model, &text_of(&golden.subject, &golden.body))?;
        let names = manifest.heads.iter().map(|head| head.name.as_str()).chain([OUT_OF_SCOPE]);
        for (name, scores) in names.zip(scores) {
            let expected = golden.scores.get(name).map_or(&[][..], Vec::as_slice);
            if expected.len() != scores.len() {
                return Ok(1.0);
            }
            largest = expected.iter().zip(scores).fold(largest, |top, (e, s)| top.max((e - s).abs()));
        }
    }
    Ok(largest)
}

#[cfg(test)]
mod tests;
