//! What customers write: of each label as many texts as there are days to fill, no two alike, and none that speaks of another
//! label. So the model knows what a text says, and where it errs it is because the text misled it.

use std::collections::BTreeMap;

/// The labels, as the desks' fields store them.
pub(crate) const LABELS: [&str; 5] = ["billing", "technical", "account", "shipping", "returns"];

const OPENINGS: [&str; 8] = [
    "Hello,",
    "Good morning,",
    "Hi there,",
    "Dear team,",
    "Hello again,",
    "Good evening,",
    "Hi,",
    "To whom it may concern,",
];
const CLOSINGS: [&str; 6] = [
    "Please look into it.",
    "Can you help me with this?",
    "What should I do now?",
    "Thank you in advance.",
    "I am waiting for your answer.",
    "This is the second time.",
];

fn things(label: &str) -> [&'static str; 5] {
    match label {
        "billing" => {
            ["invoice", "credit card payment", "monthly fee", "receipt with the VAT", "direct debit"]
        }
        "technical" => {
            ["app", "search page", "export to a spreadsheet", "printer driver", "sync on my laptop"]
        }
        "account" => {
            ["password", "login name", "two-factor code", "profile e-mail address", "user permissions"]
        }
        "shipping" => ["parcel", "courier", "tracking number", "delivery van", "customs declaration"],
        _ => [
            "return label",
            "exchange of the shoes",
            "withdrawal from the purchase",
            "wrong size I sent back",
            "return form",
        ],
    }
}

fn troubles(label: &str) -> [&'static str; 6] {
    match label {
        "billing" => [
            "shows an amount that is too high",
            "was charged twice",
            "is missing from my statement",
            "has the wrong company on it",
            "was booked although I had paid",
            "went up without a word",
        ],
        "technical" => [
            "crashes with an error message",
            "hangs since the last update",
            "is very slow and then stops working",
            "shows a blank screen",
            "freezes whenever I open a file",
            "does not start any more",
        ],
        "account" => [
            "is not accepted when I sign in",
            "has to be reset, I am locked out",
            "belongs to a colleague who left, please change the user",
            "was changed and I cannot sign in",
            "must be deleted together with my profile",
            "does not let me into my workspace",
        ],
        "shipping" => [
            "has not arrived and is ten days late",
            "was left at a neighbour I do not know",
            "has been at the depot for a week",
            "shows no movement since Monday",
            "went to my old street",
            "was announced for today and did not come",
        ],
        _ => [
            "has to go back, it does not fit",
            "is still open, when do you take the goods back",
            "was refused at the store, I want to send it back",
            "is for an item I want to swap for a larger one",
            "must be within the thirty days, I am returning it",
            "came back to me unopened, please take it back",
        ],
    }
}

/// The `n`th text of a label; different for every `n` below 7,200.
fn text(label: &str, n: usize) -> String {
    let (things, troubles) = (things(label), troubles(label));
    let thing = things[n % things.len()];
    let trouble = troubles[(n / things.len()) % troubles.len()];
    let opening = OPENINGS[(n / 30) % OPENINGS.len()];
    let closing = CLOSINGS[(n / 240) % CLOSINGS.len()];
    format!("{opening} the {thing} {trouble}. {closing}")
}

/// Writes texts and remembers how many there were of each label.
#[derive(Default)]
pub(crate) struct Writer(BTreeMap<&'static str, usize>);

impl Writer {
    /// The next text of a label, and which of its label it is.
    pub(crate) fn write(&mut self, label: &'static str) -> (usize, String) {
        let n = self.0.entry(label).or_default();
        *n += 1;
        (*n - 1, text(label, *n - 1))
    }
}

/// Texts to train on: others than those that come in.
pub(crate) fn lessons(label: &str) -> impl Iterator<Item = String> + '_ {
    (0..60).map(move |n| text(label, 1000 + 7 * n))
}
