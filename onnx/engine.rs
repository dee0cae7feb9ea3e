//! One worker's whole path from text to prediction: tokens, encoder, lexicon, heads, thresholds, language.
//!
//! Owned by one thread. All heads come from one encoder pass. Never keeps anything of a ticket.

use std::sync::Arc;

use crate::bundle::{Bundle, ENCODER, HEADS, HeadEntry, LEXICON, TOKENIZER};
use crate::encode::Tokens;
use crate::error::{BundleProblem, Error};
use crate::language;
use crate::lexicon::{self, Lexicon, Weights};
use crate::normalise::text_of;
use crate::prediction::{HeadKind, OUT_OF_SCOPE, OutOfScope, Prediction, Scored};
use crate::runtime::Runtime;
use crate::session::{EncoderSession, HeadsSession};

/// What the workers share.
pub(crate) struct Model {
    pub(crate) bundle: Bundle,
    pub(crate) tokens: Tokens,
    lexicon: Lexicon,
    weights: Weights,
}

impl Model {
    pub(crate) fn open(bundle: Bundle) -> Result<Self, Error> {
        let broken =
            |file: &std::path::Path, what: String| Error::Bundle(vec![BundleProblem::new(file, what)]);
        let file = bundle.folder.join(TOKENIZER);
        let tokens =
            Tokens::open(&file, bundle.manifest.manners()).map_err(|e| broken(&file, e.to_string()))?;
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
}

/// Sessions of one thread.
pub(crate) struct Engine {
    model: Arc<Model>,
    encoder: EncoderSession,
    heads: HeadsSession,
}

impl Engine {
    pub(crate) fn open(model: Arc<Model>, runtime: &Runtime) -> Result<Self, Error> {
        let folder = &model.bundle.folder;
        let refused = |name: &str, e: &Error| {
            Error::Bundle(vec![BundleProblem::new(&folder.join(name), e.to_string())])
        };
        let encoder =
            EncoderSession::open(&folder.join(ENCODER), runtime).map_err(|e| refused(ENCODER, &e))?;
        let heads = HeadsSession::open(&folder.join(HEADS), runtime).map_err(|e| refused(HEADS, &e))?;
        let named = model.bundle.manifest.heads.iter().map(|h| h.name.as_str()).chain([OUT_OF_SCOPE]);
        if !heads.outputs().iter().map(String::as_str).eq(named) {
            let what = "its outputs are not the manifest's heads; train the bundle again";
            return Err(Error::Bundle(vec![BundleProblem::new(&folder.join(HEADS), what)]));
        }
        Ok(Self { model, encoder, heads })
    }

    /// The encoder alone, on token ids.
    pub(crate) fn embed(&mut self, ids: &[i64]) -> Result<Vec<f32>, Error> {
        self.encoder.run(ids)
    }

    /// Each head's confidences, in the order of the manifest, and the out-of-scope score as the last.
    pub(crate) fn scores(&mut self, text: &str) -> Result<Vec<Vec<f32>>, Error> {
        let model = &self.model;
        let ids = model.tokens.ids(text)?;
        let margins = model.weights.margins(&model.lexicon.features(text));
        let embedding = self.encoder.run(&ids)?;
        let scores = self.heads.run(&embedding, &margins)?;
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
    pub(crate) fn classify(&mut self, subject: &str, body: &str) -> Result<Prediction, Error> {
        self.classify_text(&text_of(subject, body))
    }

    /// The prediction for a text that is normalised and redacted already.
    pub(crate) fn classify_text(&mut self, text: &str) -> Result<Prediction, Error> {
        let scores = self.scores(text)?;
        let bundle = &self.model.bundle;
        let score = scores.last().and_then(|score| score.first()).copied().unwrap_or_default();
        let out_of_scope = OutOfScope { score, is: score >= OutOfScope::BAR };
        let heads = bundle.manifest.heads.iter().zip(scores);
        let heads = heads.map(|(h, s)| (h.name.clone(), judge(h, &s, out_of_scope.is))).collect();
        let language = language::detect(text);
        Ok(Prediction { heads, language, model: bundle.digest.to_string(), out_of_scope: Some(out_of_scope) })
    }
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
