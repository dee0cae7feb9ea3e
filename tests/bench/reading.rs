//! The mail reader against its corpus: of the lines that were read, how many should be, and of those that should be
//! read, how many were. Both halves are scored apart, because the second was written by somebody who has not seen the
//! reader. The ceiling is the bar: a ratio of 1 or more passes.

mod score;

use std::path::Path;

use deskbridge_connectors::plain_text::{About, from_html, from_plain};
use score::{Mail, Score, mails, score};

/// The least share of lines.
const BAR: f64 = 0.98;

#[expect(clippy::print_stdout, reason = "a benchmark prints its figures")]
fn main() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("connectors/plain_text/corpus");
    let mut below = false;
    for half in ["first", "second"] {
        let mut total = Score::default();
        for mail in mails(&corpus.join(half)) {
            let one = score(&mail, &read(&mail));
            if !one.is_perfect() {
                println!("{half}: {} ({}, {}) is not read to the line", mail.name, mail.program, mail.kind);
            }
            total.add(one);
        }
        for (name, value) in [("precision", total.precision()), ("recall", total.recall())] {
            below |= value < BAR;
            println!(
                "BENCH name=reading_{half}_{name} value={value:.4} unit=share ceiling={BAR} ratio={:.3}",
                value / BAR
            );
        }
    }
    assert!(!below, "a figure is below the bar");
}

fn read(mail: &Mail) -> String {
    let about = About { subject: &mail.subject, is_first: !mail.later };
    if mail.html { from_html(&mail.body, about) } else { from_plain(&mail.body, about) }
}
