//! Text from outside, made fit for a terminal: no byte of it moves a cursor, changes a colour or turns a line around.
//!
//! Characters are written as JSON escapes them (`\u001b`). A line of JSON therefore means the same after it.

use std::borrow::Cow;

/// Escapes everything that a terminal would obey, and keeps line breaks and tabs: for whole texts.
pub fn printable(text: &str) -> Cow<'_, str> {
    if !text.chars().any(steers) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        let ends_a_line = c == '\r' && rest.peek() == Some(&'\n');
        if steers(c) && !ends_a_line { escape(c, &mut shown) } else { shown.push(c) }
    }
    Cow::Owned(shown)
}

/// Escapes line breaks and tabs too, and cuts what is longer than `most` characters: for one value in a line of others.
pub fn one_line(text: &str, most: usize) -> String {
    let mut shown = String::with_capacity(text.len().min(most) + 16);
    for (at, c) in text.chars().enumerate() {
        if at == most {
            shown.push('…');
            break;
        }
        if steers(c) || matches!(c, '\n' | '\t') { escape(c, &mut shown) } else { shown.push(c) }
    }
    shown
}

/// Controls of both sets (ESC, CSI), line and paragraph separators, and the marks that change the direction of text:
/// <https://www.unicode.org/reports/tr9/#Directional_Formatting_Characters>
fn steers(c: char) -> bool {
    let turns = matches!(
        c,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
    );
    turns || (c.is_control() && !matches!(c, '\n' | '\t'))
}

/// All of them are in the first plane, so that four digits are enough.
fn escape(c: char, into: &mut String) {
    into.push_str(&format!("\\u{:04x}", u32::from(c)));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_a_terminal_obeys_is_left_and_everything_else_is() {
        for (text, shown) in [
            ("Grüße, 世界 🎉\n\tzweite Zeile", "Grüße, 世界 🎉\n\tzweite Zeile"),
            ("\u{1b}[2J\u{1b}]0;title\u{7}", "\\u001b[2J\\u001b]0;title\\u0007"),
            ("one-byte CSI: \u{9b}31m", "one-byte CSI: \\u009b31m"),
            ("over\rwritten, \u{8}\u{7f}", "over\\u000dwritten, \\u0008\\u007f"),
            ("a,b\r\nc,d\r\n", "a,b\r\nc,d\r\n"),
            ("cod.\u{202e}fdp", "cod.\\u202efdp"),
            ("isolated \u{2067}x\u{2069}, \u{2028}", "isolated \\u2067x\\u2069, \\u2028"),
        ] {
            assert_eq!(printable(text), shown);
        }
        for c in ('\0'..=char::MAX).filter(|c| c.is_control() && !matches!(c, '\n' | '\t')) {
            assert!(!printable(&format!("a{c}b")).contains(c), "{c:?}");
        }
    }

    #[test]
    fn one_value_stays_in_its_line_and_within_its_length() {
        assert_eq!(
            one_line("first\nreason  forged\r\n\tx", 100),
            "first\\u000areason  forged\\u000d\\u000a\\u0009x"
        );
        assert_eq!(one_line("äöü", 3), "äöü");
        assert_eq!(one_line("äöüß", 3), "äöü…");
        assert!(one_line(&"\u{1b}".repeat(1_000_000), 50).len() < 500);
    }

    #[test]
    fn a_line_of_json_means_the_same_afterwards() {
        let value = serde_json::json!({ "key\u{9b}31m\u{7f}": "\u{202e}text\u{1b}[0m\r\n" });
        let shown = printable(&value.to_string()).into_owned();
        assert!(!shown.chars().any(|c| c.is_control() || c == '\u{202e}'), "{shown}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&shown).unwrap(), value);
    }
}
