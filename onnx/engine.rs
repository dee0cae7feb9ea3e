//! One worker's whole path from text to prediction: tokens, encoder, heads, thresholds, language.
//!
//! Owned by one thread. All heads come from one encoder pass. Never keeps anything of a ticket.

use std::sync::Arc;

use crate::bundle::{Bundle, ENCODER, HEADS, HeadEntry, TOKENIZER};
use crate::encode::{Tokens, text_of};
use crate::error::{BundleProblem, Error};
use crate::language;
use crate::prediction::{HeadKind, Prediction, Scored};
use crate::runtime::Runtime;
use crate::session::{EncoderSession, HeadsSession};

/// What the workers share.
pub(crate) struct Model {
    pub(crate) bundle: Bundle,
    pub(crate) tokens: Tokens,
}

impl Model {
    pub(crate) fn open(bundle: Bundle) -> Result<Self, Error> {
        let file = bundle.folder.join(TOKENIZER);
        let tokens = Tokens::open(&file, bundle.manifest.max_length)
            .map_err(|e| Error::Bundle(vec![BundleProblem::new(&file, e.to_string())]))?;
        Ok(Self { bundle, tokens })
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
        let named = model.bundle.manifest.heads.iter().map(|h| &h.name);
        if !heads.outputs().iter().eq(named) {
            let what = "its outputs are not the manifest's heads; train the bundle again";
            return Err(Error::Bundle(vec![BundleProblem::new(&folder.join(HEADS), what)]));
        }
        Ok(Self { model, encoder, heads })
    }

    /// The encoder alone, on token ids.
    pub(crate) fn embed(&mut self, ids: &[i64]) -> Result<Vec<f32>, Error> {
        self.encoder.run(ids)
    }

    /// Each head's confidences, in the order of the manifest.
    pub(crate) fn scores(&mut self, text: &str) -> Result<Vec<Vec<f32>>, Error> {
        let ids = self.model.tokens.ids(text)?;
        let embedding = self.encoder.run(&ids)?;
        let scores = self.heads.run(&embedding)?;
        let fits = scores.iter().zip(&self.model.bundle.manifest.heads).all(|(s, h)| {
            // A confidence that is no number would compare as neither above nor below any threshold.
            s.len() == h.labels.len() && s.iter().all(|v| v.is_finite())
        });
        if fits {
            Ok(scores)
        } else {
            Err(Error::Inference("the heads gave scores that are no confidences".into()))
        }
    }

    /// The whole prediction.
    pub(crate) fn classify(&mut self, subject: &str, body: &str) -> Result<Prediction, Error> {
        let text = text_of(subject, body);
        let scores = self.scores(&text)?;
        let bundle = &self.model.bundle;
        let heads = bundle.manifest.heads.iter().zip(scores).map(|(h, s)| (h.name.clone(), judge(h, &s)));
        let heads = heads.collect();
        Ok(Prediction { heads, language: language::detect(&text), model: bundle.digest.to_string() })
    }
}

/// Ranks a head's labels and picks those that pass its thresholds.
pub(crate) fn judge(head: &HeadEntry, scores: &[f32]) -> Scored {
    let mut ranked: Vec<(String, f32)> = head.labels.iter().cloned().zip(scores.iter().copied()).collect();
    // Equal scores stay in the manifest's order: the same ticket gets the same answer.
    ranked.sort_by(|a, b| b.1.total_cmp(&a.1));
    let mut scored = Scored { kind: head.kind, ranked, chosen: vec![], threshold: head.thresholds.clone() };
    let passes = |(label, c): &&(String, f32)| head.thresholds.get(label).is_some_and(|t| c >= t);
    scored.chosen = match head.kind {
        HeadKind::Single if scored.margin() < head.margin => vec![],
        HeadKind::Single => {
            scored.ranked.first().filter(passes).map(|(l, _)| l.clone()).into_iter().collect()
        }
        HeadKind::Multi => scored.ranked.iter().filter(passes).map(|(l, _)| l.clone()).collect(),
    };
    scored
}
