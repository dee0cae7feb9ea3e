//! What several commands need before they start: settings, store, model and rulebook, with every problem at once.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use deskbridge_connectors::Platform;
use deskbridge_onnx::{Classifier, Runtime};

use super::{BAD_SETTINGS, terminal};
use crate::cli;
use crate::diagnostic::{Diagnostic, Severity};
use crate::rulebook::{self, Rulebook};
use crate::settings::{Settings, StoreUrl};
use crate::store::{self, Store, sqlite::Sqlite};
use crate::triage::Brain;

/// The settings, or their problems on standard error and the exit code that says so.
pub(super) fn settings(args: &cli::Settings) -> Result<Settings, ExitCode> {
    match Settings::load(&args.config, environment()) {
        Ok((settings, warnings)) => {
            terminal::diagnostics(&warnings);
            Ok(settings)
        }
        Err(problems) => Err(refuse(&problems)),
    }
}

/// Everything that a decision needs, or every problem there is.
pub(super) fn everything(args: &cli::Settings) -> (Option<Settings>, Option<Brain>, Vec<Diagnostic>) {
    match Settings::load(&args.config, environment()) {
        Ok((settings, mut findings)) => {
            let brain = match brain(&settings) {
                Ok((brain, warnings)) => {
                    findings.extend(warnings);
                    Some(brain)
                }
                Err(problems) => {
                    findings.extend(problems);
                    None
                }
            };
            (Some(settings), brain, findings)
        }
        Err(problems) => (None, None, problems),
    }
}

/// The model and the rulebook that the settings name.
///
/// # Errors
/// Every problem of both, at once.
pub(crate) fn brain(settings: &Settings) -> Result<(Brain, Vec<Diagnostic>), Vec<Diagnostic>> {
    let classifier = classifier(&settings.model.bundle, settings.model.runtime.as_deref(), settings.model.threads);
    let vocabulary = classifier.as_ref().ok().map(Classifier::vocabulary);
    let rulebook = rulebook(settings, vocabulary.as_ref());
    match (classifier, rulebook) {
        (Ok(classifier), Ok((rulebook, warnings))) => Ok((Brain { classifier, rulebook }, warnings)),
        (classifier, rulebook) => {
            let mut problems = rulebook.err().unwrap_or_default();
            problems.extend(classifier.err().map(|error| bundle_problem(&settings.model.bundle, &error)));
            Err(problems)
        }
    }
}

fn rulebook(
    settings: &Settings,
    vocabulary: Option<&rulebook::Vocabulary>,
) -> Result<(Rulebook, Vec<Diagnostic>), Vec<Diagnostic>> {
    let file = settings.rulebook.display().to_string();
    let source = std::fs::read_to_string(&settings.rulebook).map_err(|error| {
        vec![Diagnostic::file(&file, format!("the rulebook cannot be read: {error}"), "check the `rulebook` setting")]
    })?;
    let platforms: Vec<Platform> =
        Platform::ALL.into_iter().filter(|p| settings.accounts.iter().any(|a| a.platform == *p)).collect();
    let loaded = rulebook::load(&file, &source, vocabulary, &platforms)?;
    Ok((loaded.rulebook, loaded.warnings))
}

/// A classifier on a bundle.
///
/// # Errors
/// Why the library or the bundle cannot be used, with the remedy.
pub(super) fn classifier(
    bundle: &Path,
    runtime: Option<&Path>,
    threads: usize,
) -> Result<Classifier, deskbridge_onnx::Error> {
    Classifier::load(bundle, &onnx_runtime(runtime)?, threads)
}

/// The ONNX Runtime library: the settings' path, then `ORT_DYLIB_PATH`, then beside the binary, then the project's
/// own folder, then the system's.
///
/// # Errors
/// Where it was looked for and what to do.
pub(super) fn onnx_runtime(explicit: Option<&Path>) -> Result<Runtime, deskbridge_onnx::Error> {
    let named = environment().into_iter().find(|(name, _)| name == "ORT_DYLIB_PATH").map(|(_, path)| PathBuf::from(path));
    let beside = std::env::current_exe().ok().and_then(|exe| exe.parent().map(Path::to_owned)).unwrap_or_default();
    let found = Runtime::locate(explicit, named.as_deref(), &beside, Path::new("onnx/runtime"))?;
    Runtime::load(&found)
}

/// The store that the settings name.
///
/// # Errors
/// Why it cannot be used.
pub(crate) fn store(settings: &Settings) -> Result<Arc<dyn Store>, store::Error> {
    let StoreUrl::Sqlite(path) = &settings.store;
    Ok(Arc::new(Sqlite::open(path)?))
}

/// A bundle that cannot be used, placed at its folder.
pub(super) fn bundle_problem(bundle: &Path, error: &deskbridge_onnx::Error) -> Diagnostic {
    Diagnostic::file(&bundle.display().to_string(), error.to_string(), "check `model.bundle` and `model.runtime`")
}

/// Prints problems and gives the exit code for them.
pub(super) fn refuse(problems: &[Diagnostic]) -> ExitCode {
    terminal::diagnostics(problems);
    let count = problems.iter().filter(|problem| problem.severity == Severity::Error).count();
    terminal::remark(format!("{count} problem{}; nothing was started", if count == 1 { "" } else { "s" }));
    ExitCode::from(BAD_SETTINGS)
}

/// The environment, read once a command and handed on.
fn environment() -> Vec<(String, String)> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}
