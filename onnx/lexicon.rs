//! The words and letter groups of a text as numbers: what the encoder blurs, names and codes and jargon, stays sharp.
//!
//! TF-IDF of words (one and two) and of letter groups (three to five, within words), each part of length one.
//! [`Lexicon::features`] is the only way from text to these numbers, in training and in serving. Terms are kept as
//! hashes: a lexicon holds no word of any ticket. Never allocates by the size of the lexicon.

mod file;
mod terms;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

pub(crate) use self::file::{read, write};
pub(crate) use self::terms::{Counts, count};

/// How many bytes a lexicon with its weights may fill.
const BUDGET: usize = 4_000_000;

/// A text's numbers: term's place → value, places ascending.
pub(crate) type Sparse = Vec<(u32, f32)>;

/// The terms known from training, and what each is worth.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Lexicon {
    /// Hash → place; a term's part (word or letters) is in its hash.
    places: HashMap<u32, u32, std::hash::BuildHasherDefault<terms::Ready>>,
    /// By place: hash, and inverse document frequency.
    terms: Vec<(u32, f32)>,
}

impl Lexicon {
    /// Learns the terms of these texts. `labels` is the number of all heads' labels: each term will have a weight for
    /// every one, so the more there are, the fewer terms fit; those in the most texts are kept.
    pub(crate) fn learn(texts: &[&Counts], labels: usize) -> Self {
        let mut seen: HashMap<u32, usize> = HashMap::new();
        texts
            .iter()
            .flat_map(|counts| counts.iter())
            .for_each(|(hash, _)| *seen.entry(*hash).or_default() += 1);
        let mut seen: Vec<(u32, usize)> = seen.into_iter().collect();
        let most = BUDGET / (size_of::<(u32, f32)>() + labels);
        seen.sort_unstable_by_key(|&(hash, n)| (std::cmp::Reverse(n), hash));
        seen.truncate(most);
        seen.sort_unstable();
        let idf = |n: usize| ((1.0 + texts.len() as f64) / (1.0 + n as f64)).ln() as f32 + 1.0;
        Self::of(seen.into_iter().map(|(hash, n)| (hash, idf(n))).collect())
    }

    fn of(terms: Vec<(u32, f32)>) -> Self {
        let places = (0u32..).zip(&terms).map(|(place, (hash, _))| (*hash, place)).collect();
        Self { places, terms }
    }

    /// Number of terms.
    pub(crate) fn len(&self) -> usize {
        self.terms.len()
    }

    /// A text's numbers.
    pub(crate) fn features(&self, text: &str) -> Sparse {
        self.weigh(&count(text))
    }

    /// The numbers of a text whose terms are counted already.
    pub(crate) fn weigh(&self, counts: &Counts) -> Sparse {
        let mut out: Sparse = Vec::with_capacity(counts.len());
        let mut squares = [0f32; 2];
        for &(hash, n) in counts {
            if let Some(&place) = self.places.get(&hash) {
                let value = (1.0 + (n as f32).ln()) * self.terms[place as usize].1;
                squares[terms::part(hash)] += value * value;
                out.push((place, value));
            }
        }
        let scale = squares.map(|sum| if sum > 0.0 { sum.sqrt().recip() } else { 0.0 });
        for (place, value) in &mut out {
            *value *= scale[terms::part(self.terms[*place as usize].0)];
        }
        out
    }
}

/// A head's weights for every term, eight bits each, by place and then label.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Weights {
    /// One a label: what an eight-bit step is worth.
    pub(crate) steps: Vec<f32>,
    /// One a label.
    pub(crate) bias: Vec<f32>,
    /// `[terms, labels]`.
    pub(crate) table: Vec<i8>,
}

impl Weights {
    /// Rounds weights `[label][term]` and puts them beside each other.
    pub(crate) fn round(weights: &[Vec<f32>], bias: Vec<f32>) -> Self {
        let top = |row: &Vec<f32>| row.iter().fold(f32::MIN_POSITIVE, |top, w| top.max(w.abs()));
        let steps: Vec<f32> = weights.iter().map(|row| top(row) / 127.0).collect();
        let terms = weights.first().map_or(0, Vec::len);
        let rounded =
            |term: usize| weights.iter().zip(&steps).map(move |(row, step)| (row[term] / step).round() as i8);
        Self { table: (0..terms).flat_map(rounded).collect(), steps, bias }
    }

    /// The margins of every label.
    pub(crate) fn margins(&self, features: &Sparse) -> Vec<f32> {
        let labels = self.steps.len();
        let mut sums = vec![0f32; labels];
        for &(place, value) in features {
            let row = &self.table[place as usize * labels..][..labels];
            sums.iter_mut().zip(row).for_each(|(sum, w)| *sum += value * f32::from(*w));
        }
        sums.iter().zip(&self.steps).zip(&self.bias).map(|((sum, step), bias)| sum * step + bias).collect()
    }
}
