//! What stays of a mail, and what never happens.

use proptest::prelude::*;

use super::{About, LIMIT_BYTES, to_html};

fn from_html(html: &str) -> String {
    super::from_html(html, About::default())
}

fn from_plain(text: &str) -> String {
    super::from_plain(text, About::default())
}

fn plain(input: &str, expected: &str) {
    assert_eq!(from_plain(input), expected, "from {input:?}");
}

fn html(input: &str, expected: &str) {
    assert_eq!(from_html(input), expected, "from {input:?}");
}

#[test]
fn white_space_is_folded_and_paragraphs_stay() {
    plain(
        "  Hello   there \r\n\r\n\r\n\u{a0}I was\tcharged twice.\n\n",
        "Hello there\n\nI was charged twice.",
    );
    plain("a\u{200b}b\u{feff}", "ab");
    plain("", "");
}

#[test]
fn attributions_end_the_text_in_four_languages() {
    plain("New.\n\nOn Mon, 5 Jan 2026 at 10:02, Ada <ada@example.com> wrote:\n\nOld.", "New.");
    plain("Neu.\n\nAm 05.01.2026 um 10:02 schrieb Ada <ada@example.com>:\n\nAlt.", "Neu.");
    plain(
        "Nouveau.\n\nLe lun. 5 janv. 2026 à 10:02, Ada <a@example.com> a écrit\u{a0}:\n\nVieux.",
        "Nouveau.",
    );
    plain("Nuevo.\n\nEl lun, 5 ene 2026 a las 10:02, Ada (<a@example.com>) escribió:\n\nViejo.", "Nuevo.");
}

#[test]
fn a_wrapped_attribution_is_recognised() {
    plain(
        "New.\nOn Mon, 5 Jan 2026 at 10:02, Ada Lovelace of the Billing Team\n<ada@example.com> wrote:\nOld.",
        "New.",
    );
}

#[test]
fn a_sentence_that_looks_like_an_attribution_stays() {
    let text = "On the phone your colleague wrote:\nrefund granted";
    plain(text, text);
    let text = "Le produit est cassé.\nMerci de répondre.";
    plain(text, text);
}

#[test]
fn quoted_lines_go_and_answers_between_them_stay() {
    plain("> Which order?\n4711\n> Which address?\nthe old one", "4711\nthe old one");
    plain("On 5 Jan 2026, Ada wrote:\n\n> Which order?\n\n4711, please hurry", "4711, please hurry");
}

#[test]
fn separators_and_header_blocks_end_the_text() {
    plain("New.\n\n-----Original Message-----\nFrom: Ada", "New.");
    plain("Neu.\n\n-----Ursprüngliche Nachricht-----\nVon: Ada", "Neu.");
    plain(
        "New.\n________________________________\nFrom: Ada\nSent: Monday\nTo: me\nSubject: Re: x\n\nOld.",
        "New.",
    );
    plain("New.\n\n*From:* Ada\n*Date:* Monday\n*To:* me\n\nOld.", "New.");
    plain(
        "Nouveau message de ma part.\n\nDe : Ada <ada@example.com>\nEnvoyé : lundi 5 janvier 2026 10:02\nÀ : moi\nObjet : x\n\nVieux.",
        "Nouveau message de ma part.",
    );
    plain("New.\n##- Please type your reply above this line -##\nOld.", "New.");
}

#[test]
fn one_line_that_begins_with_from_is_no_header_block() {
    let text = "From: Berlin\nI need two tickets to: Rome";
    plain(text, text);
}

#[test]
fn signatures_and_device_lines_go() {
    plain("Where is my parcel?\n-- \nGrace Hopper\n+1 555 0100", "Where is my parcel?");
    plain("Where is it?\n\nSent from my iPhone", "Where is it?");
    plain("Wo ist es?\n\nVon meinem iPhone gesendet", "Wo ist es?");
    plain("Von meinem Konto wurde doppelt abgebucht", "Von meinem Konto wurde doppelt abgebucht");
    plain(
        "Sent from my iPhone\n\nOn 5 Jan 2026, Ada wrote:\n> x",
        "Sent from my iPhone\n\nOn 5 Jan 2026, Ada wrote:\n> x",
    );
}

