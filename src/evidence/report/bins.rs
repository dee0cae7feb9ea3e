//! Answers counted by their confidence, in bins of 0.001: what curves and thresholds are made of.
//!
//! A bar lies at the lower edge of a bin. It lets through every answer of that bin and of those above, so that no answer is counted
//! on the wrong side of a bar; only bars between two edges are not looked at. The counts of a label take a few kilobytes, however
//! many tickets there are.

/// Bins between 0 and 1; a confidence of 1 has one of its own.
pub const BINS: usize = 1000;

/// Counts of answers by confidence.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConfidenceBins {
    /// Empty until the first answer.
    bins: Vec<BinCount>,
}

/// The answers of one bin.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BinCount {
    /// How many.
    pub n: u32,
    /// How many of them were right.
    pub right: u32,
}

impl ConfidenceBins {
    /// Counts an answer.
    pub fn add(&mut self, confidence: f32, right: bool) {
        if self.bins.is_empty() {
            self.bins = vec![BinCount::default(); BINS + 1];
        }
        let bin = &mut self.bins[place(confidence)];
        bin.n += 1;
        bin.right += u32::from(right);
    }

    /// Returns the bars with the answers that each lets in for the first time, from the highest bar; empty bins are left out.
    pub fn from_highest(&self) -> impl Iterator<Item = (f64, BinCount)> + '_ {
        let bins = self.bins.iter().enumerate().rev().filter(|(_, bin)| bin.n > 0);
        bins.map(|(at, bin)| (at as f64 / BINS as f64, *bin))
    }

    /// Returns the answers that a bar lets through, and the right ones among them.
    pub fn at_least(&self, bar: f64) -> (usize, usize) {
        let through = self.from_highest().take_while(|(edge, _)| *edge >= bar);
        through.fold((0, 0), |(n, right), (_, bin)| (n + bin.n as usize, right + bin.right as usize))
    }
}

/// What single precision rounds off is given back, so that 0.9 is the edge of its own bin.
fn place(confidence: f32) -> usize {
    let thousandths = f64::from(confidence.clamp(0.0, 1.0)) * BINS as f64;
    ((thousandths + ROUNDED) as usize).min(BINS)
}

/// More than single precision rounds off a confidence, in bins.
const ROUNDED: f64 = 1e-4;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_confidence_is_in_the_bin_that_it_begins() {
        for thousandths in 0..=1000u16 {
            let confidence = f32::from(thousandths) / 1000.0;
            assert_eq!(place(confidence), usize::from(thousandths), "{confidence}");
        }
        assert_eq!((place(-1.0), place(2.0), place(f32::NAN)), (0, 1000, 0));
    }

    #[test]
    fn a_bar_lets_its_own_bin_through() {
        let mut bins = ConfidenceBins::default();
        assert_eq!((bins.at_least(0.0), bins.from_highest().count()), ((0, 0), 0));
        for (confidence, right) in [(0.9, true), (0.9004, false), (0.7, true)] {
            bins.add(confidence, right);
        }
        assert_eq!((bins.at_least(0.9), bins.at_least(0.901), bins.at_least(0.0)), ((2, 1), (0, 0), (3, 2)));
    }
}
