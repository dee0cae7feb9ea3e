//! `check`: settings, rulebook, its cases and bundle, and with `--online` every account. All problems at once; changes nothing.

use std::process::ExitCode;

use deskbridge_connectors::{Directory, Effect, FieldValue, Later, Refusal};

use super::{BAD_SETTINGS, cases, prepare, runtime, terminal};
use crate::cli::Check;
use crate::diagnostics::{Diagnostic, Severity};
use crate::platform::{Calls, Line, Stopped};
use crate::rulebook::Rulebook;
use crate::settings::{Account, Settings, StoreUrl};

pub(super) fn run(args: &Check) -> anyhow::Result<ExitCode> {
    let prepare::Everything { settings, brain, mut findings } = prepare::everything(&args.settings);
    if let Ok(settings) = &settings {
        findings.extend(folder_of_store(settings));
    }
    if let (Ok(settings), Some(brain)) = (&settings, &brain) {
        findings.extend(cases::findings(settings, brain));
    }
    if let (true, Ok(settings)) = (args.online, &settings) {
        let rulebook = brain.as_ref().map(|brain| &brain.rulebook);
        findings.extend(runtime()?.block_on(online(settings, rulebook)));
    }
    let count = |severity| findings.iter().filter(|finding| finding.severity == severity).count();
    let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
    if args.json {
        for finding in &findings {
            terminal::line(serde_json::to_string(finding)?)?;
        }
    } else {
        terminal::diagnostics(&findings);
        let scope = if args.online {
            "settings, rulebook, cases, bundle and accounts"
        } else {
            "settings, rulebook, cases and bundle"
        };
        terminal::line(match errors {
            0 => format!("{scope}: fine ({warnings} warning{})", if warnings == 1 { "" } else { "s" }),
            _ => format!("{errors} problem{}, {warnings} warning(s)", if errors == 1 { "" } else { "s" }),
        })?;
    }
    Ok(if errors == 0 { ExitCode::SUCCESS } else { ExitCode::from(BAD_SETTINGS) })
}

/// A store whose folder is not there. The store itself is left alone: opening it would create it.
pub(super) fn folder_of_store(settings: &Settings) -> Option<Diagnostic> {
    let StoreUrl::Sqlite(path) = &settings.store;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty())?;
    let message = format!("`store.url`: the folder {} is not there", folder.display());
    let file = path.display().to_string();
    (!folder.is_dir()).then(|| Diagnostic::file(&file, message, "create it, or name another one"))
}

async fn online(settings: &Settings, rulebook: Option<&Rulebook>) -> Vec<Diagnostic> {
    let asked = settings.accounts.iter().map(|account| ask(settings, account, rulebook));
    let mut findings = Vec::new();
    for account in asked {
        findings.extend(account.await);
    }
    findings
}

/// Reads an account's names, then asks its connector whether it could carry out every effect that the rulebook names.
pub(super) async fn ask(
    settings: &Settings,
    account: &Account,
    rulebook: Option<&Rulebook>,
) -> Vec<Diagnostic> {
    let name = account.config.id.as_str();
    let place = |message: String, help: &str| Diagnostic::file(&format!("account `{name}`"), message, help);
    let connector = std::sync::Arc::clone(&account.connector);
    let line = match Line::open(name, &account.config.base_url, connector, settings.worker.call_timeout) {
        Ok(line) => line,
        Err(error) => return vec![place(error.to_string(), "check the account's base_url")],
    };
    let names = match line.names(&mut Calls::new()).await {
        Ok(names) => names,
        Err(stopped) => return vec![place(why(&stopped), "check base_url, credentials and their scopes")],
    };
    against(&line, account, rulebook, &names).await
}

/// Whether an account whose names were read could carry out every effect that the rulebook names.
pub(super) async fn against(
    line: &Line,
    account: &Account,
    rulebook: Option<&Rulebook>,
    names: &Directory,
) -> Vec<Diagnostic> {
    let name = account.name();
    let suggestion = account.suggestion_field.as_ref().and_then(|field| {
        let value = FieldValue::Text("set_priority: high".to_owned());
        let effect = Effect::SetField { field: field.clone(), value };
        let message = line.connector().can(&effect, names).err()?;
        let help = "name a text field that agents see on the ticket";
        Some(Diagnostic::file(&format!("account `{name}`"), format!("suggestion_field: {message}"), help))
    });
    let odd = names.left_out.iter().map(|record| {
        let message = format!("the account's {record}; it is left out");
        let help = "correct it at the platform; rules cannot use it until then";
        Diagnostic::warning_about(&format!("account `{name}`"), message, help)
    });
    let suggestion = suggestion.into_iter().chain(odd);
    let Some(rulebook) = rulebook else { return suggestion.collect() };
    let mut findings = automation(line, account, rulebook, names).await;
    findings.extend(suggestion);
    let undoable = rulebook.effects_for(account.platform).into_iter().filter_map(|(rule, at, effect)| {
        let message = line.connector().can(&effect, names).err()?;
        Some(rulebook.diagnostic(Severity::Error, at, format!("account `{name}`: rule `{rule}`: {message}")))
    });
    findings.extend(undoable);
    findings.extend(rulebook.missing_from(name, account.platform, names));
    findings
}

/// What the platform's own triggers and the rulebook would do to each other. Reading triggers takes an administrator's
/// role on most platforms, which triage does not need: who may not read them is told so, and that is all.
async fn automation(
    line: &Line,
    account: &Account,
    rulebook: &Rulebook,
    names: &Directory,
) -> Vec<Diagnostic> {
    let name = account.name();
    match line.triggers(names, &mut Calls::new()).await {
        Ok(Some(triggers)) => rulebook.against_triggers(name, account.platform, names, &triggers),
        Ok(None) => {
            let message = format!(
                "account `{name}`: the platform's own triggers cannot be read with these credentials"
            );
            let help = "look by hand for triggers that change, on updates, what the rulebook sets".to_owned();
            vec![
                Diagnostic::without_place(Severity::Note, format!("account `{name}`"), message)
                    .with_help(Some(help)),
            ]
        }
        Err(stopped) => {
            let message = format!("its triggers cannot be read: {}", why(&stopped));
            let place = format!("account `{name}`");
            vec![Diagnostic::without_place(Severity::Warning, place, message)]
        }
    }
}

/// Why an account's names could not be read, in words.
pub(super) fn why(stopped: &Stopped) -> String {
    match stopped {
        Stopped::Refused(Refusal::Credentials) => "the platform does not accept the credentials".into(),
        Stopped::Refused(Refusal::Gone) => "the platform does not know this address (404)".into(),
        Stopped::Refused(refusal) => format!("the platform refuses: {refusal:?}"),
        Stopped::Later(Later::Busy { .. }) => "the platform asks to slow down; try again in a minute".into(),
        Stopped::Later(Later::Failed) => "the platform gave no usable answer".into(),
        Stopped::Store(error) => error.to_string(),
    }
}