#[test]
fn nothing_is_cut_where_nothing_would_stay() {
    plain("> only a quotation", "> only a quotation");
    plain("--\nGrace", "Grace");
    plain(
        "From: Ada\nDate: today\nSubject: form\nMessage: hello",
        "From: Ada\nDate: today\nSubject: form\nMessage: hello",
    );
    html("<blockquote>only this</blockquote>", "> only this");
}

#[test]
fn markup_becomes_lines() {
    html(
        "<p>Hello <b>there</b>,</p><p>I was charged <i>twice</i>.</p>",
        "Hello there,\n\nI was charged twice.",
    );
    html("one<br>two<br/>three", "one\ntwo\nthree");
    html("<h1>Title</h1><div>a</div><div>b</div>", "Title\n\na\nb");
    html("<ul><li>one</li><li>two</li></ul>", "- one\n- two");
    html("Tom &amp; Jerry &lt;3 caf&eacute; &#128512;&nbsp;x", "Tom & Jerry <3 café 😀 x");
    html("no markup at all", "no markup at all");
    html("1 < 2 and 3 > 2", "1 < 2 and 3 > 2");
}

#[test]
fn links_show_their_words_only() {
    html(r#"<p>See <a href="https://example.com/very/long">our page</a>.</p>"#, "See our page.");
    html(r#"<p>x<img src="https://example.com/pixel.gif" alt="">y<sup>2</sup></p>"#, "xy²");
}

#[test]
fn scripts_styles_and_comments_are_dropped() {
    html("<style>p{color:red}</style><script>alert('x')</script><!-- c --><p>Hello</p>", "Hello");
    html("<html><head><title>Mail</title></head><body>Hello</body></html>", "Hello");
}

#[test]
fn a_long_paragraph_does_not_wrap() {
    let long = "word ".repeat(4000);
    assert_eq!(from_html(&format!("<p>{long}</p>")).lines().count(), 1);
}

#[test]
fn tables_are_flattened() {
    let text =
        from_html("<table><tr><td>Order</td><td>4711</td></tr><tr><td>Sum</td><td>12.00</td></tr></table>");
    assert_eq!(text, "Order 4711\nSum 12.00");
}

#[test]
fn quoted_history_in_markup_goes() {
    html("<p>New.</p><blockquote><p>Old.</p></blockquote>", "New.");
    html(
        r#"<div>New.</div><br><div class="gmail_quote"><div dir="ltr" class="gmail_attr">Some unknown words<br></div><div>Old.</div></div>"#,
        "New.",
    );
    html(
        r#"<div>New.</div><hr><div id="divRplyFwdMsg"><b>From:</b> Ada<br><b>Sent:</b> Monday<br></div><div>Old.</div>"#,
        "New.",
    );
    html(
        r#"<div class="gmail_quote"><div class="gmail_attr">On 5 Jan 2026, Ada wrote:<br></div><blockquote>Which order?</blockquote></div><div>4711</div>"#,
        "4711",
    );
}

#[test]
fn a_forwarded_mail_is_what_the_customer_means() {
    let text = from_html(
        r#"<div>Please see below.</div><div class="gmail_quote"><div class="gmail_attr">---------- Forwarded message ---------<br>From: Shop</div>Your parcel is lost.</div>"#,
    );
    assert!(text.starts_with("Please see below.") && text.contains("Your parcel is lost."), "{text:?}");
}

#[test]
fn talk_about_a_mark_is_no_mark() {
    html("<p>what is gmail_quote good for?</p>", "what is gmail_quote good for?");
}

#[test]
fn deep_nesting_is_read_without_a_tree() {
    for tag in ["div", "b", "blockquote", "table", "span", "ul"] {
        let deep = format!("{}Hello{}", format!("<{tag}>").repeat(15_000), format!("</{tag}>").repeat(100));
        assert!(from_html(&deep).contains("Hello"), "{tag}");
    }
    for hidden in [
        "<div></p>",
        "<div></b>",
        "<b><div></b>",
        "<div/>",
        "<DIV>",
        "<td>",
        "<option>",
        "<font><p>",
        "<x-y>",
    ] {
        let deep = format!("{}Hello", hidden.repeat(20_000));
        assert!(from_html(&deep).contains("Hello"), "{hidden}");
    }
    let scripts = format!("{}Hello", "<div><script>1</script>".repeat(8_000));
    assert_eq!(from_html(&scripts), "Hello");
    let hidden = format!("{}<script>alert(1)</script><p>a &amp;lt; b</p>", "<div>".repeat(5_000));
    assert_eq!(from_html(&hidden), "a &lt; b");
}

#[test]
fn costly_but_shallow_markup_stays_cheap() {
    for piece in [
        "<hr>",
        "<p>",
        "<li>",
        "<table><tr><td>x</td></tr></table>",
        "<br>",
        "<b></b>",
        "<p><b></p>",
        "<script>x</script>",
        "<a href=x>",
        "</p>",
        "&amp;",
        "<td>",
        "<ul><li>x</li></ul>",
    ] {
        let text = from_html(&format!("Hello {}", piece.repeat(LIMIT_BYTES / piece.len())));
        assert!(text.starts_with("Hello"), "{piece}");
    }
}

#[test]
fn attributes_that_ask_for_too_much_are_harmless() {
    for markup in [
        r#"<table><tr><td colspan="1000000000">Hello</td><td>x</td></tr></table>"#,
        r#"<table><tr><td rowspan="1000000000">Hello</td></tr><tr><td>x</td></tr></table>"#,
        r#"<table><tr><td colspan="0">Hello</td></tr></table>"#,
        r#"<table><tr><td colspan="18446744073709551615">Hello</td><td colspan="18446744073709551615">x</td></tr></table>"#,
        r#"<ol start="9223372036854775807"><li>Hello</li><li>x</li></ol>"#,
        r#"<ol start="-9223372036854775808"><li>Hello</li><li>x</li></ol>"#,
        r#"<p style="width:1000000000px;white-space:pre">Hello</p>"#,
        r#"<img width="1000000000" height="1000000000" alt="x"><p>Hello</p>"#,
        r#"<pre>Hello	x</pre><math><mi>x</mi></math><svg><text>x</text></svg>"#,
    ] {
        assert!(from_html(markup).contains("Hello"), "{markup}");
    }
}

#[test]
fn input_is_bounded_at_a_character() {
    let text = "é".repeat(LIMIT_BYTES);
    assert_eq!(from_plain(&text).len(), LIMIT_BYTES);
}

#[test]
fn escaped_text_comes_back_as_it_was() {
    let text = "a < b && \"c\" > d\nnext";
    assert_eq!(to_html(text), "a &lt; b &amp;&amp; &quot;c&quot; &gt; d<br>next");
    assert_eq!(from_html(&to_html(text)), text);
}

#[test]
fn what_a_platform_would_fill_in_stays_text() {
    for (text, html) in [
        ("{{ticket.requester.email}}", "{ {ticket.requester.email}}"),
        ("{{{{dc.secret}}}}", "{ { { {dc.secret}}}}"),
        ("a {% if x %}b{% endif %}", "a { % if x %}b{ % endif %}"),
        ("{%- comment -%}", "{ %- comment -%}"),
        ("{\u{200b}{ ticket.id }}", "{\u{200b} { ticket.id }}"),
        ("{\u{feff}\u{2060}% x %}", "{\u{feff}\u{2060} % x %}"),
        ("{\n{x}}", "{<br> {x}}"),
        ("{ \"json\": {} } 100 %", "{ &quot;json&quot;: {} } 100 %"),
    ] {
        assert_eq!(to_html(text), html);
    }
}

proptest! {
    #[test]
    fn no_braces_of_a_placeholder_meet(text in "[{}%a \n\u{200b}\u{ad}]{0,40}") {
        let seen: String = to_html(&text).replace(['\u{200b}', '\u{ad}'], "");
        prop_assert!(!seen.contains("{{") && !seen.contains("{%"), "{seen}");
    }

    #[test]
    fn no_input_panics_and_no_text_vanishes(text in "[ -~\n<>/&;é─]{0,400}") {
        let _ = from_html(&text);
        let cut = from_plain(&text);
        prop_assert_eq!(cut.is_empty(), text.trim().is_empty());
    }

    #[test]
    fn cutting_twice_cuts_nothing_more(text in "(New|Old|> q|On 1 Jan Ada wrote:|-- |From: a|Sent: b|To: c|\n){0,20}") {
        let once = from_plain(&text);
        prop_assert!(once.len() <= text.len());
    }
}
