//! Values in addresses: read, and written.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// A time with its offset, or a date at midnight in UTC.
pub(super) fn moment(text: &str) -> Option<Timestamp> {
    // In a query string a `+` that was not escaped arrives as a space.
    let text = text.trim().replace(' ', "+");
    text.parse().ok().or_else(|| {
        // A longer text that begins with a date is a time without its zone, and not midnight.
        let midnight =
            text.parse::<Date>().ok().filter(|_| text.len() == 10)?.to_zoned(TimeZone::UTC).ok()?;
        Some(midnight.timestamp())
    })
}

/// A value as an address takes it.
pub(super) fn escaped(value: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    value
        .bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}
