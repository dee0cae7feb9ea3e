//! One decision in a few hundred bytes: everything that the figures need of a ledger entry.
//!
//! A ledger entry holds several kilobytes, most of them for `replay`. A figure needs the best
//! label, its confidence, the labels that were named, and the values that were written. The store
//! keeps these beside each entry, so that a report of a million decisions reads hundreds of
//! megabytes and not gigabytes. The labels of a bundle are the same for all of its decisions and
//! are kept once. A summary holds nothing that its entry does not hold, and depends on no setting.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use deskbridge_onnx::HeadKind;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::domain::mode::Mode;
use crate::domain::outcome::{EffectOutcome, EffectRecord, Entry};
use crate::domain::trial::named;

/// Labels of a single-label head that are kept: the best one and its runner-up.
const KEPT_OF_SINGLE: usize = 2;

/// Effects whose values agents settle later.
const SETTLED_KINDS: [&str; 4] = ["set_field", "set_priority", "assign_group", "add_tags"];

/// The heads of one bundle with all of their labels.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BundleLabels {
    /// Digest of the bundle.
    pub model: String,
    /// By head, in alphabetical order.
    pub heads: BTreeMap<String, HeadLabels>,
}

/// The labels of one head.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeadLabels {
    /// One label per ticket or several.
    pub kind: HeadKind,
    /// In alphabetical order.
    pub labels: Vec<String>,
}

impl BundleLabels {
    /// Returns a digest that differs between bundles, even between two with the same name and
    /// different labels.
    pub fn digest(&self) -> String {
        let mut hash = Sha256::new();
        let mut part = |text: &str| {
            hash.update((text.len() as u64).to_be_bytes());
            hash.update(text.as_bytes());
        };
        part(&self.model);
        for (head, of) in &self.heads {
            part(head);
            part(if of.kind == HeadKind::Single { "single" } else { "multi" });
            part(&of.labels.len().to_string());
            of.labels.iter().for_each(|label| part(label));
        }
        hex::encode(hash.finalize())
    }
}

/// Everything that the figures need of one decision.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DecisionSummary {
    /// The mode that limited decisions on the ticket.
    #[serde(rename = "m")]
    pub mode: Mode,
    /// The language found, an ISO 639-1 code; `None` where it is unknown.
    #[serde(rename = "l", default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// True where the ticket is of a kind that the model was never trained for.
    #[serde(rename = "o", default, skip_serializing_if = "is_false")]
    pub out_of_scope: bool,
    /// The answers, in the order of [`BundleLabels::heads`].
    #[serde(rename = "h")]
    pub answers: Vec<AnswerSummary>,
    /// True where the agents were shown something, or something was written.
    #[serde(rename = "a", default, skip_serializing_if = "is_false")]
    pub acted: bool,
    /// The values that were written and that agents settle later.
    #[serde(rename = "w", default, skip_serializing_if = "Vec::is_empty")]
    pub written: Vec<WrittenValue>,
    /// The challenger's answers, where there is a challenger.
    #[serde(rename = "c", default, skip_serializing_if = "Option::is_none")]
    pub challenge: Option<ChallengeSummary>,
}

/// One head's answer; labels are numbers in [`HeadLabels::labels`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct AnswerSummary(
    /// Labels with their confidence, 0 to 1, the best first: the best two of a single-label head,
    /// all of another.
    pub Vec<(u16, f32)>,
    /// The labels that were named.
    pub Vec<u16>,
);

/// A value that was written to the ticket.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WrittenValue {
    /// The effect's kind.
    #[serde(rename = "k")]
    pub kind: String,
    /// The value, as the ledger has it.
    #[serde(rename = "v")]
    pub value: serde_json::Value,
}

/// A challenger's answers beside the live ones.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChallengeSummary {
    /// Digest of the challenger.
    #[serde(rename = "m")]
    pub model: String,
    /// Head, the labels of the live bundle, the labels of the challenger.
    #[serde(rename = "h")]
    pub heads: Vec<(String, BTreeSet<String>, BTreeSet<String>)>,
}

