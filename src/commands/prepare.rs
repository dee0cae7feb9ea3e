//! What several commands need before they start: settings, store, model and rulebook, with every problem at once.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::{BAD_SETTINGS, terminal};
use crate::cli;
use crate::diagnostics::{Diagnostic, Severity};
use crate::domain::label_modes::LabelModes;
use crate::evidence::gather::{self, Pace};
use crate::evidence::promotion::label_modes;
use crate::inference::brain::{self, Brain, Surroundings};
use crate::ingress::{self, Certificate, Purpose};
use crate::settings::{Draft, Settings, StoreUrl, TlsFiles, Unusable};
use crate::store::{self, Store, sqlite::Sqlite};

/// Where `make setup` puts the ONNX Runtime library, seen from the project's folder.
const RUNTIME_FOLDER: &str = "onnx/runtime";

/// Decisions that take a while to read.
const WORTH_SAYING: u64 = 10_000;

/// The settings, or their problems on standard error and the exit code that says so.
pub(super) fn settings(args: &cli::Settings) -> Result<Settings, ExitCode> {
    match Settings::load(&args.config, environment()) {
        Ok((settings, warnings)) => {
            terminal::diagnostics(&warnings);
            Ok(settings)
        }
        Err(unusable) => Err(refuse(&unusable.problems)),
    }
}

/// The settings as they are now, or what is wrong with them.
pub(super) fn loaded(config: &Path) -> Result<Settings, Vec<Diagnostic>> {
    Settings::load(config, environment()).map(|(settings, _)| settings).map_err(|unusable| unusable.problems)
}

/// Returns what a listener speaks TLS with; `None` if it does not.
pub(super) fn certificate(
    settings: &Settings,
    purpose: Purpose,
) -> Result<Option<Arc<Certificate>>, Diagnostic> {
    let files = match purpose {
        Purpose::Hooks => &settings.server.tls,
        Purpose::Admin => &settings.admin.tls,
    };
    let Some(TlsFiles { certificate, key }) = files else { return Ok(None) };
    Certificate::load(certificate, key).map(|loaded| Some(Arc::new(loaded))).map_err(|error| {
        let file = match &error {
            ingress::Unusable::File { path, .. } => path,
            ingress::Unusable::Pair { .. } => certificate,
        };
        let section = purpose.section();
        let help =
            format!("`{section}.tls` names a certificate with its chain and its key, both as PEM files");
        Diagnostic::file(&file.display().to_string(), format!("`{section}.tls`: {error}"), &help)
    })
}

/// What a decision needs, as far as it could be had, with everything there is to say about it.
pub(super) struct Everything {
    /// The settings, or what could be read of unusable ones.
    pub(super) settings: Result<Settings, Draft>,
    /// Model and rulebook, where both can be used.
    pub(super) brain: Option<Brain>,
    /// Every problem and every warning.
    pub(super) findings: Vec<Diagnostic>,
}

/// Everything that a decision needs, or every problem there is: unusable settings do not hide what is wrong with the
/// rulebook and the bundle they name.
pub(super) fn everything(args: &cli::Settings) -> Everything {
    match Settings::load(&args.config, environment()) {
        Ok((settings, mut findings)) => {
            let brain = match brain::load(&settings, &surroundings()) {
                Ok((brain, warnings)) => {
                    findings.extend(warnings);
                    Some(brain)
                }
                Err(problems) => {
                    findings.extend(problems);
                    None
                }
            };
            findings.extend(Purpose::ALL.iter().filter_map(|purpose| certificate(&settings, *purpose).err()));
            Everything { settings: Ok(settings), brain, findings }
        }
        Err(unusable) => {
            let Unusable { problems: mut findings, draft } = *unusable;
            findings.extend(brain::findings(&draft, &surroundings()));
            Everything { settings: Err(draft), brain: None, findings }
        }
    }
}

/// Where the ONNX Runtime library may lie, apart from the settings.
pub(super) fn surroundings() -> Surroundings {
    let named =
        environment().into_iter().find(|(name, _)| name == "ORT_DYLIB_PATH").map(|(_, path)| path.into());
    let program = std::env::current_exe().unwrap_or_default();
    let beside = program.parent().map(Path::to_owned).unwrap_or_default();
    // A program in `target/release` belongs to the project two folders above, wherever it was started.
    let home = beside.ancestors().nth(2).filter(|home| home.join(RUNTIME_FOLDER).is_dir());
    let here = Path::new(RUNTIME_FOLDER).is_dir();
    let project = home.filter(|_| !here).map_or_else(|| ".".into(), Path::to_owned);
    Surroundings { named, beside, project }
}

/// The store that the settings name.
///
/// # Errors
/// Why it cannot be used.
pub(super) fn store(settings: &Settings) -> Result<Arc<dyn Store>, store::Error> {
    let StoreUrl::Sqlite(path) = &settings.store;
    Ok(Arc::new(Sqlite::open(path)?))
}

/// The store for a command that reads it, or why it cannot be used on standard error and the exit code that says so.
/// A store that is not there is not made: a mistyped path, or another user's file, would stand in the daemon's way.
pub(super) fn store_or_refuse(settings: &Settings) -> Result<Arc<dyn Store>, ExitCode> {
    let StoreUrl::Sqlite(path) = &settings.store;
    if !store_is_there(settings) {
        let help =
            "`serve` makes it when it first starts; a relative path is relative to the working directory";
        return Err(refuse(&[Diagnostic::file(&path.display().to_string(), "there is no store here", help)]));
    }
    store(settings).map_err(|error| refuse(&[store_problem(settings, &error)]))
}

/// How far each label may go, as the daemon would have it: the promotions, less what the store says has fallen.
///
/// # Errors
/// When a store that is there cannot be read.
pub(super) async fn gate(settings: &Settings, brain: &Brain) -> anyhow::Result<LabelModes> {
    let fallen = if store_is_there(settings) { store(settings)?.demotions().await? } else { Vec::new() };
    Ok(label_modes(brain.promotions.as_ref(), &fallen))
}

/// Whether the store was made already.
pub(super) fn store_is_there(settings: &Settings) -> bool {
    let StoreUrl::Sqlite(path) = &settings.store;
    path.exists()
}

/// A store that cannot be used, placed at its file.
pub(super) fn store_problem(settings: &Settings, error: &store::Error) -> Diagnostic {
    let StoreUrl::Sqlite(path) = &settings.store;
    let help = "check `store.url`: its folder must be there and be writable for this user; a damaged file is replaced by a backup";
    Diagnostic::file(&path.display().to_string(), error.to_string(), help)
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

/// Summarises what an earlier version left without summaries, so that figures are complete; says so where it takes a while.
///
/// # Errors
/// When the store cannot be used.
pub(super) async fn summaries(store: &dyn Store) -> Result<(), store::Error> {
    let told = AtomicBool::new(false);
    gather::summarise(store, Pace::Foreground, |left| {
        if left >= WORTH_SAYING && !told.swap(true, Ordering::Relaxed) {
            terminal::remark(format!(
                "reading {left} decisions of an earlier version once, for their figures; this takes a while"
            ));
        }
    })
    .await
}
