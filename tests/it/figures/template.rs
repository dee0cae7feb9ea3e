//! JSON texts with holes: a copy of a row differs from its pattern in ticket, delivery, requester, times and scores.

use std::fmt::Write;

use jiff::Timestamp;
use serde_json::Value;

/// A place that every copy fills in its own way.
enum Hole {
    Ticket,
    Delivery,
    Requester,
    /// Microseconds after the decision.
    At(i64),
    /// The best score of the head with this number.
    Score(usize, Range),
}

/// How far a head's best score may move, so that what the head said stays true: a label that is named stays over its threshold
/// and first, one that is not named stays under it.
#[derive(Clone, Copy)]
struct Range {
    low: f64,
    high: f64,
}

/// The ranges of an entry's heads, by name, in the order in which entries and summaries have them.
pub(crate) struct Scores(Vec<(String, Range)>);

impl Scores {
    /// Reads an entry.
    pub(crate) fn of(entry: &str) -> Self {
        let entry: Value = serde_json::from_str(entry).unwrap();
        let heads = entry.pointer("/snapshot/prediction/heads").and_then(Value::as_object);
        let range = |(head, said): (&String, &Value)| {
            let score = |at: usize| said["ranked"][at][1].as_f64().unwrap_or_default();
            let label = &said["ranked"][0][0];
            let threshold = said["threshold"][label.as_str().unwrap_or_default()].as_f64().unwrap_or(0.5);
            let named = said["chosen"].as_array().is_some_and(|chosen| chosen.contains(label));
            let range = match named {
                true => Range { low: threshold.max(score(1)), high: 0.9999 },
                false => Range { low: score(1), high: (threshold * 0.999).max(score(1)) },
            };
            (head.clone(), range)
        };
        Self(heads.into_iter().flatten().map(range).collect())
    }

    /// Returns the head whose best score belongs at this place of an entry or of a summary.
    fn at(&self, path: &[String]) -> Option<(usize, Range)> {
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        let number = match path[..] {
            ["snapshot", "prediction", "heads", head, "ranked", "0", "1"] | ["heads", head, "confidence"] => {
                self.0.iter().position(|(name, _)| name == head)?
            }
            ["h", number, "0", "0", "1"] => number.parse().ok()?,
            _ => return None,
        };
        self.0.get(number).map(|(_, range)| (number, *range))
    }
}

/// A JSON text with holes.
pub(crate) struct Template {
    /// One more than there are holes.
    texts: Vec<String>,
    holes: Vec<Hole>,
}

/// What fills the holes of one copy.
pub(crate) struct Copy<'a> {
    pub(crate) ticket: &'a str,
    pub(crate) delivery: &'a str,
    pub(crate) requester: &'a str,
    /// The decision's time in microseconds.
    pub(crate) decided_at: i64,
    /// What the scores are drawn from.
    pub(crate) seed: u64,
}

/// What stands where the holes are to be.
pub(crate) struct Pattern<'a> {
    pub(crate) ticket: &'a str,
    pub(crate) delivery: &'a str,
    pub(crate) requester: Option<&'a str>,
    pub(crate) decided_at: i64,
    pub(crate) scores: &'a Scores,
}

impl Template {
    /// Cuts the holes into a text.
    pub(crate) fn of(json: &str, pattern: &Pattern<'_>) -> Self {
        let value: Value = serde_json::from_str(json).unwrap();
        let mut cut = Cutter { pattern, path: Vec::new(), texts: vec![String::new()], holes: Vec::new() };
        cut.value(&value);
        Self { texts: cut.texts, holes: cut.holes }
    }

    /// Writes one copy.
    pub(crate) fn copy(&self, copy: &Copy<'_>) -> String {
        let mut text = String::with_capacity(self.texts.iter().map(|text| text.len() + 28).sum());
        for (before, hole) in self.texts.iter().zip(&self.holes) {
            text.push_str(before);
            match hole {
                Hole::Ticket => text.push_str(copy.ticket),
                Hole::Delivery => text.push_str(copy.delivery),
                Hole::Requester => text.push_str(copy.requester),
                Hole::At(after) => write!(text, "{}", moment(copy.decided_at + after)).unwrap(),
                Hole::Score(head, Range { low, high }) => {
                    let drawn = (mixed(copy.seed ^ (*head as u64) << 48) >> 11) as f64;
                    let score = low + (high - low) * drawn / (1u64 << 53) as f64;
                    write!(text, "{}", score as f32).unwrap();
                }
            }
        }
        text.push_str(self.texts.last().unwrap());
        text
    }
}

/// Reads microseconds since the Unix epoch.
fn moment(micros: i64) -> Timestamp {
    Timestamp::from_microsecond(micros).unwrap()
}

/// Returns a number that looks random and is the same in every run.
pub(crate) fn mixed(seed: u64) -> u64 {
    let mut x = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

struct Cutter<'a> {
    pattern: &'a Pattern<'a>,
    path: Vec<String>,
    texts: Vec<String>,
    holes: Vec<Hole>,
}

impl Cutter<'_> {
    fn write(&mut self, text: &str) {
        self.texts.last_mut().unwrap().push_str(text);
    }

    fn hole(&mut self, hole: Hole) {
        self.holes.push(hole);
        self.texts.push(String::new());
    }

    fn value(&mut self, value: &Value) {
        match value {
            Value::Object(fields) => {
                self.write("{");
                for (at, (key, value)) in fields.iter().enumerate() {
                    let comma = if at > 0 { "," } else { "" };
                    self.write(&format!("{comma}{}:", Value::from(key.as_str())));
                    self.under(key.clone(), value);
                }
                self.write("}");
            }
            Value::Array(items) => {
                self.write("[");
                for (at, value) in items.iter().enumerate() {
                    self.write(if at > 0 { "," } else { "" });
                    self.under(at.to_string(), value);
                }
                self.write("]");
            }
            Value::String(text) => self.string(text),
            Value::Number(number) => match self.pattern.scores.at(&self.path) {
                Some((head, range)) => self.hole(Hole::Score(head, range)),
                None => self.write(&number.to_string()),
            },
            other => self.write(&other.to_string()),
        }
    }

    fn under(&mut self, key: String, value: &Value) {
        self.path.push(key);
        self.value(value);
        self.path.pop();
    }

    fn string(&mut self, text: &str) {
        let key = self.path.last().cloned().unwrap_or_default();
        self.write("\"");
        if key == "delivery" && text == self.pattern.delivery {
            self.hole(Hole::Delivery);
        } else if matches!(key.as_str(), "ticket" | "path") {
            let mut parts = text.split(self.pattern.ticket);
            self.quoted(parts.next().unwrap_or_default());
            for part in parts {
                self.hole(Hole::Ticket);
                self.quoted(part);
            }
        } else if self.pattern.requester == Some(text) {
            self.hole(Hole::Requester);
        } else if let Some(at) = text.parse::<Timestamp>().ok().filter(|_| text.contains('T')) {
            self.hole(Hole::At(at.as_microsecond() - self.pattern.decided_at));
        } else {
            self.quoted(text);
        }
        self.write("\"");
    }

    /// Writes a text as JSON does, without its quotes.
    fn quoted(&mut self, text: &str) {
        let json = Value::from(text).to_string();
        self.write(&json[1..json.len() - 1]);
    }
}
