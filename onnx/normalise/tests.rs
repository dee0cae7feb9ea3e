use super::*;

#[test]
fn white_space_is_one_space_and_empty_parts_leave_no_line() {
    assert_eq!(text_of("  Refund \t please ", "Hello\n\n\u{a0}there\r\n"), "Refund please\nHello there");
    assert_eq!(text_of("", " body "), "body");
    assert_eq!(text_of("subject", " \n"), "subject");
    assert_eq!(text_of("", ""), "");
}

#[test]
fn compatibility_forms_become_plain_and_what_shows_nothing_goes() {
    assert_eq!(text_of("", "ﬁle Ｒｅｆｕｎｄ ①"), "file Refund 1");
    assert_eq!(text_of("", "re\u{200b}fu\u{ad}nd\u{202e} \u{7}now\0"), "refund now");
    assert_eq!(text_of("", "e\u{301}t\u{e9}"), "été");
}

#[test]
fn long_texts_keep_both_ends() {
    let text = text_of("", &format!("first {} last", "middle ".repeat(100_000)));
    assert!(text.starts_with("first middle") && text.ends_with("middle last"));
    assert!(text.len() <= MOST_CHARS + 2, "{}", text.len());
}
