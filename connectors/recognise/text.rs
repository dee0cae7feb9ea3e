//! Signs in the sender's address, the subject and the text. Pure matching; the words are in
//! [`super::words`].

use super::words::{self, Shape};
use crate::machine::MachineMail;
use crate::plain_text;

/// Longer texts are letters, whatever they begin with.
const MOST_NOTICE: usize = 1_500;
/// An automatic reply says that it is one at its beginning.
const BEGINNING: usize = 600;
/// Thanks and nothing else take no more words than these.
const MOST_THANKS: usize = 16;

/// Lower case, one space between words, one kind of apostrophe.
fn folded(text: &str) -> String {
    let plain = text.replace(['’', '‘', '`'], "'").to_lowercase();
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Tells what an address is that only machines write from.
pub(super) fn sender_says(address: &str) -> Option<MachineMail> {
    let address = address.trim().trim_matches(['<', '>']).to_lowercase();
    let local = address.split('@').next().unwrap_or_default();
    let local = local.split('+').next().unwrap_or_default();
    let bare: String = local.chars().filter(|c| c.is_alphanumeric()).collect();
    if words::BOUNCERS.contains(&bare.as_str())
        || words::BOUNCER_BEGINNINGS.iter().any(|w| bare.starts_with(w))
    {
        return Some(MachineMail::Bounce);
    }
    if words::UNANSWERED.iter().any(|word| bare.starts_with(word) || bare.ends_with(word)) {
        return Some(MachineMail::AutoReply);
    }
    words::NEWSLETTERS.contains(&bare.as_str()).then_some(MachineMail::Newsletter)
}

/// The certainty with which a subject says what its mail is.
enum Says {
    /// People do not write so.
    Surely(MachineMail),
    /// People may; the text must agree.
    Perhaps(MachineMail),
}

fn subject(subject: &str) -> Option<Says> {
    let subject = folded(subject);
    let mut rest = subject.as_str();
    // Tags such as `[EXTERNAL]` stand before it; one may be the sign itself.
    while let Some((tag, after)) = rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        let found = words::SUBJECTS.iter().find(|row| row.words().any(|word| word == tag.trim()));
        if let Some(row) = found {
            return Some(if row.sure { Says::Surely(row.mail) } else { Says::Perhaps(row.mail) });
        }
        rest = after.trim_start();
    }
    let longest = words::SUBJECTS
        .iter()
        .flat_map(|row| row.words().map(move |word| (row, word)))
        .filter_map(|(row, word)| Some((row, word, ended(rest.strip_prefix(word)?, word)?)))
        .max_by_key(|(_, word, _)| word.len());
    longest.map(
        |(row, _, clean)| if row.sure && clean { Says::Surely(row.mail) } else { Says::Perhaps(row.mail) },
    )
}

/// Tells if the phrase ends where it was found: `None` where words follow on, `true` where nothing
/// or a colon does, `false` where it is set apart in a way that people use too.
fn ended(rest: &str, phrase: &str) -> Option<bool> {
    let after = rest.trim_start();
    if after.is_empty() || after.starts_with([':', '：']) || phrase.ends_with([':', '：']) {
        return Some(true);
    }
    let set_apart = after.starts_with(['-', '–', '—', '[', '(', '（', '"', '«', '|', '.', '!', ',']);
    (set_apart || plain_text::is_reply(after)).then_some(false)
}

/// Tells what a subject says that only machines begin a mail with.
pub(super) fn subject_says(line: &str) -> Option<MachineMail> {
    match subject(line)? {
        Says::Surely(mail) => Some(mail),
        Says::Perhaps(_) => None,
    }
}

/// Tells what a text says where the subject or the sender points the same way.
pub(super) fn all_say(sender: Option<&str>, line: &str, text: &str) -> Option<MachineMail> {
    if text.len() > MOST_NOTICE * 4 || text.chars().count() > MOST_NOTICE {
        return None;
    }
    let text = folded(text);
    let end = text.char_indices().nth(BEGINNING).map_or(text.len(), |(at, _)| at);
    let has = |shape: Shape| {
        let within = if shape == Shape::Absence { &text[..end] } else { text.as_str() };
        words::TEXTS
            .iter()
            .filter(|row| row.shape == shape)
            .any(|row| row.words().any(|word| contains(within, word)))
    };
    let away = || has(Shape::Absence);
    let courteous = || has(Shape::Opening) || has(Shape::Instead);
    let asks = text.contains(['?', '？', '؟']);
    match subject(line) {
        Some(Says::Perhaps(mail @ MachineMail::AutoReply)) => {
            (!asks && (away() || courteous())).then_some(mail)
        }
        Some(Says::Perhaps(mail @ MachineMail::Bounce)) => has(Shape::Undelivered).then_some(mail),
        Some(Says::Perhaps(mail @ MachineMail::DeliveryReport)) => has(Shape::Reported).then_some(mail),
        Some(Says::Perhaps(_) | Says::Surely(_)) => None,
        None if !asks && plain_text::is_reply(line) && away() && courteous() => Some(MachineMail::AutoReply),
        None => {
            let bulk = sender.is_some_and(|address| {
                let local = address.split('@').next().unwrap_or_default().to_lowercase();
                words::PERHAPS_NEWSLETTERS.contains(&local.as_str())
            });
            (bulk && has(Shape::Unsubscribe)).then_some(MachineMail::Newsletter)
        }
    }
}

/// Tells if a phrase stands in a text at the border of a word. Scripts without spaces have no such
/// borders.
fn contains(text: &str, phrase: &str) -> bool {
    let spaced = phrase.chars().all(|c| u32::from(c) < 0x2e80);
    let edge = |c: Option<char>| !spaced || c.is_none_or(|c| !c.is_alphanumeric());
    text.match_indices(phrase).any(|(at, found)| {
        edge(text[..at].chars().next_back()) && edge(text[at + found.len()..].chars().next())
    })
}

/// Tells if a text consists of thanks, greetings and "it works now", and of nothing else.
pub(super) fn is_thanks(text: &str) -> bool {
    if text.contains(['?', '？', '؟']) {
        return false;
    }
    let folded = folded(text);
    let spaced: String =
        folded.chars().map(|c| if c.is_alphanumeric() || c == '\'' { c } else { ' ' }).collect();
    let all: Vec<&str> = spaced.split_whitespace().collect();
    if all.is_empty() || all.len() > MOST_THANKS {
        return false;
    }
    let all = all.join(" ");
    let (mut rest, mut thanks) = (all.as_str(), false);
    while !rest.is_empty() {
        let longest = words::THANKS
            .iter()
            .flat_map(|row| row.words().map(move |word| (row.core, word)))
            .filter_map(|(core, word)| Some((core, word, follows(rest.strip_prefix(word)?, word)?)))
            .max_by_key(|(_, word, _)| word.len());
        let Some((core, _, after)) = longest else { return false };
        thanks |= core;
        rest = after;
    }
    thanks
}

/// Returns what follows a word; `None` where the word goes on.
fn follows<'t>(rest: &'t str, word: &str) -> Option<&'t str> {
    let unspaced = word.chars().any(|c| u32::from(c) >= 0x2e80);
    match rest.strip_prefix(' ') {
        Some(after) => Some(after),
        None if rest.is_empty() || unspaced => Some(rest),
        None => None,
    }
}
