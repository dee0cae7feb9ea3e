//! One line of a CSV file that a spreadsheet opens without running anything in it.

use deskbridge_onnx::cell::defused;

/// Writes fields as a line, quoted if necessary, with an apostrophe before what a spreadsheet would take for a formula.
pub fn line(fields: &[&str]) -> String {
    let fields: Vec<_> = fields.iter().map(|text| field(text)).collect();
    fields.join(",") + "\r\n"
}

fn field(text: &str) -> String {
    let text = defused(text);
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.into_owned()
    }
}
