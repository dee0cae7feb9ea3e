//! A bundle for day one: from descriptions of labels alone, before there is a single labelled ticket.
//!
//! A ticket is held against each label's description in the encoder's space, and the nearest one is named. How confident that may
//! sound cannot be fitted without tickets, so it is set for all such bundles alike, by what was measured on ticket sets of
//! several kinds, and the bundle says of itself that it is zero-shot. Words that only say what does *not* belong to a label
//! are left out: the encoder does not hear the "not".

use std::path::{Path, PathBuf};

use ndarray::{Array1, Array2};

use crate::blend::Blend;
use crate::bundle::ScopeMetrics;
use crate::bundle::{ENCODER, HeadEntry, Made, TOKENIZER, Training};
use crate::convert::manners;
use crate::digest::ModelDigest;
use crate::encode::Tokens;
use crate::error::Error;
use crate::lexicon::Lexicon;
use crate::normalise::clean;
use crate::prediction::{HeadKind, OUT_OF_SCOPE};
use crate::runtime::Runtime;
use crate::train::assemble::{self, Parts};
use crate::train::fit::Linear;
use crate::train::margin::Margins;
use crate::train::scope::{self, Scope};
use crate::train::{Problem, features, judge, put_encoder};

/// The confidence that a label needs.
const THRESHOLD: f32 = 0.7;

// Encoders differ in how near to each other they put any two texts: cosines of descriptions lie about 0.25 with one and 0.85 with
// another. What follows is in units of the room between that and one, where the encoders measured agree.

/// What a label's whole room is worth in logits; confidences then meet the share that is right within some five points, on
/// short questions and long mails alike.
const SHARPNESS: f32 = 12.8;
/// In a head of several labels, how near makes one as probable as not.
const EVEN: f32 = 0.2;
/// A ticket that is no nearer to any label's description is out of scope: two in a hundred real tickets are.
const STRANGE: f32 = -0.3;
/// How much nearer it must be to what is described as out of scope than to any label, for the same share.
const STRANGER_BY: f32 = 0.13;

/// How near the descriptions are to each other, and so what a cosine says.
#[derive(Clone, Copy)]
struct Measure {
    middle: f32,
    room: f32,
}

impl Measure {
    /// Of descriptions, in columns of length one.
    fn of(labels: &Array2<f32>) -> Self {
        let count = labels.ncols() as f32;
        let cosines = labels.t().dot(labels).sum() - count;
        let middle = (cosines / (count * (count - 1.0))).clamp(-1.0, 0.95);
        Self { middle, room: 1.0 - middle }
    }

    fn sharpness(self) -> f32 {
        SHARPNESS / self.room
    }

    /// The cosine at this share of the room.
    fn at(self, share: f32) -> f32 {
        self.middle + share * self.room
    }
}

/// One head as it is described.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Described {
    /// Its name.
    pub name: String,
    /// One label or several.
    pub kind: HeadKind,
    /// Labels and what they are about. [`OUT_OF_SCOPE`] describes what is none of the desk's business.
    pub labels: Vec<(String, String)>,
}

/// Makes a bundle in `out` from the descriptions. `made_at` is the date, as it goes into the manifest.
///
/// # Errors
/// Everything that keeps it from being made; nothing is written then.
pub fn zero_shot(
    heads: &[Described],
    encoder: &Path,
    out: &Path,
    made_at: &str,
    runtime: &Runtime,
) -> Result<ModelDigest, Vec<Problem>> {
    let problems = heads.iter().filter(|head| head.known().count() < 2).map(|head| {
        Problem::general(format!(
            "head {} has fewer than two labels; there is nothing to tell apart",
            head.name
        ))
    });
    let problems: Vec<Problem> = problems.collect();
    if heads.is_empty() || !problems.is_empty() {
        return Err(if problems.is_empty() { vec![Problem::general("there is no head")] } else { problems });
    }
    assemble::in_a_folder_of_its_own(out, |building| build(heads, encoder, building, out, made_at, runtime))
}

impl Described {
    fn known(&self) -> impl Iterator<Item = &(String, String)> {
        self.labels.iter().filter(|(label, _)| label != OUT_OF_SCOPE)
    }

    fn strange(&self) -> impl Iterator<Item = &(String, String)> {
        self.labels.iter().filter(|(label, _)| label == OUT_OF_SCOPE)
    }
}

