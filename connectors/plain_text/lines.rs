//! The lines of a message: normalised, with what is known of each before anybody reads its words.

use icu_normalizer::ComposingNormalizerBorrowed;

use super::LIMIT_BYTES;

/// The most lines of one message that are read. No person writes more, and each costs more memory than its text.
const LIMIT_LINES: usize = 20_000;

/// A longer line is a sentence, whatever is in it.
pub(super) const LINE_BYTES: usize = 600;

/// The part of a mail that an element of its markup says a line belongs to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Part {
    /// The message itself.
    #[default]
    Message,
    /// What is answered, whole.
    History,
    /// What is answered, in quotations, maybe with answers between them.
    Answered,
    /// The signature.
    Signature,
}

/// One line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Line<'t> {
    /// Its text without the marks of quotations; empty for a blank line.
    pub(super) text: &'t str,
    /// How often it is quoted.
    pub(super) depth: u8,
    /// The part that its markup says.
    pub(super) part: Part,
    /// Tells if everything from this line on is what is answered.
    pub(super) divided: bool,
}

impl Line<'_> {
    pub(super) fn is_blank(&self) -> bool {
        self.text.is_empty()
    }

    /// Returns whether the line holds neither a letter nor a digit: a ruler, or an ornament.
    pub(super) fn is_ruler(&self) -> bool {
        !self.is_blank() && !self.text.contains(char::is_alphanumeric) && self.text.is_ascii()
            || !self.is_blank()
                && self.text.chars().all(|c| matches!(c, '-' | '_' | '=' | '*' | '–' | '—' | '─' | '━' | ' '))
    }
}

#[derive(Clone, Copy)]
struct Span {
    start: u32,
    end: u32,
    depth: u8,
    part: Part,
}

/// The lines of one message in one buffer. Runs of blank lines are one.
#[derive(Default)]
pub(super) struct Lines {
    text: String,
    spans: Vec<Span>,
    /// The line with which history begins, where an element says so.
    divider: Option<usize>,
}

impl Lines {
    /// Reads text that is plain already. `>` marks quotations.
    pub(super) fn from_plain(text: &str) -> Self {
        let mut lines = Self::default();
        // A lone carriage return also ends a line.
        for line in text.split(['\n', '\r', '\u{b}', '\u{c}', '\u{85}', '\u{2028}', '\u{2029}']) {
            let (depth, rest) = quoted(line);
            lines.push(rest, depth, Part::Message);
            if lines.is_full() {
                break;
            }
        }
        lines
    }

    /// Adds a line.
    pub(super) fn push(&mut self, line: &str, depth: u8, part: Part) {
        let start = self.text.len();
        normalise_into(line, &mut self.text);
        if self.text.len() > LIMIT_BYTES {
            self.text.truncate(self.text.floor_char_boundary(LIMIT_BYTES));
        }
        let blank = self.text.len() == start;
        if blank && self.spans.last().is_none_or(|last| last.start == last.end) {
            return;
        }
        // The limit on text keeps both within 32 bits.
        let [start, end] = [start, self.text.len()].map(|at| u32::try_from(at).unwrap_or(u32::MAX));
        self.spans.push(Span { start, end, depth, part });
    }

    /// Says that history begins with the next line.
    pub(super) fn divide(&mut self) {
        self.divider.get_or_insert(self.spans.len());
    }

    /// Returns whether the limit on text is reached.
    pub(super) fn is_full(&self) -> bool {
        self.text.len() >= LIMIT_BYTES || self.spans.len() >= LIMIT_LINES
    }

    /// Returns the lines in their order.
    pub(super) fn all(&self) -> Vec<Line<'_>> {
        let line = |(at, span): (usize, &Span)| Line {
            text: &self.text[span.start as usize..span.end as usize],
            depth: span.depth,
            part: span.part,
            divided: self.divider.is_some_and(|divider| at >= divider),
        };
        self.spans.iter().enumerate().map(line).collect()
    }
}

/// The marks of quotations before a line, and the rest of it.
fn quoted(line: &str) -> (u8, &str) {
    let (mut depth, mut rest) = (0_u8, line);
    loop {
        let shown = rest.trim_start_matches(|c: char| c.is_whitespace() || is_hidden(c));
        match shown.strip_prefix('>') {
            Some(after) => (depth, rest) = (depth.saturating_add(1), after),
            None => return (depth, rest),
        }
    }
}

/// Returns a text in the one form in which it is matched, classified and shown: NFC, white space folded line by line,
/// characters that show nothing left out, and no more than one blank line in a row.
pub fn normalised(text: &str) -> String {
    let mut out = String::with_capacity(text.len().min(LIMIT_BYTES));
    let mut blank = false;
    for line in text.lines() {
        let (end, gap) = (
            out.len(),
            if out.is_empty() {
                ""
            } else if blank {
                "\n\n"
            } else {
                "\n"
            },
        );
        out.push_str(gap);
        let start = out.len();
        normalise_into(line, &mut out);
        if out.len() == start {
            out.truncate(end);
            blank = true;
        } else {
            blank = false;
        }
        if out.len() >= LIMIT_BYTES {
            out.truncate(out.floor_char_boundary(LIMIT_BYTES));
            break;
        }
    }
    out
}

/// Appends one line in its normal form.
fn normalise_into(line: &str, out: &mut String) {
    let start = out.len();
    let mut gap = false;
    for c in line.chars() {
        if c.is_whitespace() {
            gap = out.len() > start;
        } else if !is_hidden(c) {
            if std::mem::take(&mut gap) {
                out.push(' ');
            }
            out.push(c);
        }
    }
    if !out[start..].is_ascii() {
        let normal = ComposingNormalizerBorrowed::new_nfc().normalize(&out[start..]).into_owned();
        out.truncate(start);
        out.push_str(&normal);
    }
}

/// Returns whether a character shows nothing: controls, zero-width and direction marks, soft hyphens.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180e}' | '\u{feff}')
        || ('\u{200b}'..='\u{200f}').contains(&c)
        || ('\u{202a}'..='\u{202e}').contains(&c)
        || ('\u{2060}'..='\u{206f}').contains(&c)
}

/// The words that are said in these lines apart from a greeting, counted as far as `most`.
pub(super) fn substance(lines: &[Line<'_>], most: usize) -> usize {
    let mut told = lines.iter().filter(|line| !line.is_blank() && !line.is_ruler()).peekable();
    if told.peek().is_some_and(|line| is_greeting(line.text)) {
        told.next();
    }
    let mut count = 0;
    for line in told {
        count += words(line.text);
        if count >= most {
            return most;
        }
    }
    count
}

/// A greeting is short and ends like one. It is told from a short message by what stands below it.
pub(super) fn is_greeting(text: &str) -> bool {
    text.len() <= LINE_BYTES
        && words(text) <= 5
        && text.ends_with([',', '!', '，', '、'])
        && !text.contains('?')
}

/// The number of words. Scripts without spaces have a word every two characters.
pub(super) fn words(text: &str) -> usize {
    let dense = text
        .chars()
        .filter(|c| matches!(c, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}'))
        .count();
    text.split_whitespace().filter(|word| word.contains(char::is_alphanumeric)).count() + dense / 2
}
