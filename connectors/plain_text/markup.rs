//! Markup to lines of text.
//!
//! html5ever builds the tree and html2text walks it; both are robust, but neither is meant for hostile input.
//! So what is known to be costly (deep nesting, tables, rulers) is taken away first, and whatever is
//! too deep goes through a plain tag stripper instead. It never wraps, never prints links and never panics.

use std::collections::HashMap;

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
    let html = simplified(html);
    if depth(&html) > DEPTH {
        return stripped(&html);
    }
    html2text::config::with_decorator(Bare)
        .allow_width_overflow()
        .string_from_read(html.as_bytes(), WIDTH)
        .unwrap_or_else(|_| stripped(&html))
}

/// The markup without the elements whose layout costs more than it tells: a ruler becomes as wide as the page, a table
/// trusts the numbers in its cells, a numbered list counts on from any number. Rows become lines, cells words.
fn simplified(html: &str) -> String {
    let mut out = String::with_capacity(html.len() + html.len() / 8);
    for (at, piece) in html.split('<').enumerate() {
        if at == 0 {
            out.push_str(piece);
            continue;
        }
        let (slash, rest) = piece.strip_prefix('/').map_or(("", piece), |rest| ("/", rest));
        let name = rest.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
        let plainer = match name.to_ascii_lowercase().as_str() {
            "hr" => "br",
            "ol" => "ul",
            "table" | "thead" | "tbody" | "tfoot" | "tr" => "div",
            "td" | "th" => "span",
            _ => name,
        };
        out.push_str(if plainer == "span" { " <" } else { "<" });
        out.push_str(slash);
        out.push_str(plainer);
        out.push_str(&rest[name.len()..]);
    }
    out
}

/// Elements that may stay open for ever or that the parser closes by itself.
const UNNESTED: [&str; 19] = [
    "area", "base", "br", "col", "embed", "img", "input", "link", "meta", "source", "track", "wbr", "p",
    "li", "dt", "dd", "html", "head", "body",
];

/// How deep elements nest at most. An end tag counts only where such an element is open, because a stray one closes
/// nothing.
fn depth(html: &str) -> usize {
    let lower = html.to_ascii_lowercase();
    let mut open: HashMap<&str, usize> = HashMap::new();
    let (mut deepest, mut now) = (0_usize, 0_usize);
    for piece in lower.split('<').skip(1) {
        let rest = piece.strip_prefix('/').unwrap_or(piece);
        let name = rest.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
        if name.is_empty() || UNNESTED.contains(&name) {
            continue;
        }
        let of_name = open.entry(name).or_default();
        if rest.len() == piece.len() {
            *of_name += 1;
            now += 1;
            deepest = deepest.max(now);
        } else if *of_name > 0 {
            *of_name -= 1;
            now -= 1;
        }
    }
    deepest
}

/// The text between tags, in one pass, without any tree.
fn stripped(html: &str) -> String {
    // Lower-casing ASCII moves no byte, so places found here are places in the original too.
    let lower = html.to_ascii_lowercase();
    let mut text = String::with_capacity(html.len() / 2);
    let mut done = 0;
    while let Some(at) = lower[done..].find('<').map(|at| done + at) {
        text.push_str(&html[done..at]);
        text.push('\n');
        let unseen = ["script", "style"].into_iter().find(|name| lower[at + 1..].starts_with(name));
        let end = match unseen {
            Some(name) => lower[at + 1..].find(&format!("</{name}")).map(|end| at + 1 + end),
            None => Some(at),
        };
        done = end.and_then(|end| Some(end + lower[end..].find('>')? + 1)).unwrap_or(html.len());
    }
    text.push_str(&html[done..]);
    // `&amp;` last, so that an escaped entity stays what its author typed.
    [("&nbsp;", " "), ("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&")]
        .into_iter()
        .fold(text, |text, (entity, plain)| text.replace(entity, plain))
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
