//! One worker's whole path from text to prediction: tokens, encoder, lexicon, heads, thresholds, language.
//!
//! Owned by one thread. All heads come from one encoder pass, and models with the same encoder share it: a second one costs its
//! heads and its lexicon. Never keeps anything of a ticket.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Weak};

use crate::bundle::{Bundle, ENCODER, HEADS, HeadEntry, LEXICON, TOKENIZER};
use crate::encode::Tokens;
use crate::error::{BundleProblem, Error};
use crate::language;
use crate::lexicon::{self, Lexicon, Weights};
use crate::normalise::text_of;
use crate::prediction::{HeadKind, OUT_OF_SCOPE, OutOfScope, Prediction, Scored};
use crate::runtime::Runtime;
use crate::session::{EncoderSession, HeadsSession};
use crate::weights::EncoderWeights;

/// What the workers share.
pub(crate) struct Model {
    pub(crate) bundle: Bundle,
    pub(crate) tokens: Arc<Tokens>,
    lexicon: Lexicon,
    weights: Weights,
}

impl Model {
    pub(crate) fn open(bundle: Bundle) -> Result<Self, Error> {
        let file = bundle.folder.join(TOKENIZER);
        let tokens =
            Tokens::open(&file, bundle.manifest.manners()).map_err(|e| broken(&file, e.to_string()))?;
        Self::with(bundle, Arc::new(tokens))
    }

    /// A model that puts its texts to the same encoder as another, in the same manner.
    pub(crate) fn beside(bundle: Bundle, other: &Self) -> Result<Self, Error> {
        Self::with(bundle, Arc::clone(&other.tokens))
    }

    fn with(bundle: Bundle, tokens: Arc<Tokens>) -> Result<Self, Error> {
        let file = bundle.folder.join(LEXICON);
        let (lexicon, weights) = std::fs::read(&file)
            .map_err(|e| e.to_string())
            .and_then(|bytes| lexicon::read(&bytes))
            .map_err(|what| broken(&file, what))?;
        let labels: usize = bundle.manifest.heads.iter().map(|head| head.labels.len()).sum();
        // One more where tickets taught what is out of scope.
        if ![labels, labels + 1].contains(&weights.steps.len()) {
            return Err(broken(&file, "its labels are not the manifest's; train the bundle again".into()));
        }
        Ok(Self { bundle, tokens, lexicon, weights })
    }

    /// What all engines on this model's encoder hold together.
    pub(crate) fn encoder_weights(&self) -> Result<EncoderWeights, Error> {
        let file = self.bundle.folder.join(ENCODER);
        EncoderWeights::read(&file).map_err(|e| broken(&file, e.to_string()))
    }

    fn open_heads(&self, runtime: &Runtime) -> Result<HeadsSession, Error> {
        let file = self.bundle.folder.join(HEADS);
        let heads = HeadsSession::open(&file, runtime).map_err(|e| broken(&file, e.to_string()))?;
        let named = self.bundle.manifest.heads.iter().map(|h| h.name.as_str()).chain([OUT_OF_SCOPE]);
        if !heads.outputs().iter().map(String::as_str).eq(named) {
            return Err(broken(
                &file,
                "its outputs are not the manifest's heads; train the bundle again".into(),
            ));
        }
        Ok(heads)
    }
}

fn broken(file: &Path, what: String) -> Error {
    Error::Bundle(vec![BundleProblem::new(file, what)])
}

/// Sessions of one thread: an encoder, and the heads of every model that speaks through it.
pub(crate) struct Engine {
    runtime: Runtime,
    encoder: EncoderSession,
    heads: Vec<(Weak<Model>, HeadsSession)>,
}

impl Engine {
    pub(crate) fn open(
        model: &Arc<Model>,
        runtime: &Runtime,
        weights: &EncoderWeights,
    ) -> Result<Self, Error> {
        let file = model.bundle.folder.join(ENCODER);
        let encoder = EncoderSession::open_sharing(&file, runtime, weights)
            .map_err(|e| broken(&file, e.to_string()))?;
        let heads = vec![(Arc::downgrade(model), model.open_heads(runtime)?)];
        Ok(Self { runtime: runtime.clone(), encoder, heads })
    }

    /// The encoder alone, on token ids.
    pub(crate) fn embed(&mut self, ids: &[i64]) -> Result<Vec<f32>, Error> {
        self.encoder.run(ids)
    }

