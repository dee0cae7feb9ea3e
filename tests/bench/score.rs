//! Reads the corpus of mails and scores what was read of them, line by line.

use std::collections::BTreeMap;
use std::path::Path;

/// One mail, and the lines that must be read.
#[derive(Debug, Default)]
pub(crate) struct Mail {
    /// Its name, which says its language.
    pub(crate) name: String,
    /// The mail program.
    pub(crate) program: String,
    /// Tells if it is HTML.
    pub(crate) html: bool,
    /// What stands in it.
    pub(crate) kind: String,
    /// The ticket's subject.
    pub(crate) subject: String,
    /// Tells if it is a later message of its ticket.
    pub(crate) later: bool,
    /// The mail.
    pub(crate) body: String,
    /// The lines.
    pub(crate) visible: Vec<String>,
}

/// Lines that were read and that should have been read.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Score {
    right: usize,
    read: usize,
    wanted: usize,
}

impl Score {
    /// Returns the share of the lines read that should be read.
    #[expect(clippy::cast_precision_loss, reason = "a few hundred lines")]
    pub(crate) fn precision(self) -> f64 {
        self.right as f64 / self.read.max(1) as f64
    }

    /// Returns the share of the lines to read that are read.
    #[expect(clippy::cast_precision_loss, reason = "a few hundred lines")]
    pub(crate) fn recall(self) -> f64 {
        self.right as f64 / self.wanted.max(1) as f64
    }

    /// Returns whether every line is right.
    pub(crate) fn is_perfect(self) -> bool {
        self.right == self.read && self.right == self.wanted
    }

    pub(crate) fn add(&mut self, other: Self) {
        self.right += other.right;
        self.read += other.read;
        self.wanted += other.wanted;
    }
}

/// Returns every mail of one half, by file and in order.
pub(crate) fn mails(folder: &Path) -> Vec<Mail> {
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.expect("a folder entry").path())
        .filter(|path| path.extension().is_some_and(|kind| kind == "txt"))
        .collect();
    files.sort();
    files.iter().flat_map(|file| parse(&std::fs::read_to_string(file).expect("a readable file"))).collect()
}

fn parse(file: &str) -> Vec<Mail> {
    let mut all: Vec<Mail> = Vec::new();
    let mut at = Place::Head;
    for line in file.lines() {
        if let Some(head) = line.strip_prefix("=== ") {
            let words: Vec<&str> = head.split_whitespace().collect();
            let [name, program, form, kind] = words[..] else {
                panic!("`{line}` is not NAME PROGRAM FORM KIND")
            };
            assert!(matches!(form, "text" | "html"), "`{line}` is neither text nor html");
            all.push(Mail {
                name: name.to_owned(),
                program: program.to_owned(),
                html: form == "html",
                kind: kind.to_owned(),
                ..Mail::default()
            });
            at = Place::Head;
            continue;
        }
        let Some(mail) = all.last_mut() else { continue };
        match at {
            Place::Head if line.is_empty() => at = Place::Body,
            Place::Head => match line.split_once(": ") {
                Some(("subject", subject)) => mail.subject = unescaped(subject),
                Some(("place", "later")) => mail.later = true,
                _ => panic!("{}: `{line}` is no line of a head", mail.name),
            },
            Place::Body if line == "--- visible" => at = Place::Visible,
            Place::Body => {
                mail.body.push_str(&unescaped(line));
                mail.body.push('\n');
            }
            Place::Visible => mail.visible.extend(told(&unescaped(line))),
        }
    }
    assert!(all.iter().all(|mail| !mail.visible.is_empty()), "a mail without lines to read");
    all
}

#[derive(Clone, Copy)]
enum Place {
    Head,
    Body,
    Visible,
}

/// `\u{200b}` and the like stand for one character.
fn unescaped(line: &str) -> String {
    let mut out = String::new();
    let mut rest = line;
    while let Some((before, after)) = rest.split_once("\\u{") {
        out.push_str(before);
        let (code, behind) = after.split_once('}').expect("a closed escape");
        out.push(u32::from_str_radix(code, 16).ok().and_then(char::from_u32).expect("a character"));
        rest = behind;
    }
    out + rest
}

/// The line as it is compared, without marks of quotations; none where it tells nothing.
fn told(line: &str) -> Option<String> {
    let line = line.trim_start_matches(|c: char| c == '>' || c.is_whitespace());
    let folded = line.split_whitespace().collect::<Vec<_>>().join(" ");
    folded.contains(char::is_alphanumeric).then_some(folded)
}

/// Scores the text that was read of a mail. A line counts as often as it stands there.
pub(crate) fn score(mail: &Mail, text: &str) -> Score {
    let mut wanted: BTreeMap<&str, usize> = BTreeMap::new();
    for line in &mail.visible {
        *wanted.entry(line).or_default() += 1;
    }
    let read: Vec<String> = text.lines().filter_map(told).collect();
    let mut right = 0;
    for line in &read {
        if let Some(left) = wanted.get_mut(line.as_str()).filter(|left| **left > 0) {
            *left -= 1;
            right += 1;
        }
    }
    Score { right, read: read.len(), wanted: mail.visible.len() }
}
