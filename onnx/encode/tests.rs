use super::*;
use crate::fixtures;

#[test]
fn long_texts_lose_their_middle_and_short_ones_are_not_padded() {
    let tokens = Tokens::open(&fixtures::encoder().join("tokenizer.json"), Manners::default()).unwrap();
    let short = tokens.ids("money please").unwrap();
    assert_eq!(short.len(), 4, "opening mark, two words, closing mark");
    let long =
        tokens.ids(&format!("money please {}", "the parcel is late ".repeat(500) + "refund now")).unwrap();
    assert_eq!(long.len(), MAX_LENGTH);
    assert_eq!(long[..3], short[..3]);
    let end = tokens.ids("refund now").unwrap();
    assert_eq!(long[long.len() - end.len() + 1..], end[1..]);
    assert_eq!(long.last(), short.last(), "the closing mark survives the cut");
    assert_eq!(tokens.ids("").unwrap().len(), 2);
}
