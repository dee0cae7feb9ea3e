//! Bounds: `>=0.8` on a score, `>=3` on a count, `>2h` on an age.

use std::fmt;
use std::time::Duration;

/// How a value is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::rulebook) enum Sign {
    AtLeast,
    Above,
    AtMost,
    Below,
}

impl Sign {
    /// The sign and the rest; without one it means at least.
    fn split(text: &str) -> (Self, &str) {
        let text = text.trim();
        [(">=", Self::AtLeast), ("<=", Self::AtMost), (">", Self::Above), ("<", Self::Below)]
            .into_iter()
            .find_map(|(word, sign)| Some((sign, text.strip_prefix(word)?.trim())))
            .unwrap_or((Self::AtLeast, text))
    }

    fn compare<T: PartialOrd>(self, seen: T, bound: T) -> bool {
        match self {
            Self::AtLeast => seen >= bound,
            Self::Above => seen > bound,
            Self::AtMost => seen <= bound,
            Self::Below => seen < bound,
        }
    }
}

impl fmt::Display for Sign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AtLeast => ">=",
            Self::Above => ">",
            Self::AtMost => "<=",
            Self::Below => "<",
        })
    }
}

/// A bound on a confidence or a margin.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::rulebook) struct Bound {
    pub(in crate::rulebook) sign: Sign,
    pub(in crate::rulebook) value: f32,
}

/// Confidences are 32-bit; a bound written as 0.8 must hold for a score of 0.8.
pub(super) const ROUNDING: f32 = 1e-6;

impl Bound {
    pub(super) fn at_least(value: f32) -> Self {
        Self { sign: Sign::AtLeast, value }
    }

    /// Reads `>=0.8`, `>0.8`, `<=0.8`, `<0.8` or `0.8`, which means at least.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (sign, number) = Sign::split(text);
        let value = number.parse::<f32>().ok().filter(|value| (0.0..=1.0).contains(value))?;
        Some(Self { sign, value })
    }

    pub(super) fn holds(self, score: f32) -> bool {
        let value = match self.sign {
            Sign::AtLeast | Sign::Below => self.value - ROUNDING,
            Sign::Above | Sign::AtMost => self.value + ROUNDING,
        };
        self.sign.compare(score, value)
    }

    /// Whether it asks for confidence, not for doubt.
    pub(in crate::rulebook) fn asks_for_more(self) -> bool {
        matches!(self.sign, Sign::AtLeast | Sign::Above)
    }

    /// Whether some score from 0 to 1 satisfies all of these.
    pub(in crate::rulebook) fn compatible(bounds: &[Self]) -> bool {
        // The ends of a range of scores lie at one of the bounds or just beside it.
        let edges = bounds.iter().flat_map(|bound| [-1e-4, 0.0, 1e-4].map(|step| bound.value + step));
        edges
            .chain([0.0, 1.0])
            .filter(|score| (0.0..=1.0).contains(score))
            .any(|score| bounds.iter().all(|bound| bound.holds(score)))
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.sign, self.value)
    }
}

/// A bound on a count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::rulebook) struct Count {
    sign: Sign,
    value: usize,
}

impl Count {
    /// Reads `>=3` and the like; `3` means at least.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (sign, number) = Sign::split(text);
        number.parse().ok().filter(|value| *value <= 1_000).map(|value| Self { sign, value })
    }

    pub(super) fn holds(self, count: usize) -> bool {
        self.sign.compare(count, self.value)
    }

    /// A ticket that a person wrote is a contact itself, and a machine's need not be: no count is
    /// below 0.
    pub(in crate::rulebook) fn can_hold(self) -> bool {
        self.holds(0) || self.holds(1) || self.holds(1_001)
    }
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.sign, self.value)
    }
}

/// A bound on how long ago something was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::rulebook) struct Age {
    sign: Sign,
    value: Duration,
}

impl Age {
    /// Reads `>2h` and the like; `2h` means at least.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (sign, rest) = Sign::split(text);
        span(rest).map(|value| Self { sign, value })
    }

    pub(super) fn holds(self, age: Duration) -> bool {
        self.sign.compare(age, self.value)
    }
}

impl fmt::Display for Age {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.sign, in_words(self.value))
    }
}

/// Reads `30s`, `5m`, `24h` or `7d`, up to a year.
pub(in crate::rulebook) fn span(text: &str) -> Option<Duration> {
    let text = text.trim();
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit())?);
    let seconds = match unit.trim() {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return None,
    };
    let number: u64 = number.parse().ok().filter(|number| *number > 0)?;
    number.checked_mul(seconds).filter(|all| *all <= 366 * 86_400).map(Duration::from_secs)
}

/// A duration in its largest whole unit.
pub(super) fn in_words(span: Duration) -> String {
    let seconds = span.as_secs();
    [(86_400, "d"), (3_600, "h"), (60, "m")]
        .into_iter()
        .find(|(unit, _)| seconds >= *unit && seconds.is_multiple_of(*unit))
        .map_or_else(|| format!("{seconds}s"), |(unit, word)| format!("{}{word}", seconds / unit))
}
