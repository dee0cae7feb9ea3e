//! The labels file: heads, their labels, and what each label is about. Pure.
//!
//! ```yaml
//! heads:
//!   category:
//!     billing: "Invoices, charges, refunds and payment methods."
//!     technical: "Something does not work as it should."
//! ```

use deskbridge_onnx::OUT_OF_SCOPE;

use crate::diagnostics::yaml::{Key, Node, Problems, Table, parse};
use crate::diagnostics::{Diagnostic, Sheet};

/// Columns that a tickets file has of its own.
const OWN: [&str; 7] = ["id", "subject", "body", "created_at", "requester", "language", super::SYNTHETIC];
/// A description is told with every request of its head.
const LONGEST: usize = 2_000;

/// One label of one head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// The head.
    pub head: String,
    /// The label.
    pub name: String,
    /// What such tickets are about.
    pub about: String,
}

/// Every label, in the order of the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Labels(pub Vec<Label>);

impl Labels {
    /// The heads, in the order of the file.
    pub fn heads(&self) -> Vec<&str> {
        let mut heads: Vec<&str> = self.0.iter().map(|label| label.head.as_str()).collect();
        heads.dedup();
        heads
    }
}

/// Reads the text of a labels file.
///
/// # Errors
/// Every problem there is.
pub fn read(file: &str, source: &str) -> Result<Labels, Vec<Diagnostic>> {
    let sheet = Sheet::new(file, source);
    let root = parse(&sheet, source)?;
    let mut problems = Problems::new(sheet, false);
    let mut table = Table::open(&root, "", &mut problems);
    let mut labels = Labels::default();
    if let Some(heads) = table.required("heads", &mut problems) {
        let entries = problems.entries(heads, "`heads`");
        if entries.is_empty() && !problems.has_errors() {
            problems.error(heads.at, "`heads` names no head");
        }
        entries.iter().for_each(|(key, node)| head(key, node, &mut labels, &mut problems));
    }
    table.close(&mut problems);
    if problems.has_errors() { Err(problems.into_sorted()) } else { Ok(labels) }
}

fn head(key: &Key, node: &Node, labels: &mut Labels, problems: &mut Problems) {
    let head = key.name.trim();
    if head.is_empty() {
        problems.error(key.at, "a head's name is empty");
    } else if OWN.contains(&head) || head == OUT_OF_SCOPE {
        let help = Some("give the head another name".to_owned());
        problems.error_with(key.at, format!("`{head}` cannot be a head: a tickets file uses the word"), help);
    }
    let what = format!("`heads.{head}`");
    let before = problems.errors();
    let entries = problems.entries(node, &what);
    if entries.is_empty() && problems.errors() == before {
        let help = Some("write one line a label: `billing: what such tickets are about`".to_owned());
        problems.error_with(key.at, format!("{what} has no labels"), help);
    }
    for (key, node) in entries {
        let name = key.name.trim();
        if name.is_empty() {
            problems.error(key.at, format!("a label of {what} is empty"));
        } else if name.contains('|') || name.chars().any(char::is_control) {
            problems.error(
                key.at,
                format!("a label of {what} holds `|` or a line break, which `train` splits at"),
            );
        }
        let Some(about) = problems.word(node, &format!("the description of `{head}.{name}`")) else {
            continue;
        };
        if about.chars().count() > LONGEST {
            problems.error(
                node.at,
                format!("the description of `{head}.{name}` is longer than {LONGEST} characters"),
            );
        }
        let about = about.split_whitespace().collect::<Vec<_>>().join(" ");
        labels.0.push(Label { head: head.to_owned(), name: name.to_owned(), about });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_come_in_the_order_of_the_file() {
        let labels = read(
            "labels.yaml",
            "heads:\n  category:\n    billing: Money.\n    technical: >\n      It does\n      not work.\n  priority: { high: \"Cannot wait.\" }\n",
        )
        .unwrap();
        let seen: Vec<_> =
            labels.0.iter().map(|l| (l.head.as_str(), l.name.as_str(), l.about.as_str())).collect();
        assert_eq!(
            seen,
            [
                ("category", "billing", "Money."),
                ("category", "technical", "It does not work."),
                ("priority", "high", "Cannot wait.")
            ]
        );
        assert_eq!(labels.heads(), ["category", "priority"]);
    }

    #[test]
    fn every_problem_is_told_with_its_place() {
        let source = "heads:\n  language: { a: x }\n  category:\n    billing: ''\n    a|b: x\n    list: [x]\n  none:\nhead: 1\n";
        let found = read("labels.yaml", source).unwrap_err();
        let places: Vec<_> = found.iter().map(|found| (found.line, found.column)).collect();
        assert_eq!(places, [(2, 3), (4, 14), (5, 5), (6, 11), (7, 3), (8, 1)], "{found:#?}");
        assert!(found[5].to_string().contains("did you mean `heads`?"), "{}", found[5]);
    }

    #[test]
    fn a_file_without_heads_is_refused() {
        for source in ["", "heads:\n", "heads: {}\n", "heads: [a]\n", "heads: {category: [billing]}\n"] {
            assert_eq!(
                read("l", source).unwrap_err().iter().filter(|found| found.is_error()).count(),
                1,
                "{source:?}"
            );
        }
    }
}
