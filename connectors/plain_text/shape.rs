//! Recognises by their shape the lines that mail programs write above what they quote or forward.
//!
//! A date with a time, an address, "Word: value" lines, a colon at the end: these are the same in every language and
//! program, while the words are not.

use super::lines::{Line, words as line_words};
use super::words;

/// The most lines over which a mail program wraps an attribution.
const WRAPPED: usize = 4;
/// The longest attribution.
const ATTRIBUTION_BYTES: usize = 400;
/// An attribution without a word for writing has no more words than this; a sentence has.
const TERSE: usize = 8;
/// The longest line that is looked at for a label.
const LABELLED_BYTES: usize = 1024;
/// The most lines of a header block.
const HEADERS: usize = 14;

/// What a line tells of dates, times and addresses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Marks {
    /// A day: a year, or three numbers.
    pub(super) date: bool,
    /// A time of the day.
    pub(super) time: bool,
    /// A date that machines write: `2026-12-01`.
    pub(super) iso: bool,
    /// An address in brackets, behind a name.
    pub(super) bracketed: bool,
    /// Any address.
    pub(super) address: bool,
}

impl Marks {
    pub(super) fn of(text: &str) -> Self {
        let (bracketed, address) = addresses(text);
        Self { bracketed, address, ..dates(text) }
    }

    fn and(self, other: Self) -> Self {
        Self {
            date: self.date || other.date,
            time: self.time || other.time,
            iso: self.iso || other.iso,
            bracketed: self.bracketed || other.bracketed,
            address: self.address || other.address,
        }
    }

    /// Returns whether there is a date with a time.
    pub(super) fn dated(self) -> bool {
        self.date && self.time
    }
}

/// Looks for addresses, in brackets or not.
fn addresses(text: &str) -> (bool, bool) {
    let (mut bracketed, mut any) = (false, false);
    for (at, _) in text.match_indices('@').take(16) {
        let local = text[..at].chars().next_back().is_some_and(|c| c.is_alphanumeric() || "._-+".contains(c));
        let domain = text[at + 1..].chars().next().is_some_and(char::is_alphanumeric);
        if local && domain {
            any = true;
            let before = text[..at]
                .rfind(|c: char| c.is_whitespace() || matches!(c, '<' | '(' | '[' | ':' | '"' | '\''));
            bracketed |= before.is_some_and(|open| {
                let open = &text[open..];
                open.starts_with(['<', '(', '[']) || open.starts_with(':') && text.contains("mailto:")
            });
        }
    }
    (bracketed, any)
}

/// Looks for dates and times by the numbers and what stands between them.
fn dates(text: &str) -> Marks {
    let mut marks = Marks::default();
    let mut numbers: [Option<Number>; 3] = [None; 3];
    let mut rest = text.char_indices().peekable();
    let mut before = ' ';
    while let Some((_, c)) = rest.next() {
        let Some(digit) = digit(c) else {
            before = c;
            continue;
        };
        let mut number = Number { value: digit, digits: 1, before, behind: ' ' };
        while let Some(&(_, next)) = rest.peek() {
            let Some(digit) = self::digit(next) else {
                number.behind = next;
                break;
            };
            number.value = number.value.saturating_mul(10).saturating_add(digit);
            number.digits += 1;
            rest.next();
        }
        before = number.behind;
        numbers = [numbers[1], numbers[2], Some(number)];
        look(numbers, &mut marks);
    }
    marks
}

#[derive(Clone, Copy)]
struct Number {
    value: u32,
    digits: usize,
    before: char,
    behind: char,
}

