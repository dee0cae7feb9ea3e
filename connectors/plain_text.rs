//! Mail and chat to the plain text that a customer wrote.
//!
//! A classifier must see what this customer says now, not what everybody said before: quoted history, signatures,
//! disclaimers and banners are cut by their shape, in any language, and a forwarded mail is read. Rules and model read
//! the same normalised text. It never cuts everything (a mail that is nothing but quotation is returned whole), never
//! fails, and never reads more than `LIMIT_BYTES` of text.

mod closing;
mod history;
mod lines;
mod markup;
mod notices;
mod shape;
mod words;

use lines::Lines;
pub use lines::normalised;

#[cfg(test)]
mod bounds;
#[cfg(test)]
mod corpus;
#[cfg(test)]
mod reading;
#[cfg(test)]
mod tests;

/// The most text of one message that is read; what lies behind it says nothing more about the matter.
const LIMIT_BYTES: usize = 256 * 1024;

/// Describes a message beside its text.
#[derive(Clone, Copy, Debug)]
pub struct About<'a> {
    /// The ticket's subject. `Fwd:` and `Re:` tell a forwarded mail from an answer, in every language's abbreviation.
    pub subject: &'a str,
    /// Tells if the message is the first of its ticket, which the subject is of.
    pub is_first: bool,
}

impl Default for About<'_> {
    fn default() -> Self {
        Self { subject: "", is_first: true }
    }
}

/// Reads HTML as the text it shows, without quoted history, signature, notices and banners. Styles, scripts, comments,
/// attributes and what is hidden are no text and count towards no limit.
pub fn from_html(html: &str, about: About<'_>) -> String {
    history::read(&markup::lines(html).all(), about)
}

/// Reads text that is plain already, without quoted history, signature, notices and banners.
pub fn from_plain(text: &str, about: About<'_>) -> String {
    history::read(&Lines::from_plain(text).all(), about)
}

/// Returns a subject in the same form as the text, on one line.
pub fn subject(text: &str) -> String {
    normalised(text).replace("\n\n", " ").replace('\n', " ")
}

/// Tells if a subject begins with `Re:`, in any language's abbreviation.
pub(crate) fn is_reply(subject: &str) -> bool {
    words::prefix(subject) == Some(words::Prefix::Reply)
}

/// Escapes text for an HTML body: `& < > "`, line breaks, and what a platform would fill in by itself.
///
/// A platform reads `{{ticket.requester.email}}` and `{% … %}` in a comment as its own placeholders, and fills them in:
/// <https://support.zendesk.com/hc/en-us/articles/4408886858138>. Here they are text like any other. A space keeps their
/// braces apart, because a platform may decode entities before it looks for them, and drops what cannot be seen.
pub fn to_html(text: &str) -> String {
    let mut html = String::with_capacity(text.len() + text.len() / 8);
    let mut after_brace = false;
    for c in text.chars() {
        if after_brace && matches!(c, '{' | '%') {
            html.push(' ');
        }
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\n' => html.push_str("<br>"),
            c => html.push(c),
        }
        after_brace = c == '{' || (after_brace && is_invisible(c));
    }
    html
}

/// Tells if a platform's filters may drop the character, so that its neighbours meet.
fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{e0000}'..='\u{e0fff}'
        )
}
