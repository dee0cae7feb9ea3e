//! `schema`: the JSON Schema of a file that people write, on standard output.

use std::process::ExitCode;

use super::terminal;
use crate::cli::SchemaOf;
use crate::rulebook;
use crate::settings;

pub(super) fn run(of: SchemaOf) -> anyhow::Result<ExitCode> {
    let schema = match of {
        SchemaOf::Rulebook => rulebook::schema::rulebook(),
        SchemaOf::Cases => rulebook::schema::cases(),
        SchemaOf::Config => settings::schema(),
    };
    terminal::line(serde_json::to_string_pretty(&schema)?)?;
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use serde_json::{Map, Number};

    use super::*;
    use crate::diagnostics::Sheet;
    use crate::diagnostics::yaml::{Node, Value, parse};

    fn project(file: &str) -> String {
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap()
    }

    fn json(node: &Node) -> serde_json::Value {
        match &node.value {
            Value::Null => serde_json::Value::Null,
            Value::Scalar { text, plain: true } => match (text.parse::<bool>(), text.parse::<Number>()) {
                (Ok(flag), _) => flag.into(),
                (_, Ok(number)) => number.into(),
                _ => text.as_str().into(),
            },
            Value::Scalar { text, .. } => text.as_str().into(),
            Value::List(items) => items.iter().map(json).collect(),
            Value::Map(entries) => {
                entries.iter().map(|(key, node)| (key.name.clone(), json(node))).collect::<Map<_, _>>().into()
            }
        }
    }

    fn faults(schema: &serde_json::Value, yaml: &str) -> Vec<String> {
        let document = json(&parse(&Sheet::new("", ""), yaml).unwrap());
        let validator = jsonschema::draft202012::new(schema).unwrap();
        validator.iter_errors(&document).map(|error| format!("{}: {error}", error.instance_path())).collect()
    }

    #[test]
    fn the_files_in_the_repository_are_what_the_program_prints() {
        for (file, schema) in
            [("rulebook", rulebook::schema::rulebook()), ("cases", rulebook::schema::cases())]
        {
            let path = format!("routing-rules/{file}.schema.json");
            let printed = serde_json::to_string_pretty(&schema).unwrap() + "\n";
            assert_eq!(project(&path), printed, "run `deskbridge schema {file} > {path}`");
        }
        assert!(
            project("routing-rules/support.yaml")
                .starts_with("# yaml-language-server: $schema=rulebook.schema.json\n")
        );
    }

    #[test]
    fn what_is_shipped_is_valid_by_its_schema() {
        assert_eq!(faults(&rulebook::schema::rulebook(), &project("routing-rules/support.yaml")), [""; 0]);
        assert_eq!(faults(&settings::schema(), &project("deploy/deskbridge.example.yaml")), [""; 0]);
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("routing-rules/cases");
        let mut files = 0;
        for entry in std::fs::read_dir(folder).unwrap() {
            let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
            assert!(text.starts_with("# yaml-language-server: $schema=../cases.schema.json\n"));
            assert_eq!(faults(&rulebook::schema::cases(), &text), [""; 0]);
            files += 1;
        }
        assert!(files > 0);
    }

    #[test]
    fn mistakes_are_found() {
        let book =
            |rules: &str| faults(&rulebook::schema::rulebook(), &format!("version: 1\nrules:\n{rules}"));
        assert_eq!(book("  - { id: a, then: [{ note: x }] }\n"), [""; 0]);
        for wrong in [
            "  - { id: a }\n",
            "  - { id: a, then: [] }\n",
            "  - { id: a, then: [{ set_priorty: high }] }\n",
            "  - { id: a, then: [{ set_priority: hih }] }\n",
            "  - { id: a, wen: { tag: x }, then: [{ note: x }] }\n",
            "  - { id: a, when: { all: [], tag: x }, then: [{ note: x }] }\n",
            "  - { id: a, when: { platform: zen }, then: [{ note: x }] }\n",
            "  - { id: a, when: { category: billing, confidence: high }, then: [{ note: x }] }\n",
        ] {
            assert_ne!(book(wrong), [""; 0], "{wrong}");
        }
        assert_ne!(faults(&settings::schema(), "server: { lisen: x }\n"), [""; 0]);
        assert_ne!(faults(&rulebook::schema::cases(), "- { name: a, given: {}, expct: {} }\n"), [""; 0]);
    }
}
