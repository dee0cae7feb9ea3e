//! Markup to lines of text.
//!
//! html5ever builds the tree and html2text walks it; both are robust, but neither is meant for hostile input.
//! So what is known to be costly (deep nesting, rulers as wide as the page) is taken away first, and whatever is
//! too deep goes through a plain tag stripper instead. It never wraps, never prints links and never panics.

use html2text::render::TextDecorator;

/// Wide enough that no paragraph wraps.
const WIDTH: usize = 100_000;

/// Deeper than any mail program nests, and far from where a tree walk becomes slow.
const DEPTH: usize = 400;

/// Marks that mail programs put on the element that holds what is being answered.
const QUOTATIONS: [&str; 8] = [
    "gmail_quote",
    "yahoo_quoted",
    "moz-cite-prefix",
    "protonmail_quote",
    "divrplyfwdmsg",
    "appendonsend",
    "olk_src_body_section",
    "zendesk-reply-marker",
];

/// Where the element begins that holds the quoted history, in bytes. A forwarded mail is no history: the
/// customer means us to read it.
pub(super) fn quotation(html: &str) -> Option<usize> {
    let lower = html.to_ascii_lowercase();
    let marked = QUOTATIONS.iter().filter_map(|mark| lower.find(mark)).min()?;
    let start = lower[..marked].rfind('<')?;
    let inside_the_tag = !lower[start..marked].contains('>');
    let follows = &lower[marked..lower.floor_char_boundary((marked + 400).min(lower.len()))];
    (inside_the_tag && !follows.contains("forwarded message")).then_some(start)
}

/// The text of the markup: paragraphs on lines of their own, list items and quotations (`> `) marked.
pub(super) fn text(html: &str) -> String {
    if depth(html) > DEPTH {
        return stripped(html);
    }
    // A ruler would become a line as long as the page is wide.
    let html = replace_ignoring_case(html, "<hr", "<br");
    html2text::config::with_decorator(Bare)
        .raw_mode(true)
        .allow_width_overflow()
        .string_from_read(html.as_bytes(), WIDTH)
        .unwrap_or_else(|_| stripped(&html))
}

/// Elements that may stay open for ever or that the parser closes by itself.
const UNNESTED: [&str; 24] = [
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr",
    "p", "li", "td", "th", "tr", "dt", "dd", "option", "html", "head", "body",
];

/// How deep elements nest at most, counting every start and end tag as it stands.
fn depth(html: &str) -> usize {
    let (mut deepest, mut open) = (0_usize, 0_usize);
    for piece in html.split('<').skip(1) {
        if piece.starts_with('/') {
            open = open.saturating_sub(1);
            continue;
        }
        let name = piece.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
        let closes_itself = piece.split('>').next().is_some_and(|tag| tag.ends_with('/'));
        let counts =
            !name.is_empty() && !closes_itself && !UNNESTED.iter().any(|one| one.eq_ignore_ascii_case(name));
        if counts {
            open += 1;
            deepest = deepest.max(open);
        }
    }
    deepest
}

/// The text between tags, in one pass, without any tree.
fn stripped(html: &str) -> String {
    let mut text = String::with_capacity(html.len() / 2);
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        text.push_str(&rest[..at]);
        let tag = &rest[at + 1..];
        rest = match ["script", "style"].iter().find(|name| starts_ignoring_case(tag, name)) {
            Some(name) => {
                let end = format!("</{name}");
                let lower = tag.to_ascii_lowercase();
                lower.find(&end).map_or("", |at| &tag[at..])
            }
            None => tag,
        };
        text.push('\n');
        rest = rest.find('>').map_or("", |end| &rest[end + 1..]);
    }
    text.push_str(rest);
    // `&amp;` last, so that an escaped entity stays what its author typed.
    [("&nbsp;", " "), ("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&")]
        .into_iter()
        .fold(text, |text, (entity, plain)| text.replace(entity, plain))
}

fn starts_ignoring_case(text: &str, start: &str) -> bool {
    text.as_bytes().get(..start.len()).is_some_and(|head| head.eq_ignore_ascii_case(start.as_bytes()))
}

fn replace_ignoring_case(text: &str, from: &str, to: &str) -> String {
    let lower = text.to_ascii_lowercase();
    let mut out = String::with_capacity(text.len());
    let mut done = 0;
    for (at, _) in lower.match_indices(from) {
        out.push_str(&text[done..at]);
        out.push_str(to);
        done = at + from.len();
    }
    out + &text[done..]
}

/// Prints text and nothing else, but for the mark of a quotation, which [`super::history`] reads.
#[derive(Clone, Debug)]
struct Bare;

impl TextDecorator for Bare {
    type Annotation = ();

    fn decorate_link_start(&mut self, _url: &str) -> (String, ()) {
        (String::new(), ())
    }
    fn decorate_link_end(&mut self) -> String {
        String::new()
    }
    fn decorate_em_start(&self) -> (String, ()) {
        (String::new(), ())
    }
    fn decorate_em_end(&self) -> String {
        String::new()
    }
    fn decorate_strong_start(&self) -> (String, ()) {
        (String::new(), ())
    }
    fn decorate_strong_end(&self) -> String {
        String::new()
    }
    fn decorate_strikeout_start(&self) -> (String, ()) {
        (String::new(), ())
    }
    fn decorate_strikeout_end(&self) -> String {
        String::new()
    }
    fn decorate_code_start(&self) -> (String, ()) {
        (String::new(), ())
    }
    fn decorate_code_end(&self) -> String {
        String::new()
    }
    fn decorate_preformat_first(&self) {}
    fn decorate_preformat_cont(&self) {}
    fn decorate_image(&mut self, _src: &str, _title: &str) -> (String, ()) {
        (String::new(), ())
    }
    fn decorate_superscript_start(&self) -> (String, ()) {
        (String::new(), ())
    }
    fn decorate_superscript_end(&self) -> String {
        String::new()
    }
    fn header_prefix(&self, _level: usize) -> String {
        String::new()
    }
    fn quote_prefix(&self) -> String {
        "> ".to_owned()
    }
    fn unordered_item_prefix(&self) -> String {
        "- ".to_owned()
    }
    fn ordered_item_prefix(&self, i: i64) -> String {
        format!("{i}. ")
    }
    fn make_subblock_decorator(&self) -> Self {
        Self
    }
    fn finalise(&mut self, _urls: Vec<String>) -> Vec<html2text::render::TaggedLine<()>> {
        Vec::new()
    }
}
