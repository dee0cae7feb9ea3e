//! HTML mail to the plain text that a customer wrote.
//!
//! A classifier must see what this customer says now, not what everybody said before: quoted history and
//! signatures are cut by the marks that mail programs leave. It never cuts everything (a mail that is nothing
//! but quotation is returned whole), never fails, and never reads more than `LIMIT_BYTES`.

mod history;
mod markup;

#[cfg(test)]
mod bounds;
#[cfg(test)]
mod tests;

/// How much of one message is read; what lies behind it says nothing more about the matter.
const LIMIT_BYTES: usize = 256 * 1024;

/// Reads HTML as the text it shows, and cuts quoted history ("On … wrote:", `>` lines, `<blockquote>`, signature
/// rulers). Styles, scripts, comments, attributes and what is hidden are no text and count towards no limit.
pub fn from_html(html: &str) -> String {
    let rendered = markup::render(html);
    if let Some(at) = rendered.history {
        let (new, old) = rendered.text.split_at(at);
        let answer = history::cut(new);
        if !answer.is_empty() && !history::is_forward(old) {
            return answer;
        }
    }
    history::cut(&rendered.text)
}

/// Cuts quoted history from text that is plain already, and folds runs of blank lines.
pub fn from_plain(text: &str) -> String {
    history::cut(bounded(text))
}

/// Escapes text for an HTML body: `& < > "` and line breaks.
pub fn to_html(text: &str) -> String {
    let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
    escaped.replace('\n', "<br>")
}

fn bounded(text: &str) -> &str {
    &text[..text.floor_char_boundary(LIMIT_BYTES)]
}
