//! The corpus of mails: what must be read of each is read.

#[path = "../../tests/bench/score.rs"]
mod score;

use std::collections::BTreeSet;
use std::path::Path;

use score::{Mail, Score, mails, score};

use super::{About, from_html, from_plain};

/// The least share of lines, of those read and of those to read.
const BAR: f64 = 0.98;

fn read(mail: &Mail) -> String {
    let about = About { subject: &mail.subject, is_first: !mail.later };
    if mail.html { from_html(&mail.body, about) } else { from_plain(&mail.body, about) }
}

fn half(name: &str) -> Vec<Mail> {
    mails(&Path::new(env!("CARGO_MANIFEST_DIR")).join("plain_text/corpus").join(name))
}

fn holds(name: &str) {
    let (mut total, mut wrong) = (Score::default(), String::new());
    for mail in half(name) {
        let text = read(&mail);
        let one = score(&mail, &text);
        if !one.is_perfect() {
            wrong += &format!(
                "\n== {} {}\n-- read\n{text}\n-- wanted\n{}\n",
                mail.name,
                mail.kind,
                mail.visible.join("\n")
            );
        }
        total.add(one);
    }
    let (precision, recall) = (total.precision(), total.recall());
    assert!(precision >= BAR && recall >= BAR, "precision {precision:.3}, recall {recall:.3}{wrong}");
}

#[test]
fn the_half_that_was_written_beside_the_reader_is_read() {
    holds("first");
}

#[test]
fn the_half_that_was_written_by_somebody_else_is_read() {
    holds("second");
}

#[test]
fn the_corpus_is_wide() {
    for name in ["first", "second"] {
        is_wide(name);
    }
}

fn is_wide(name: &str) {
    let all = half(name);
    let of = |key: &dyn Fn(&Mail) -> String| all.iter().map(key).collect::<BTreeSet<_>>().len();
    assert!(all.len() >= 60, "{} mails", all.len());
    assert_eq!(of(&|mail| mail.name.clone()), all.len(), "names are unique");
    assert!(of(&|mail| mail.name.split('-').next().unwrap_or_default().to_owned()) >= 12, "languages");
    assert!(of(&|mail| mail.program.clone()) >= 8, "programs");
    assert!(of(&|mail| mail.kind.clone()) >= 10, "kinds");
    assert_eq!(of(&|mail| mail.html.to_string()), 2, "text and HTML");
}
