//! Time and memory are linear in the bytes of a message, whatever is in it.
//!
//! Nothing here looks at a clock: work is counted in steps, memory in bytes that were allocated.

use allocation_counter::measure;
use proptest::prelude::*;

use super::markup::work;
use super::{About, LIMIT_BYTES, from_html, from_plain};

/// The most steps and bytes read per byte of markup. An end tag looks at 64 open elements at most and takes four bytes;
/// an entity is compared with some twenty names at most.
const STEPS_PER_BYTE: usize = 64;
/// The most bytes in memory per byte of a message, beside the fixed part.
const MEMORY_PER_BYTE: usize = 128;
/// The most bytes in memory for any message at all.
const MEMORY: usize = 8 * 1024 * 1024;
/// The most bytes allocated and freed again over all, per byte.
const TURNOVER_PER_BYTE: usize = 256;
/// The fixed part: the stack of open elements and small buffers.
const FIXED: usize = 64 * 1024;

fn is_bounded(message: &str) -> Result<(), TestCaseError> {
    let beginning = || message.chars().take(60).collect::<String>();
    let (steps, read) = work(message);
    let most = STEPS_PER_BYTE * message.len() + FIXED;
    prop_assert!(
        steps + read <= most,
        "{steps} steps, {read} bytes read of {}: {:?}",
        message.len(),
        beginning()
    );
    for (how, taken) in [
        ("html", measure(|| drop(from_html(message, About::default())))),
        ("plain", measure(|| drop(from_plain(message, About::default())))),
    ] {
        let most = (MEMORY_PER_BYTE * message.len() + FIXED).min(MEMORY) as u64;
        prop_assert!(taken.bytes_max <= most, "{how}: {} > {most}: {:?}", taken.bytes_max, beginning());
        let most = (TURNOVER_PER_BYTE * message.len() + FIXED) as u64;
        prop_assert!(taken.bytes_total <= most, "{how}: {} > {most}: {:?}", taken.bytes_total, beginning());
    }
    Ok(())
}

/// Markup that costs a tree builder or a layout engine more than its size.
fn hostile(bytes: usize) -> Vec<(&'static str, String)> {
    let repeated = |piece: &str| piece.repeat(bytes / piece.len());
    let numbered = |piece: &dyn Fn(usize) -> String| {
        let mut all = String::new();
        for n in 0.. {
            let next = piece(n);
            if all.len() + next.len() > bytes {
                break;
            }
            all.push_str(&next);
        }
        all
    };
    let half = |piece: &str| piece.repeat(bytes / piece.len() / 2);
    let reopened = |names: &[&str], times: usize| {
        let open: String = (0..times).map(|n| format!("<{} {n}>", names[n % names.len()])).collect();
        let rest = bytes.saturating_sub(open.len()) / 4;
        format!("<p>{open}x{}", "<p>x".repeat(rest))
    };
    vec![
        ("re-opened formatting", reopened(&["b"], 186)),
        (
            "re-opened formatting of many kinds",
            reopened(&["b", "i", "u", "s", "a", "font", "em", "nobr"], 800),
        ),
        ("misnested formatting", repeated("<b><i></b></i>")),
        ("formatting across blocks", repeated("<b><div></b>")),
        ("formatting that wants adoption", format!("{}{}", half("<a><div>"), half("</a>"))),
        ("deep quotations", repeated("<blockquote>")),
        ("deep quotations with text", repeated("<blockquote>x<br>")),
        ("deep lists", repeated("<ul><li>")),
        ("deep lists with text", repeated("<ul><li>x")),
        ("deep blocks, closed", format!("{}x{}", half("<div>"), half("</div>"))),
        ("blocks under cells", format!("{}{}", half("<div><td>"), half("</div>"))),
        ("sections that hide a block", format!("<div>{}{}", half("<section>"), half("</div>"))),
        ("nested tables", repeated("<table><tr><td>")),
        ("text in tables", repeated("<table>x<tr>y")),
        ("misnested tables", repeated("<table><b></table><td>")),
        ("wide cells", repeated("<table><tr><td colspan=1000000000>x</table>")),
        ("one tag, many attributes", format!("<p {}>x", numbered(&|n| format!("a{n} ")))),
        ("one attribute, many times", format!("<p {}>x", half("class=a "))),
        ("a long attribute", format!("<p style='{}'>x", half("a:b;"))),
        ("a long name", format!("<{}>x", half("a"))),
        ("an unterminated comment", format!("x<!--{}", half("-"))),
        ("comments that nearly end", repeated("<!----!")),
        ("unterminated tags", repeated("<a ")),
        ("brackets", repeated("<")),
        ("end tags alone", repeated("</b>")),
        ("an unterminated attribute", format!("x<a href=\"{}", half("<p>"))),
        ("named entities", repeated("&amp;")),
        ("entities that nearly are", repeated("&CounterClockwiseContourIntegra")),
        ("ampersands", repeated("&")),
        ("long numeric entities", format!("&#{};", half("9"))),
        ("entities that grow", repeated("&nGt;")),
        ("selects", repeated("<select><option>x")),
        ("foreign content", repeated("<svg><math><mi><desc>x")),
        ("foreign content, self-closing", repeated("<svg/><path/>")),
        ("character data", repeated("<svg><![CDATA[x]]>")),
        ("unterminated character data", format!("<svg><![CDATA[{}", half("]]"))),
        ("nulls", repeated("\0")),
        ("nulls in tags", repeated("<b\0\0>x")),
        ("an unterminated script", format!("<script>{}", half("</scrip>"))),
        ("scripts", repeated("<script></script>")),
        ("a title", format!("<title>{}", half("</titl>"))),
        ("templates", repeated("<template>")),
        ("hidden in hidden", repeated("<i hidden>")),
        ("buttons", repeated("<form><button>")),
        ("rulers", repeated("<hr>")),
        ("preformatted lines", format!("<pre>{}", half("x\n"))),
        ("breaks", repeated("x<br>")),
        ("lines", repeated("x\n")),
        ("quoted lines", repeated(">\n")),
        ("attributions", repeated("On 1 a:\n")),
        ("header blocks", repeated("From:\n\n")),
        (
            "forwards",
            repeated(
                "---- Forwarded message ----\nFrom: A <a@b.example>\nDate: 1 Dec 2026 09:12\nTo: b\n\nx\n",
            ),
        ),
        ("answered mails", repeated("On 1.1.2026 9:12 A <a@b.example> wrote:\n> x\ny\n")),
        ("header lines", repeated("From: A <a@b.example>\n")),
        ("forms", repeated("form:\n\nFrom: A <a@b.example>\nDate: 1 Dec 2026 09:12\nTo: b\n\n")),
        ("closing formulas", format!("x\n{}", half("Regards\n"))),
        ("rulers of signatures", format!("x y z\n{}", half("--\nA\n"))),
        ("notices", format!("x\n{}", half("scanned by avast.com\n"))),
        ("paragraphs of notices", format!("x\n\n{}", half("This e-mail is confidential, delete it.\n\n"))),
        ("lines of devices", format!("x\n{}", half("Sent from my iPhone\n"))),
        ("banners", repeated("CAUTION: external sender, no links, no attachments.\n\n")),
        ("addresses", repeated("a@b.example ")),
        ("numbers", repeated("1.2.2026 9:12 ")),
        ("colons", repeated("a:\n")),
        ("combining marks", repeated("\u{301}\u{327}")),
        ("one long line", repeated("x")),
        ("invisible characters", repeated("\u{200b}")),
    ]
}