fn look([first, second, third]: [Option<Number>; 3], marks: &mut Marks) {
    let Some(last) = third else { return };
    marks.date |= last.digits == 4 && (1970..2100).contains(&last.value);
    let Some(middle) = second else { return };
    let joined = |a: Number, b: Number, by: char| a.behind == by && b.before == by;
    if let Some(first) = first {
        for by in ['.', '/', '-'] {
            if joined(first, middle, by) && joined(middle, last, by) && middle.digits <= 2 {
                marks.date |= first.digits <= 2 && matches!(last.digits, 2 | 4) || first.digits == 4;
                marks.iso |= first.digits == 4 && by == '-';
            }
        }
    }
    let clock = middle.digits <= 2 && middle.value < 24 && last.digits == 2 && last.value < 60;
    let colon = joined(middle, last, ':')
        || ['h', 'H', '時', '时', '點', '点', '시'].contains(&middle.behind) && {
            last.before == middle.behind || last.before == ' '
        };
    // `9.12` is a time where neither side goes on with another number.
    let point = joined(middle, last, '.')
        && !matches!(middle.before, '.' | ',' | '/' | '-' | '$' | '€' | '£')
        && !matches!(last.behind, '.' | '/' | '-' | '%' | '€' | '$' | '£');
    marks.time |= clock && (colon || point);
}

/// Digits of the scripts that write dates with their own.
fn digit(c: char) -> Option<u32> {
    c.to_digit(10).or_else(|| match c {
        '０'..='９' => Some(c as u32 - '０' as u32),
        '٠'..='٩' => Some(c as u32 - '٠' as u32),
        '۰'..='۹' => Some(c as u32 - '۰' as u32),
        '०'..='९' => Some(c as u32 - '०' as u32),
        _ => None,
    })
}

/// The label and the value of a line "Word: value". Programs that render bold put `*` around the label.
pub(super) fn labelled(text: &str) -> Option<(&str, &str)> {
    if text.len() > LABELLED_BYTES {
        return None;
    }
    let text = text.trim_start_matches(['*', '|', '•']).trim_start();
    let colon = text.find([':', '：'])?;
    let label = text[..colon].trim_end_matches(['*', ' ', '_']);
    let value = text[colon..].trim_start_matches([':', '：']).trim_start_matches('*').trim();
    let words = label.split_whitespace().count();
    let plain = label.chars().all(|c| c.is_alphabetic() || is_mark(c) || " -'’./()".contains(c));
    let fits = (1..=4).contains(&words) && label.chars().count() <= 32 && plain;
    (fits && label.contains(char::is_alphabetic) && !value.starts_with("//")).then_some((label, value))
}

/// Combining marks, of which some scripts build their letters.
fn is_mark(c: char) -> bool {
    !c.is_ascii() && !c.is_alphanumeric() && !c.is_whitespace() && !"–—…“”„«»「」。、！？".contains(c)
}

