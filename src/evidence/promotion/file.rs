//! The promotions file, as people read and review it.
//!
//! ```yaml
//! version: 1
//! labels:
//!   - head: category
//!     label: billing
//!     mode: live                   # or suggest
//!     threshold: 0.87              # optional: in place of the bundle's
//!     promoted_at: 2026-03-01T09:00:00Z
//!     evidence: { tickets: 212, agreed: 209, lower: 0.9593, target: 0.95, model: 3f1c… }
//! ```

use std::fmt::Write as _;

use jiff::Timestamp;

use super::{Evidence, Promoted, Promotions};
use crate::diagnostics::yaml::{Node, Problems, Table, parse};
use crate::diagnostics::{Diagnostic, Sheet};
use crate::domain::mode::Mode;
use crate::rulebook::Vocabulary;

/// Reads the text of a promotions file. With a `vocabulary`, labels that the bundle lacks are warned of.
///
/// # Errors
/// Every problem there is; warnings among them.
pub fn read(
    file: &str,
    source: &str,
    vocabulary: Option<&Vocabulary>,
) -> Result<(Promotions, Vec<Diagnostic>), Vec<Diagnostic>> {
    let sheet = Sheet::new(file, source);
    let root = parse(&sheet, source)?;
    let mut problems = Problems::new(sheet, false);
    let mut table = Table::open(&root, "", &mut problems);
    if let Some(node) = table.required("version", &mut problems)
        && problems.text(node, "`version`").is_some_and(|version| version != "1")
    {
        problems.error(node.at, "this program reads version 1 of the promotions file");
    }
    let mut promotions = Promotions::default();
    if let Some((_, node)) = table.optional("labels") {
        for item in problems.list(node, "`labels`") {
            entry(item, vocabulary, &mut promotions, &mut problems);
        }
    }
    table.close(&mut problems);
    let failed = problems.has_errors();
    let found = problems.into_sorted();
    if failed { Err(found) } else { Ok((promotions, found)) }
}

fn entry(
    node: &Node,
    vocabulary: Option<&Vocabulary>,
    promotions: &mut Promotions,
    problems: &mut Problems,
) -> Option<()> {
    let mut table = Table::open(node, "labels", problems);
    let mut word = |key: &'static str, problems: &mut Problems| {
        let node = table.required(key, problems)?;
        Some((node.at, problems.word(node, &format!("`{key}`"))?.to_owned()))
    };
    let head = word("head", problems);
    let label = word("label", problems);
    let mode = table
        .required("mode", problems)
        .and_then(|node| problems.parsed::<Mode>(node, "`mode`", "shadow, suggest or live"));
    let threshold = table.optional("threshold").and_then(|(_, node)| problems.fraction(node, "`threshold`"));
    let at = table.required("promoted_at", problems).and_then(|node| {
        problems.parsed::<Timestamp>(node, "`promoted_at`", "a time, as in 2026-03-01T09:00:00Z")
    });
    let evidence = table.optional("evidence").and_then(|(_, node)| evidence(node, problems));
    table.close(problems);
    let ((head_at, head), (label_at, label)) = (head?, label?);
    if let Some(known) = vocabulary {
        let help =
            || Some("it stays without effect; take the entry out, or train the bundle with it".to_owned());
        match known.get(&head) {
            None => problems.warning(head_at, format!("the bundle has no head `{head}`"), help()),
            Some(labels) if !labels.contains(&label) => {
                problems.warning(label_at, format!("the head `{head}` has no label `{label}`"), help());
            }
            Some(_) => {}
        }
    }
    let promoted = Promoted { mode: mode?, threshold, at: at?, evidence };
    if promotions.0.insert((head.clone(), label.clone()), promoted).is_some() {
        problems.error(label_at, format!("`{head}: {label}` stands here twice"));
    }
    Some(())
}

fn evidence(node: &Node, problems: &mut Problems) -> Option<Evidence> {
    let mut table = Table::open(node, "evidence", problems);
    let mut number = |key: &'static str, problems: &mut Problems| {
        let node = table.required(key, problems)?;
        problems.parsed::<f64>(node, &format!("`{key}`"), "a number")
    };
    let (tickets, agreed) = (number("tickets", problems), number("agreed", problems));
    let (lower, target) = (number("lower", problems), number("target", problems));
    let model =
        table.required("model", problems).and_then(|node| problems.word(node, "`model`")).map(str::to_owned);
    table.close(problems);
    Some(Evidence {
        tickets: tickets? as u64,
        agreed: agreed? as u64,
        lower: lower?,
        target: target?,
        model: model?,
    })
}

/// The file's text.
pub fn write(promotions: &Promotions) -> String {
    let mut text = "# Which labels may act, and what earned it. `deskbridge promote` adds to it; review it like code.\n\
         # A label that is not listed stays in shadow. The strictest of daemon, account, rule and label wins.\n\
         version: 1\n"
        .to_owned();
    text.push_str(if promotions.0.is_empty() { "labels: []\n" } else { "labels:\n" });
    for ((head, label), promoted) in &promotions.0 {
        let quoted = |word: &str| serde_json::Value::from(word).to_string();
        // A string takes every write.
        let _ = writeln!(
            text,
            "  - head: {}\n    label: {}\n    mode: {}",
            quoted(head),
            quoted(label),
            promoted.mode
        );
        if let Some(threshold) = promoted.threshold {
            let _ = writeln!(text, "    threshold: {threshold:.4}");
        }
        let _ = writeln!(text, "    promoted_at: {}", promoted.at);
        if let Some(seen) = &promoted.evidence {
            let _ = writeln!(
                text,
                "    evidence: {{ tickets: {}, agreed: {}, lower: {:.4}, target: {:.4}, model: {} }}",
                seen.tickets,
                seen.agreed,
                seen.lower,
                seen.target,
                quoted(&seen.model)
            );
        }
    }
    text
}
