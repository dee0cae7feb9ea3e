//! The rulebook's cases from their folder: found, read and run, for `test`, `check` and every reload alike.

use std::path::{Path, PathBuf};

use deskbridge_connectors::Platform;
use deskbridge_onnx::{Error, Prediction};

use crate::diagnostics::Diagnostic;
use crate::inference::brain::Brain;
use crate::rulebook::Rulebook;
use crate::rulebook::cases::{self, Case, Verdict};
use crate::settings::Settings;

/// A file of cases as read from disk.
pub(super) struct Source {
    file: String,
    text: String,
}

/// The folder `cases` beside a rulebook, where there is one.
pub(super) fn beside(rulebook: &Path) -> Option<PathBuf> {
    let folder = rulebook.parent()?.join("cases");
    folder.is_dir().then_some(folder)
}

/// Every `*.yaml` file of a folder, by name.
pub(super) fn sources(folder: &Path) -> Result<Vec<Source>, Diagnostic> {
    let refused = |path: &Path, error: std::io::Error| {
        let message = format!("the cases cannot be read: {error}");
        Diagnostic::file(&path.display().to_string(), message, "check the folder and its permissions")
    };
    let entries = std::fs::read_dir(folder).map_err(|error| refused(folder, error))?;
    let mut paths: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|ending| ending == "yaml" || ending == "yml"))
        .collect();
    paths.sort();
    paths
        .into_iter()
        .map(|path| {
            let text = std::fs::read_to_string(&path).map_err(|error| refused(&path, error))?;
            Ok(Source { file: path.display().to_string(), text })
        })
        .collect()
}

/// The platforms that the cases name.
pub(super) fn platforms(sources: &[Source]) -> Vec<Platform> {
    sources.iter().flat_map(|source| cases::platforms(&source.text)).collect()
}

/// Reads every file; all their problems at once.
pub(super) fn read(sources: &[Source], rulebook: &Rulebook) -> Result<Vec<Case>, Vec<Diagnostic>> {
    let (mut found, mut problems) = (Vec::new(), Vec::new());
    for source in sources {
        match cases::read(&source.file, &source.text, rulebook) {
            Ok(cases) => found.extend(cases),
            Err(more) => problems.extend(more),
        }
    }
    if problems.is_empty() { Ok(found) } else { Err(problems) }
}

/// Runs every case. `classify` is asked for those without scores of their own.
pub(super) fn run(
    cases: &[Case],
    rulebook: &Rulebook,
    platform: Platform,
    classify: &dyn Fn(&str, &str) -> Result<Prediction, Error>,
) -> Result<Vec<Verdict>, Vec<Diagnostic>> {
    let (mut verdicts, mut problems) = (Vec::new(), Vec::new());
    for case in cases {
        let asked = case.to_classify().map(|(subject, body)| classify(subject, body)).transpose();
        match asked {
            Ok(prediction) => verdicts.push(case.run(rulebook, prediction, platform)),
            Err(error) => problems.push(case.finding(format!("the case cannot be classified: {error}"))),
        }
    }
    if problems.is_empty() { Ok(verdicts) } else { Err(problems) }
}

/// What the cases beside a rulebook say against it: mistakes in them, and those that fail. Nothing where there are none.
/// Cases about platforms that have no account are left out, because the rulebook owes them no names.
pub(super) fn findings(settings: &Settings, brain: &Brain) -> Vec<Diagnostic> {
    let Some(folder) = beside(&settings.rulebook) else { return Vec::new() };
    let used: Vec<Platform> = settings.accounts.iter().map(|account| account.platform).collect();
    let Some(first) = used.first() else { return Vec::new() };
    let outcome = sources(&folder)
        .map_err(|problem| vec![problem])
        .and_then(|sources| read(&sources, &brain.rulebook))
        .and_then(|mut cases| {
            cases.retain(|case| case.platform().is_none_or(|platform| used.contains(&platform)));
            run(&cases, &brain.rulebook, *first, &|subject, body| brain.classifier.classify(subject, body))
        });
    match outcome {
        Ok(verdicts) => verdicts.iter().filter_map(Verdict::finding).collect(),
        Err(problems) => problems,
    }
}
