//! JSON texts with holes: a copy of a row differs from its pattern in ticket, delivery, requester, times and scores.

use std::collections::HashMap;
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
    /// The best score of the head with this number, and the range that keeps what the head said true.
    Score {
        head: u64,
        low: f64,
        high: f64,
    },
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
}

impl Template {
    /// Cuts the holes into a text.
    pub(crate) fn of(json: &str, pattern: &Pattern<'_>) -> Self {
        let value: Value = serde_json::from_str(json).unwrap();
        let mut cut = Cutter {
            pattern,
            scores: scores(&value),
            path: Vec::new(),
            texts: vec![String::new()],
            holes: Vec::new(),
        };
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
                Hole::Score { head, low, high } => {
                    let share = (mixed(copy.seed ^ head << 48) >> 11) as f64 / (1u64 << 53) as f64;
                    write!(text, "{:.7}", low + (high - low) * share).unwrap();
                }
            }
        }
        text.push_str(self.texts.last().unwrap());
        text
    }
}

/// Microseconds since the Unix epoch as a time.
pub(crate) fn moment(micros: i64) -> Timestamp {
    Timestamp::from_microsecond(micros).unwrap()
}

/// A number that looks like chance and is the same in every run.
pub(crate) fn mixed(seed: u64) -> u64 {
    let mut x = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// By head, how far its best score may move: a label that is named stays over its threshold and first, one that is not stays under.
fn scores(entry: &Value) -> HashMap<String, (u64, f64, f64)> {
    let Some(heads) = entry.pointer("/snapshot/prediction/heads").and_then(Value::as_object) else {
        return HashMap::new();
    };
    let range = |(number, (head, said)): (usize, (&String, &Value))| {
        let score = |at: usize| said["ranked"][at][1].as_f64();
        let label = &said["ranked"][0][0];
        let threshold = label.as_str().and_then(|label| said["threshold"][label].as_f64()).unwrap_or(0.5);
        let second = score(1).unwrap_or(0.0);
        let named = said["chosen"].as_array().is_some_and(|chosen| chosen.contains(label));
        let (low, high) = match named {
            true => (threshold.max(second), 0.9999),
            false => (second, (threshold * 0.999).max(second)),
        };
        score(0).map(|_| (head.clone(), (number as u64, low, high)))
    };
    heads.iter().enumerate().filter_map(range).collect()
}

struct Cutter<'a> {
    pattern: &'a Pattern<'a>,
    scores: HashMap<String, (u64, f64, f64)>,
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
                self.list('{', '}', fields.iter().map(|(key, value)| (key.clone(), value)), true)
            }
            Value::Array(items) => {
                self.list(
                    '[',
                    ']',
                    items.iter().enumerate().map(|(at, value)| (at.to_string(), value)),
                    false,
                );
            }
            Value::String(text) => self.string(text),
            Value::Number(_) if self.best_score().is_some() => {
                let (head, low, high) = self.best_score().unwrap();
                self.hole(Hole::Score { head, low, high });
            }
            other => self.write(&other.to_string()),
        }
    }

    fn list<'v>(
        &mut self,
        open: char,
        close: char,
        items: impl Iterator<Item = (String, &'v Value)>,
        keys: bool,
    ) {
        self.write(&open.to_string());
        for (at, (key, value)) in items.enumerate() {
            if at > 0 {
                self.write(",");
            }
            if keys {
                self.write(&format!("{}:", Value::from(key.as_str())));
            }
            self.path.push(key);
            self.value(value);
            self.path.pop();
        }
        self.write(&close.to_string());
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

    /// A text as JSON writes it, without its quotes.
    fn quoted(&mut self, text: &str) {
        let json = Value::from(text).to_string();
        self.write(&json[1..json.len() - 1]);
    }

    /// The head whose best score stands here.
    fn best_score(&self) -> Option<(u64, f64, f64)> {
        let path: Vec<&str> = self.path.iter().map(String::as_str).collect();
        let head = match path[..] {
            ["snapshot", "prediction", "heads", head, "ranked", "0", "1"] | ["heads", head, "confidence"] => {
                head
            }
            _ => return None,
        };
        self.scores.get(head).copied()
    }
}