    /// Runs the heads of a model; a model that came later opens them here, those of models that are gone are closed.
    fn run_heads(
        &mut self,
        model: &Arc<Model>,
        embedding: &[f32],
        margins: &[f32],
    ) -> Result<Vec<Vec<f32>>, Error> {
        let at = self.heads.iter().position(|(known, _)| std::ptr::eq(known.as_ptr(), Arc::as_ptr(model)));
        let at = match at {
            Some(at) => at,
            None => {
                self.heads.retain(|(known, _)| known.strong_count() > 0);
                self.heads.push((Arc::downgrade(model), model.open_heads(&self.runtime)?));
                self.heads.len() - 1
            }
        };
        self.heads[at].1.run(embedding, margins)
    }

    /// Each head's confidences, in the order of the manifest, and the out-of-scope score as the last.
    pub(crate) fn scores(&mut self, model: &Arc<Model>, text: &str) -> Result<Vec<Vec<f32>>, Error> {
        let ids = model.tokens.ids(text)?;
        let margins = model.weights.margins(&model.lexicon.features(text));
        let embedding = self.encoder.run(&ids)?;
        let scores = self.run_heads(model, &embedding, &margins)?;
        let sizes = model.bundle.manifest.heads.iter().map(|h| h.labels.len()).chain([1]);
        // A confidence that is no number would compare as neither above nor below any threshold.
        let numbers = scores.iter().flatten().all(|v| v.is_finite());
        if numbers && scores.iter().map(Vec::len).eq(sizes) {
            Ok(scores)
        } else {
            Err(Error::Inference("the heads gave scores that are no confidences".into()))
        }
    }

    /// The whole prediction.
    pub(crate) fn classify(
        &mut self,
        model: &Arc<Model>,
        subject: &str,
        body: &str,
    ) -> Result<Prediction, Error> {
        self.classify_text(model, &text_of(subject, body))
    }

    /// The prediction for a text that is normalised and redacted already.
    pub(crate) fn classify_text(&mut self, model: &Arc<Model>, text: &str) -> Result<Prediction, Error> {
        let scores = self.scores(model, text)?;
        let bundle = &model.bundle;
        let score = scores.last().and_then(|score| score.first()).copied().unwrap_or_default();
        let out_of_scope = OutOfScope { score, is: score >= OutOfScope::BAR };
        let heads = bundle.manifest.heads.iter().zip(scores);
        let heads = heads.map(|(h, s)| (h.name.clone(), judge(h, &s, out_of_scope.is))).collect();
        let heads = of_one_mind(heads, &bundle.manifest.heads);
        let language = language::detect(text);
        Ok(Prediction { heads, language, model: bundle.digest.to_string(), out_of_scope: Some(out_of_scope) })
    }
}

/// A finer label is only named under the coarser label that is most probable: two heads that contradict each other are unsure.
fn of_one_mind(mut heads: BTreeMap<String, Scored>, entries: &[HeadEntry]) -> BTreeMap<String, Scored> {
    for entry in entries {
        let Some(tie) = entry.finer_tie() else { continue };
        let above = heads.get(&tie.head).and_then(Scored::best).map(|(label, _)| label.to_owned());
        if let Some(own) = heads.get_mut(&entry.name) {
            own.chosen.retain(|label| tie.under.get(label) == above.as_ref());
        }
    }
    heads
}

/// Ranks a head's labels and picks those that pass its thresholds; none for a ticket that is out of scope.
pub(crate) fn judge(head: &HeadEntry, scores: &[f32], out_of_scope: bool) -> Scored {
    let mut ranked: Vec<(String, f32)> = head.labels.iter().cloned().zip(scores.iter().copied()).collect();
    // Equal scores stay in the manifest's order: the same ticket gets the same answer.
    ranked.sort_by(|a, b| b.1.total_cmp(&a.1));
    let mut scored = Scored { kind: head.kind, ranked, chosen: vec![], threshold: head.thresholds.clone() };
    let passes = |(label, c): &&(String, f32)| head.thresholds.get(label).is_some_and(|t| c >= t);
    scored.chosen = match head.kind {
        _ if out_of_scope => vec![],
        HeadKind::Single if scored.margin() < head.margin => vec![],
        HeadKind::Single => {
            scored.ranked.first().filter(passes).map(|(l, _)| l.clone()).into_iter().collect()
        }
        HeadKind::Multi => scored.ranked.iter().filter(passes).map(|(l, _)| l.clone()).collect(),
    };
    scored
}
