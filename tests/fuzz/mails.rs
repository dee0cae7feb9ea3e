//! The text of a message: HTML mail, or what a visitor typed.

use deskbridge_connectors::plain_text::{About, from_html, from_plain};

/// The most text that a byte can become. Entities and list marks are longer than themselves at most by this.
const GROWTH: usize = 3;
/// Text that is short however little markup there was.
const SHORT: usize = 64;

/// Any bytes are a message, once as HTML and once as plain text. No text is longer than a multiple of the message, text
/// that was read stays as it is when it is read again, and what is only white space is no text.
pub(crate) fn mails(data: &[u8]) {
    let message = String::from_utf8_lossy(data);
    let about = About::default();
    for text in [from_html(&message, about), from_plain(&message, about)] {
        assert!(text.len() <= GROWTH * message.len() + SHORT, "{} of {}", text.len(), message.len());
        assert_eq!(text, text.trim(), "white space around the text");
        assert!(!text.contains("\n\n\n"), "blank lines are folded");
    }
    // The same again is the same: nothing is random, and nothing is kept between messages.
    assert_eq!(from_html(&message, about), from_html(&message, about));
}