/// The line on which an attribution begins that ends on line `at`: a date and an address, or a name with a word for
/// writing, and a colon at the end. Mail programs wrap it, so that the lines above are looked at too.
pub(super) fn attribution(lines: &[Line<'_>], at: usize) -> Option<usize> {
    let last = lines[at].text;
    if !last.ends_with([':', '：']) || last.len() > ATTRIBUTION_BYTES {
        return None;
    }
    let depth = lines[at].depth;
    let below = lines[at + 1..].iter().find(|line| !line.is_blank());
    let quotes = below.is_some_and(|line| line.depth > depth);
    let (mut marks, mut length, mut wrote, mut begins) = (Marks::default(), 0, false, None);
    for start in (0..=at).rev().take(WRAPPED) {
        let line = &lines[start];
        length += line.text.len();
        // A line that is a sentence of its own is not part of it.
        let sentence = start < at
            && line.text.ends_with(['.', '!', '?', ':', '。', '！', '？'])
            && !abbreviated(line.text);
        if line.is_blank() || line.depth != depth || length > ATTRIBUTION_BYTES || sentence {
            break;
        }
        let these = Marks::of(line.text);
        if begins.is_some() && !(these.date || these.time) {
            break;
        }
        marks = marks.and(these);
        wrote = wrote || words::says_wrote(line.text);
        let numbered = || lines[start..=at].iter().any(|line| line.text.contains(char::is_numeric));
        let found = marks.bracketed && (marks.date || marks.time || wrote)
            || marks.address && marks.dated() && (quotes || wrote || line_words(last) <= TERSE)
            || wrote && (marks.date || marks.time)
            || quotes && (marks.dated() || wrote && numbered());
        if found {
            begins = Some(start);
            // The line with the date is its first one.
            if marks.date || marks.time {
                break;
            }
        }
    }
    begins.map(|start| first_of_paragraph(lines, start, at))
}

/// A month or a weekday is often cut short with a point.
fn abbreviated(text: &str) -> bool {
    let word = text.trim_end_matches('.').rsplit(char::is_whitespace).next().unwrap_or_default();
    text.ends_with('.') && word.chars().count() <= 5
}

/// An attribution is a paragraph of its own where what stands above it in the paragraph is no sentence.
fn first_of_paragraph(lines: &[Line<'_>], start: usize, at: usize) -> usize {
    let mut first = start;
    while first > 0 && at - first < WRAPPED - 1 {
        let above = &lines[first - 1];
        if above.is_blank() || above.depth != lines[at].depth {
            return first;
        }
        if above.text.ends_with(['.', '!', '?', ',', ':', '。']) || above.text.split_whitespace().count() > 6
        {
            return start;
        }
        first -= 1;
    }
    if first == 0 { 0 } else { start }
}

/// A block of header lines that a mail program writes above what it quotes or forwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Headers {
    /// The line behind it.
    pub(super) end: usize,
    /// Tells if its shape leaves no doubt: someone, a date with a time, and more such lines.
    pub(super) certain: bool,
}

/// The header block that begins on this line. `marked` says that something announces it.
pub(super) fn headers(lines: &[Line<'_>], start: usize, marked: bool) -> Option<Headers> {
    let (sender, _) = labelled(lines[start].text)?;
    let bold = lines[start].text.starts_with('*');
    let depth = lines[start].depth;
    let (mut marks, mut labels, mut known, mut prefixed, mut end) = (Marks::default(), 0, 0, false, start);
    let mut dated = false;
    let spaced = lines.get(start + 1).is_some_and(Line::is_blank);
    for (at, line) in lines.iter().enumerate().skip(start).take(HEADERS) {
        if line.depth != depth || line.is_blank() && !spaced {
            break;
        }
        if line.is_blank() {
            continue;
        }
        match labelled(line.text) {
            Some((label, value)) => {
                let these = Marks::of(value);
                dated |= these.dated() && (these.bracketed || !these.iso);
                marks = marks.and(these);
                labels += 1;
                known += usize::from(words::is_header(label) || words::is_sender(label));
                prefixed |= words::prefix(value).is_some();
            }
            // A long list of recipients goes on.
            None if !spaced && Marks::of(line.text).address => {}
            None => break,
        }
        end = at + 1;
    }
    let from = words::is_sender(sender) || words::is_header(sender);
    let people =
        marks.bracketed || marks.address && from || from && known >= 3 && (bold || marked || prefixed);
    let certain = labels >= 3 && people && (dated || marks.bracketed && marks.dated());
    let likely = from && labels >= 3 && known >= 3 && (bold || marked || prefixed && marks.dated());
    (certain || likely).then_some(Headers { end, certain })
}

/// Words between dashes: `-----Original Message-----`, `---------- Forwarded message ---------`.
pub(super) fn announcement(text: &str) -> Option<&str> {
    let is_dash =
        |c: char| matches!(c, '-' | '_' | '=' | '*' | '–' | '—' | '─' | '#' | '~' | '>' | '<' | ' ');
    let words = text.trim_matches(is_dash);
    let (front, back) = (
        text.len() - text.trim_start_matches(is_dash).len(),
        text.len() - text.trim_end_matches(is_dash).len(),
    );
    let short = words.chars().count() <= 60 && words.contains(char::is_alphabetic);
    (front >= 2 && back >= 2 && short).then_some(words)
}