fn build(
    heads: &[Described],
    encoder: &Path,
    building: &Path,
    out: &Path,
    made_at: &str,
    runtime: &Runtime,
) -> Result<ModelDigest, Vec<Problem>> {
    let general = |e: Error| vec![Problem::general(e.to_string())];
    let manners = manners::of(encoder).map_err(|what| vec![Problem::general(what)])?;
    let encoder = put_encoder(encoder, building)?;
    let tokens = Tokens::open(&building.join(TOKENIZER), manners.clone()).map_err(general)?;
    let model: PathBuf = building.join(ENCODER);
    let embed = |texts: &[String]| {
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        features::embed(&texts, &model, &tokens, runtime, &|_| ()).map_err(general)
    };
    let (mut entries, mut margins) = (Vec::new(), Vec::new());
    for head in heads {
        let texts: Vec<String> = head.known().map(|(label, about)| told(label, about)).collect();
        let near = embed(&texts)?.reversed_axes();
        entries.push(entry(head, near));
        margins.push(Margins { weights: vec![vec![]; texts.len()], bias: vec![0.0; texts.len()] });
    }
    let strange: Vec<String> =
        heads.iter().flat_map(Described::strange).map(|(_, about)| without_not(about)).collect();
    let strange = if strange.is_empty() { None } else { Some(embed(&strange)?) };
    let training = Training {
        made: Made::ZeroShot,
        tickets: 0,
        trained_at: made_at.to_owned(),
        seed: 0,
        metrics: Default::default(),
        out_of_scope: ScopeMetrics::default(),
    };
    let scope = scope(&entries, strange.as_ref());
    let parts =
        Parts { encoder, manners, heads: entries, margins, lexicon: Lexicon::learn(&[], 1), scope, training };
    assemble::assemble(parts, building, out, runtime)
}

/// What a label is, in the words that are held against a ticket's.
fn told(label: &str, about: &str) -> String {
    let name = label.replace(['_', '-'], " ");
    clean(&format!("{name}. {}", without_not(about)))
}

/// The description without the sentences that say what does not belong: "Not: prices before buying."
fn without_not(about: &str) -> String {
    let positive = about.split_inclusive(['.', ';', '!']).filter(|sentence| {
        let first = sentence.trim_start().split(|c: char| !c.is_alphabetic()).next().unwrap_or_default();
        !first.eq_ignore_ascii_case("not")
    });
    clean(&positive.collect::<String>())
}

fn entry(head: &Described, near: Array2<f32>) -> (HeadEntry, Linear) {
    let labels: Vec<String> = head.known().map(|(label, _)| label.clone()).collect();
    let measure = Measure::of(&near);
    let sharpness = measure.sharpness();
    let shift = if head.kind == HeadKind::Multi { -f64::from(sharpness * measure.at(EVEN)) } else { 0.0 };
    let entry = HeadEntry {
        name: head.name.clone(),
        kind: head.kind,
        tie: None,
        thresholds: labels.iter().map(|label| (label.clone(), THRESHOLD)).collect(),
        blend: Blend { encoder: f64::from(sharpness), lexicon: 0.0, shift },
        margin: judge::MARGIN,
        labels,
    };
    let bias = Array1::zeros(entry.labels.len());
    (entry, Linear { weights: near, bias })
}

/// Out of scope is what is near to no label, or nearer to what is described as such.
fn scope(entries: &[(HeadEntry, Linear)], strange: Option<&Array2<f32>>) -> Scope {
    let head = (0..entries.len()).max_by_key(|&n| entries[n].1.weights.ncols()).unwrap_or(0);
    let centres = entries[head].1.weights.clone();
    let width = centres.nrows();
    let line =
        strange.and_then(|rows| rows.mean_axis(ndarray::Axis(0))).unwrap_or_else(|| Array1::zeros(width));
    let measure = Measure::of(&centres);
    let sharpness = measure.sharpness();
    let [mut far, mut stranger] = [[0.0; scope::SIGNS]; 2];
    // The signs: best logit, nearness of the nearest label, nearness to what is described as none of the desk's business.
    far[1] = -sharpness;
    stranger[1] = -sharpness;
    stranger[2] = sharpness;
    let far_bias = sharpness * measure.at(STRANGE);
    let (learnt, learnt_bias) = match strange {
        Some(_) => (stranger, -STRANGER_BY * measure.room * sharpness),
        None => (far, far_bias),
    };
    Scope {
        head,
        centres,
        line: (line, 0.0),
        odd: None,
        weights: [far, learnt],
        bias: [far_bias, learnt_bias],
    }
}

#[cfg(test)]
mod tests;
