//! The report as one HTML file, and the templates that the dashboard's pages are made of too.
//!
//! The file loads nothing: style and script are in it, and its own policy allows that one style and that one script by their
//! digests, so that a label or a rule's name could do nothing even if it got past the escaping.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use minijinja::value::Serde;
use minijinja::{Environment, Error, Value, context};
use sha2::{Digest, Sha256};

use super::super::whole::Report;
use super::view::{View, view};

/// The style of every page.
pub const STYLE: &str = include_str!("templates/style.css");
/// The script of every page: sorting, CSV, and nothing that a page needs to be read.
pub const SCRIPT: &str = include_str!("templates/script.js");

/// What a page may do: its own style and its own script, by digest.
pub static POLICY: LazyLock<String> = LazyLock::new(|| {
    let digest = |text: &str| STANDARD.encode(Sha256::digest(text));
    let (style, script) = (digest(STYLE), digest(SCRIPT));
    format!(
        "default-src 'none'; style-src 'sha256-{style}'; script-src 'sha256-{script}'; img-src data:; base-uri 'none'; form-action 'self'"
    )
});

const TEMPLATES: [(&str, &str); 9] = [
    ("layout.html", include_str!("templates/layout.html")),
    ("head.html", include_str!("templates/head.html")),
    ("report.html", include_str!("templates/report.html")),
    ("agreement.html", include_str!("templates/agreement.html")),
    ("promotion.html", include_str!("templates/promotion.html")),
    ("thresholds.html", include_str!("templates/thresholds.html")),
    ("impact.html", include_str!("templates/impact.html")),
    ("challenge.html", include_str!("templates/challenge.html")),
    ("drift.html", include_str!("templates/drift.html")),
];

/// The shared templates, and these beside them. Names end in `.html`, which switches escaping on.
///
/// # Errors
/// When a template cannot be read.
pub fn environment(more: &[(&'static str, &'static str)]) -> Result<Environment<'static>, Error> {
    let mut environment = Environment::new();
    for (name, text) in TEMPLATES.iter().chain(more) {
        environment.add_template(name, text)?;
    }
    environment.add_global("style", Value::from_safe_string(STYLE.to_owned()));
    environment.add_global("script", Value::from_safe_string(SCRIPT.to_owned()));
    Ok(environment)
}

/// A view as the templates take it.
pub fn value(view: View) -> Value {
    Value::from(Serde(view))
}

/// The report as one file.
///
/// # Errors
/// When a template is broken.
pub fn html(report: &Report) -> Result<String, Error> {
    let made = report.window.until.strftime("%F %T").to_string();
    let page = context! { title => "report", policy => POLICY.as_str(), made, view => value(view(report)) };
    environment(&[])?.get_template("report.html")?.render(page)
}