/// A summary with its place in the ledger.
#[derive(Clone, Debug, PartialEq)]
pub struct SummarisedDecision {
    /// The ledger's id.
    pub id: i64,
    /// The time of the decision.
    pub decided_at: Timestamp,
    /// The account's name.
    pub account: String,
    /// The ticket on its platform.
    pub ticket: String,
    /// The labels that the answers' numbers stand for.
    pub bundle: Arc<BundleLabels>,
    /// The decision.
    pub summary: DecisionSummary,
    /// True where no earlier decision of the time asked about is the same bundle's on the same
    /// ticket.
    pub is_first: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_false(value: &bool) -> bool {
    !value
}

impl DecisionSummary {
    /// Summarises a ledger entry; `None` where nothing was decided.
    pub fn of(entry: &Entry) -> Option<(BundleLabels, Self)> {
        let prediction = &entry.snapshot.as_ref()?.prediction;
        let mut heads = BTreeMap::new();
        let mut answers = Vec::with_capacity(prediction.heads.len());
        for (head, scored) in &prediction.heads {
            let known: BTreeSet<&String> =
                scored.ranked.iter().map(|(label, _)| label).chain(&scored.chosen).collect();
            let labels: Vec<String> = known.into_iter().cloned().collect();
            let number =
                |label: &String| labels.binary_search(label).ok().and_then(|place| u16::try_from(place).ok());
            let reach = match scored.kind {
                HeadKind::Single => KEPT_OF_SINGLE,
                HeadKind::Multi => scored.ranked.len(),
            };
            let best = scored.ranked.iter().take(reach);
            let best = best.filter_map(|(label, confidence)| Some((number(label)?, *confidence)));
            let named = scored.chosen.iter().filter_map(number);
            answers.push(AnswerSummary(best.collect(), named.collect()));
            heads.insert(head.clone(), HeadLabels { kind: scored.kind, labels });
        }
        let did = |state: EffectOutcome| entry.effects.iter().filter(move |effect| effect.state == state);
        let settled = |effect: &&EffectRecord| SETTLED_KINDS.contains(&effect.kind.as_str());
        let written = did(EffectOutcome::Applied)
            .filter(settled)
            .map(|effect| WrittenValue { kind: effect.kind.clone(), value: effect.value.clone() });
        let code = &prediction.language.code;
        let summary = Self {
            mode: entry.mode,
            language: (code != "und").then(|| code.clone()),
            out_of_scope: prediction.out_of_scope.is_some_and(|scope| scope.is),
            answers,
            acted: did(EffectOutcome::Applied).chain(did(EffectOutcome::Suggested)).next().is_some(),
            written: written.collect(),
            challenge: challenge(entry),
        };
        Some((BundleLabels { model: prediction.model.clone(), heads }, summary))
    }
}

fn challenge(entry: &Entry) -> Option<ChallengeSummary> {
    let (trial, _) = entry.challenger.as_ref().zip(entry.digests.as_ref())?;
    let heads = trial.heads.as_object().into_iter().flatten();
    let both =
        heads.filter_map(|(head, other)| Some((head.clone(), named(entry.heads.get(head)?), named(other))));
    Some(ChallengeSummary { model: trial.model.clone(), heads: both.collect() })
}

impl SummarisedDecision {
    /// Returns each head with its labels and its answer.
    pub fn answers(&self) -> impl Iterator<Item = (&String, &HeadLabels, &AnswerSummary)> {
        let heads = self.bundle.heads.iter().zip(&self.summary.answers);
        heads.map(|((head, labels), answer)| (head, labels, answer))
    }
}

impl HeadLabels {
    /// Returns the label with this number; empty for a number that no label has.
    pub fn name(&self, number: u16) -> &str {
        self.labels.get(usize::from(number)).map_or("", String::as_str)
    }
}

#[cfg(test)]
mod tests;
