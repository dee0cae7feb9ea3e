//! What decides: a model and a rulebook, loaded and checked together, so that neither can name what the other lacks.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use deskbridge_connectors::Platform;
use deskbridge_onnx::{Classifier, Runtime};

use crate::diagnostics::{Diagnostic, Severity};
use crate::evidence::promotion::{self, Promotions};
use crate::inference::challenge::{Comparison, Recent};
use crate::rulebook::{self, Permissions, Rulebook, Vocabulary};
use crate::settings::{Account, Draft, Model, Promotion, Settings};

/// A model and a rulebook. Replaced as a whole on reload.
#[derive(Debug)]
pub struct Brain {
    /// The model.
    pub classifier: Classifier,
    /// The rules.
    pub rulebook: Rulebook,
    /// The labels that may act; `None` where labels hold nothing back.
    pub promotions: Option<Promotions>,
    /// A second model, asked about every ticket too; it decides nothing.
    pub challenger: Option<Classifier>,
    /// The last texts, which the next model is compared on before it takes over.
    pub recent: Arc<Recent>,
}

impl Brain {
    /// How often the next brain's model names something else on the last tickets; `None` where it is the same model, or where
    /// there were no tickets yet.
    pub fn compared_with(&self, next: &Self) -> Option<Result<Comparison, deskbridge_onnx::Error>> {
        let texts = self.recent.texts();
        if texts.is_empty() || self.classifier.digest() == next.classifier.digest() {
            return None;
        }
        let old = self.classifier.classify_texts(texts.clone());
        Some(old.and_then(|old| Ok(Comparison::of(&old, &next.classifier.classify_texts(texts)?))))
    }
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
    load_beside(None, settings, around)
}

/// The same while another brain goes on deciding: it lends its encoder where both have the same, and its last texts.
///
/// # Errors
/// Every problem of both, at once.
pub fn load_beside(
    before: Option<&Brain>,
    settings: &Settings,
    around: &Surroundings,
) -> Result<(Brain, Vec<Diagnostic>), Vec<Diagnostic>> {
    let model = &settings.model;
    let classifier = beside(before.map(|before| &before.classifier), model, &model.bundle, around);
    let challenger = model.challenger.as_deref().map(|bundle| {
        beside(classifier.as_ref().ok(), model, bundle, around).map_err(|error| (bundle, error))
    });
    let (challenger, refused) = match challenger.transpose() {
        Ok(challenger) => (challenger, None),
        Err((bundle, error)) => {
            let help = "check `model.challenger` and `model.runtime`";
            (None, Some(Diagnostic::file(&bundle.display().to_string(), error.to_string(), help)))
        }
    };
    let vocabulary = classifier.as_ref().ok().map(Classifier::vocabulary);
    let used: Vec<Platform> = settings.accounts.iter().map(|account| account.platform).collect();
    let rulebook = rulebook(&settings.rulebook, &used, vocabulary.as_ref());
    match (classifier, rulebook, promotions(&settings.promotion, vocabulary.as_ref())) {
        (Ok(classifier), Ok((rulebook, mut warnings)), Ok((promotions, unwise))) if refused.is_none() => {
            let accounts: Vec<Permissions> = settings.accounts.iter().map(permissions).collect();
            warnings.extend(rulebook.against(&accounts));
            warnings.extend(unwise);
            warnings.extend(classifier.manifest().caveat().map(|caveat| {
                let bundle = model.bundle.display().to_string();
                Diagnostic::without_place(Severity::Warning, bundle, caveat)
            }));
            let recent = before.map(|before| Arc::clone(&before.recent)).unwrap_or_default();
            Ok((Brain { classifier, rulebook, promotions, challenger, recent }, warnings))
        }
        (classifier, rulebook, promotions) => {
            let mut problems = rulebook.err().unwrap_or_default();
            problems.extend(promotions.err().unwrap_or_default());
            problems.extend(classifier.err().map(|error| problem(&model.bundle, &error)));
            problems.extend(refused);
            Err(problems)
        }
    }
}

/// What is wrong, or unwise, with the bundle and the rulebook that unusable settings name; nothing is said about what
/// they do not name.
pub fn findings(draft: &Draft, around: &Surroundings) -> Vec<Diagnostic> {
    let model = draft.bundle.as_deref().map(|bundle| {
        classifier(bundle, draft.runtime.as_deref(), around, 1).map_err(|error| problem(bundle, &error))
    });
    let vocabulary = model.as_ref().and_then(|model| model.as_ref().ok()).map(Classifier::vocabulary);
    let rules = draft.rulebook.as_deref().map(|file| rulebook(file, &draft.platforms, vocabulary.as_ref()));
    let mut found = match rules {
        Some(Ok((_, warnings))) => warnings,
        Some(Err(problems)) => problems,
        None => Vec::new(),
    };
    found.extend(model.and_then(Result::err));
    found
}

fn beside(
    other: Option<&Classifier>,
    model: &Model,
    bundle: &Path,
    around: &Surroundings,
) -> Result<Classifier, deskbridge_onnx::Error> {
    let runtime = model.runtime.as_deref();
    match other {
        Some(other) => Classifier::load_beside(other, bundle, &onnx_runtime(runtime, around)?, model.threads),
        None => classifier(bundle, runtime, around, model.threads),
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
    file: &Path,
    used: &[Platform],
    vocabulary: Option<&Vocabulary>,
) -> Result<(Rulebook, Vec<Diagnostic>), Vec<Diagnostic>> {
    let source = std::fs::read_to_string(file);
    let file = file.display().to_string();
    let source = source.map_err(|error| {
        let message = format!("the rulebook cannot be read: {error}");
        vec![Diagnostic::file(&file, message, "check the `rulebook` setting")]
    })?;
    let platforms: Vec<Platform> =
        Platform::ALL.into_iter().filter(|platform| used.contains(platform)).collect();
    let loaded = rulebook::load(&file, &source, vocabulary, &platforms)?;
    Ok((loaded.rulebook, loaded.warnings))
}

/// The promoted labels. Without a file labels hold nothing back, unless promotion is required: then all stay in shadow.
fn promotions(
    settings: &Promotion,
    vocabulary: Option<&Vocabulary>,
) -> Result<(Option<Promotions>, Vec<Diagnostic>), Vec<Diagnostic>> {
    let file = settings.file.display().to_string();
    match std::fs::read_to_string(&settings.file) {
        Ok(source) => {
            let (promotions, warnings) = promotion::read(&file, &source, vocabulary)?;
            Ok((Some(promotions), warnings))
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Ok((settings.required.then(Promotions::default), Vec::new()))
        }
        Err(error) => {
            let message = format!("the promotions cannot be read: {error}");
            Err(vec![Diagnostic::file(&file, message, "check `promotion.file`")])
        }
    }
}

/// What an account's settings allow a rulebook.
fn permissions(account: &Account) -> Permissions {
    Permissions {
        account: account.name().to_owned(),
        platform: account.platform,
        public_replies: account.config.allow_public_replies,
        reply_limit: account.reply_limit,
        segments: account
            .segment
            .as_ref()
            .map(|segment| segment.map.values().chain([&segment.default]).cloned().collect()),
    }
}
