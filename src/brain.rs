//! What decides: a model and a rulebook, loaded and checked together, so that neither can name what the other lacks.

use std::path::{Path, PathBuf};

use deskbridge_connectors::Platform;
use deskbridge_onnx::{Classifier, Runtime};

use crate::diagnostic::Diagnostic;
use crate::rulebook::{self, Permissions, Rulebook, Vocabulary};
use crate::settings::{Account, Settings};

/// A model and a rulebook. Replaced as a whole on reload.
#[derive(Debug)]
pub struct Brain {
    /// The model.
    pub classifier: Classifier,
    /// The rules.
    pub rulebook: Rulebook,
}

/// Where the ONNX Runtime library may lie, apart from the settings.
#[derive(Clone, Debug)]
pub struct Surroundings {
    /// `ORT_DYLIB_PATH`.
    pub named: Option<PathBuf>,
    /// The folder of the running program.
    pub beside: PathBuf,
    /// The project's folder, whose `onnx/runtime` is filled by `make setup`.
    pub project: PathBuf,
}

/// Loads the model and the rulebook that the settings name. Warnings come with the brain.
///
/// # Errors
/// Every problem of both, at once.
pub fn load(settings: &Settings, around: &Surroundings) -> Result<(Brain, Vec<Diagnostic>), Vec<Diagnostic>> {
    let model = &settings.model;
    let classifier = classifier(&model.bundle, model.runtime.as_deref(), around, model.threads);
    let vocabulary = classifier.as_ref().ok().map(Classifier::vocabulary);
    match (classifier, rulebook(settings, vocabulary.as_ref())) {
        (Ok(classifier), Ok((rulebook, warnings))) => Ok((Brain { classifier, rulebook }, warnings)),
        (classifier, rulebook) => {
            let mut problems = rulebook.err().unwrap_or_default();
            problems.extend(classifier.err().map(|error| problem(&model.bundle, &error)));
            Err(problems)
        }
    }
}

/// A classifier on a bundle.
///
/// # Errors
/// Why the library or the bundle cannot be used, with the remedy.
pub fn classifier(
    bundle: &Path,
    runtime: Option<&Path>,
    around: &Surroundings,
    threads: usize,
) -> Result<Classifier, deskbridge_onnx::Error> {
    Classifier::load(bundle, &onnx_runtime(runtime, around)?, threads)
}

/// The ONNX Runtime library: the settings' path, then `ORT_DYLIB_PATH`, then beside the program, then the project's own
/// folder, then the system's.
///
/// # Errors
/// Where it was looked for and what to do.
pub fn onnx_runtime(
    explicit: Option<&Path>,
    around: &Surroundings,
) -> Result<Runtime, deskbridge_onnx::Error> {
    let found = Runtime::locate(explicit, around.named.as_deref(), &around.beside, &around.project)?;
    Runtime::load(&found)
}

/// A bundle that cannot be used, placed at its folder.
pub fn problem(bundle: &Path, error: &deskbridge_onnx::Error) -> Diagnostic {
    Diagnostic::file(
        &bundle.display().to_string(),
        error.to_string(),
        "check `model.bundle` and `model.runtime`",
    )
}

fn rulebook(
    settings: &Settings,
    vocabulary: Option<&Vocabulary>,
) -> Result<(Rulebook, Vec<Diagnostic>), Vec<Diagnostic>> {
    let file = settings.rulebook.display().to_string();
    let source = std::fs::read_to_string(&settings.rulebook).map_err(|error| {
        let message = format!("the rulebook cannot be read: {error}");
        vec![Diagnostic::file(&file, message, "check the `rulebook` setting")]
    })?;
    let used = |platform: &Platform| settings.accounts.iter().any(|account| account.platform == *platform);
    let platforms: Vec<Platform> = Platform::ALL.into_iter().filter(used).collect();
    let mut loaded = rulebook::load(&file, &source, vocabulary, &platforms)?;
    let accounts: Vec<Permissions> = settings.accounts.iter().map(permissions).collect();
    loaded.warnings.extend(loaded.rulebook.against(&accounts));
    Ok((loaded.rulebook, loaded.warnings))
}

/// What an account's settings allow a rulebook.
fn permissions(account: &Account) -> Permissions {
    Permissions {
        account: account.name().to_owned(),
        platform: account.platform,
        public_replies: account.config.allow_public_replies,
        segments: account
            .segment
            .as_ref()
            .map(|segment| segment.map.values().chain([&segment.default]).cloned().collect()),
    }
}
