use super::*;
use crate::fixtures;

#[test]
fn white_space_is_one_space_and_empty_parts_leave_no_line() {
    assert_eq!(text_of("  Refund \t please ", "Hello\n\n\u{a0}there\r\n"), "Refund please\nHello there");
    assert_eq!(text_of("", " body "), "body");
    assert_eq!(text_of("subject", " \n"), "subject");
    assert_eq!(text_of("", ""), "");
}

#[test]
fn long_texts_are_cut_at_the_end_and_short_ones_not_padded() {
    let tokens = Tokens::open(&fixtures::encoder().join("tokenizer.json"), MAX_LENGTH).unwrap();
    let short = tokens.ids("money please").unwrap();
    assert_eq!(short.len(), 4, "opening mark, two words, closing mark");
    let long = tokens.ids(&format!("money please {}", "the parcel is late ".repeat(50_000))).unwrap();
    assert_eq!(long.len(), MAX_LENGTH);
    assert_eq!(long[..3], short[..3]);
    assert_eq!(long.last(), short.last(), "the closing mark survives the cut");
    assert_eq!(tokens.ids("").unwrap().len(), 2);
}
