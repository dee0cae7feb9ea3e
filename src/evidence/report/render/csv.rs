//! One line of a CSV file that a spreadsheet opens without running anything in it.

/// The fields as a line, quoted where they must be. A field that a spreadsheet would take for a formula gets an apostrophe before
/// it: <https://owasp.org/www-community/attacks/CSV_Injection>.
pub fn line(fields: &[&str]) -> String {
    let fields: Vec<_> = fields.iter().map(|text| field(text)).collect();
    fields.join(",") + "\r\n"
}

fn field(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']) && text.parse::<f64>().is_err();
    let text = if formula { format!("'{text}") } else { text.to_owned() };
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}
