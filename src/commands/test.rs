//! `test`: the rulebook's own cases, one verdict each, and the rules that none of them covers. It reads, and changes nothing
//! but the report it is asked to write.

use std::cell::OnceCell;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use deskbridge_connectors::Platform;
use deskbridge_onnx::{Classifier, Error, Manifest, bundle};
use serde_json::json;

use super::{cases, prepare, terminal};
use crate::cli::Test;
use crate::diagnostics::Diagnostic;
use crate::inference::brain;
use crate::rulebook::cases::Verdict;
use crate::rulebook::{self, Rulebook, Vocabulary};

/// The bundle that is used where none is named and this one is there.
const STARTER: &str = "onnx/starter";

pub(super) fn run(args: &Test) -> anyhow::Result<ExitCode> {
    let Some(folder) = args.cases.clone().or_else(|| cases::beside(&args.rulebook)) else {
        bail!("there is no folder `cases` beside {}; name one with --cases", args.rulebook.display());
    };
    let (verdicts, rulebook) = match verdicts(args, &folder) {
        Ok(both) => both,
        Err(problems) => return Ok(prepare::refuse(&problems)),
    };
    if verdicts.is_empty() {
        bail!("there are no cases in {}", folder.display());
    }
    if let Some(file) = &args.junit {
        std::fs::write(file, junit(&verdicts)).with_context(|| format!("cannot write {}", file.display()))?;
    }
    let failed = verdicts.iter().filter(|verdict| !verdict.holds()).count();
    let matched: BTreeSet<&str> =
        verdicts.iter().flat_map(|verdict| &verdict.rules).map(String::as_str).collect();
    let uncovered: Vec<&str> = rulebook.rule_ids().filter(|id| !matched.contains(id)).collect();
    let rules = rulebook.rule_ids().count();
    if args.json {
        for verdict in &verdicts {
            let mut line = serde_json::to_value(verdict)?;
            line["passed"] = verdict.holds().into();
            terminal::line(line)?;
        }
        terminal::line(json!({
            "cases": verdicts.len(), "failed": failed, "rules": rules, "uncovered": uncovered,
        }))?;
    } else {
        for verdict in verdicts.iter().filter(|verdict| !verdict.holds()) {
            terminal::line(format!("{}:{}: the case `{}` fails", verdict.file, verdict.line, verdict.name))?;
            verdict.differences.iter().try_for_each(|line| terminal::line(format!("    {line}")))?;
        }
        terminal::line(format!("{} cases, {} failed", verdicts.len(), failed))?;
        terminal::line(match uncovered.as_slice() {
            [] => format!("every one of the {rules} rules is matched by a case"),
            some => format!("{} of {rules} rules are matched by no case: {}", some.len(), some.join(", ")),
        })?;
    }
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

fn verdicts(args: &Test, folder: &Path) -> Result<(Vec<Verdict>, Rulebook), Vec<Diagnostic>> {
    let bundle = args.bundle.clone().or_else(|| {
        let starter = PathBuf::from(STARTER);
        starter.join(bundle::MANIFEST).is_file().then_some(starter)
    });
    let mut problems = Vec::new();
    let mut keep = |problem: Diagnostic| problems.push(problem);
    let vocabulary = bundle.as_deref().and_then(|folder| vocabulary(folder).map_err(&mut keep).ok());
    let sources = cases::sources(folder).map_err(&mut keep).unwrap_or_default();
    let [default, ..] = Platform::ALL;
    let mut platforms = cases::platforms(&sources);
    platforms.push(default);
    platforms.sort();
    platforms.dedup();
    let rulebook = match load(&args.rulebook, vocabulary.as_ref(), &platforms) {
        Ok((rulebook, warnings)) => {
            terminal::diagnostics(&warnings);
            rulebook
        }
        Err(more) => {
            problems.extend(more);
            return Err(problems);
        }
    };
    let cases = cases::read(&sources, &rulebook).map_err(|more| problems.extend(more));
    let (Ok(cases), true) = (cases, problems.is_empty()) else { return Err(problems) };
    let model: OnceCell<Result<Classifier, String>> = OnceCell::new();
    let open = || {
        let folder =
            bundle.as_deref().ok_or("it has no `predicted`, and no bundle is named; see --bundle")?;
        brain::classifier(folder, args.runtime.as_deref(), &prepare::surroundings(), 1)
            .map_err(|error| error.to_string())
    };
    let classify = |subject: &str, body: &str| match model.get_or_init(open) {
        Ok(model) => model.classify(subject, body),
        Err(why) => Err(Error::Inference(why.clone())),
    };
    cases::run(&cases, &rulebook, default, &classify).map(|verdicts| (verdicts, rulebook))
}

/// A bundle's heads, from its manifest alone: tests of rules need no model.
pub(super) fn vocabulary(folder: &Path) -> Result<Vocabulary, Diagnostic> {
    let file = folder.join(bundle::MANIFEST);
    let refused = |why: String| {
        Diagnostic::file(&file.display().to_string(), format!("not a bundle: {why}"), "check --bundle")
    };
    let text = std::fs::read(&file).map_err(|error| refused(error.to_string()))?;
    let manifest: Manifest = serde_json::from_slice(&text).map_err(|error| refused(error.to_string()))?;
    Ok(manifest.heads.into_iter().map(|head| (head.name, head.labels)).collect())
}

/// A rulebook from its file, with its warnings.
pub(super) fn load(
    path: &Path,
    vocabulary: Option<&Vocabulary>,
    platforms: &[Platform],
) -> Result<(Rulebook, Vec<Diagnostic>), Vec<Diagnostic>> {
    let file = path.display().to_string();
    let source = std::fs::read_to_string(path).map_err(|error| {
        let message = format!("the rulebook cannot be read: {error}");
        vec![Diagnostic::file(&file, message, "name a rulebook that is there")]
    })?;
    rulebook::load(&file, &source, vocabulary, platforms).map(|loaded| (loaded.rulebook, loaded.warnings))
}

/// The verdicts as JUnit XML, the form that build servers read.
fn junit(verdicts: &[Verdict]) -> String {
    let failed = verdicts.iter().filter(|verdict| !verdict.holds()).count();
    let mut xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n<testsuite name=\"rulebook\" tests=\"{}\" failures=\"{failed}\">\n",
        verdicts.len()
    );
    for verdict in verdicts {
        let (file, name) = (escaped(&verdict.file), escaped(&verdict.name));
        xml.push_str(&format!(
            "<testcase classname=\"{file}\" name=\"{name}\" file=\"{file}\" line=\"{}\">",
            verdict.line
        ));
        if !verdict.holds() {
            let text = escaped(&verdict.differences.join("\n"));
            xml.push_str(&format!("<failure message=\"not as expected\">{text}</failure>"));
        }
        xml.push_str("</testcase>\n");
    }
    xml + "</testsuite>\n</testsuites>\n"
}

/// Text for XML; characters that XML cannot hold become `?`.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c if (c < ' ' && c != '\n' && c != '\t') || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push('?'),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn xml_holds_any_text() {
        assert_eq!(escaped("a<b>&\"c\"\u{1}\n"), "a&lt;b&gt;&amp;&quot;c&quot;?\n");
    }
}