#[test]
fn hostile_markup_is_read_in_linear_time_and_memory() {
    for bytes in [20_000, 60_000] {
        for (name, message) in hostile(bytes) {
            is_bounded(&message).unwrap_or_else(|error| panic!("{name}: {error}"));
        }
    }
}

#[test]
fn four_times_the_markup_is_not_sixteen_times_the_work() {
    let work = |message: &str| {
        let (steps, read) = work(message);
        let taken = measure(|| drop(from_html(message, About::default())));
        (steps + read, taken.bytes_max)
    };
    for ((name, one), (_, two)) in hostile(20_000).into_iter().zip(hostile(80_000)) {
        let ((small, low), (large, high)) = (work(&one), work(&two));
        assert!(large <= 10 * small + FIXED, "{name}: {small} steps, then {large}");
        assert!(high <= 10 * low + FIXED as u64, "{name}: {low} bytes, then {high}");
    }
}

#[test]
fn the_limit_counts_what_is_shown() {
    let unseen = "A".repeat(LIMIT_BYTES);
    for markup in [
        format!("<img src=\"data:image/png;base64,{unseen}\"><p>Hello</p>"),
        format!("<style>{unseen}</style><p>Hello</p>"),
        format!("<script>{unseen}</script><p>Hello</p>"),
        format!("<head><title>{unseen}</title></head><p>Hello</p>"),
        format!("<!-- {unseen} --><p>Hello</p>"),
        format!("<div style='display: none'>{unseen}</div><p>Hello</p>"),
        format!("<p data-x='{unseen}'>Hello</p>"),
    ] {
        assert_eq!(from_html(&markup, About::default()), "Hello", "{:?}", &markup[..30]);
    }
    let long = from_html(&format!("<p>{}</p>", "é".repeat(LIMIT_BYTES)), About::default());
    assert!(long.len() <= LIMIT_BYTES + 4 && long.len() > LIMIT_BYTES / 2, "{}", long.len());
}

const TAGS: &str = "(<(/?)(p|b|i|div|span|td|tr|table|blockquote|ul|li|a|pre|font|script|style|title|svg|select|x)( (style='(display:none|font-size:0|visibility:hidden)'|class=\"gmail_quote\"|hidden|a=b))?(/?)>|[a-z>&;\n ]{1,5}|&(amp|lt|nbsp|#60);?|<!--|-->|<!\\[CDATA\\[|\0){0,200}";

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_message_is_read_in_linear_time_and_memory(message in prop_oneof![TAGS, "\\PC{0,400}", "[ -~\n]{0,400}"]) {
        is_bounded(&message)?;
        is_bounded(&message.repeat(20))?;
    }
}
