//! HTML mail to the plain text that a customer wrote.
//!
//! A classifier must see what this customer says now, not what everybody said before: quoted history and
//! signatures are cut by the marks that mail programs leave. It never cuts everything (a mail that is nothing
//! but quotation is returned whole), never fails, and never reads more than `LIMIT_BYTES`.

mod history;
mod markup;

#[cfg(test)]
mod tests;

/// How much of one message is read; what lies behind it says nothing more about the matter.
const LIMIT_BYTES: usize = 256 * 1024;

/// Strips tags, decodes entities, drops scripts and styles, folds white space, and cuts quoted history
/// ("On … wrote:", `>` lines, `<blockquote>`, signature rulers). Never fails: text it cannot read as HTML is
/// returned with its tags stripped.
pub fn from_html(html: &str) -> String {
    let html = bounded(html);
    if let Some(at) = markup::quotation(html) {
        let answer = history::cut(&markup::text(&html[..at]));
        if !answer.is_empty() {
            return answer;
        }
    }
    history::cut(&markup::text(html))
}

/// Cuts quoted history from text that is plain already, and folds runs of blank lines.
pub fn from_plain(text: &str) -> String {
    history::cut(bounded(text))
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

/// Whether a platform's filters may drop the character, so that its neighbours meet.
fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{e0000}'..='\u{e0fff}'
        )
}

fn bounded(text: &str) -> &str {
    &text[..text.floor_char_boundary(LIMIT_BYTES)]
}
