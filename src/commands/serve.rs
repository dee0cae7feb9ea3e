//! `serve`: the daemon, until SIGTERM.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;

use deskbridge_onnx::bundle;
use tokio::net::TcpListener;
use tokio::sync::Notify;

use super::{cases, prepare, rotate, runtime, terminal};
use crate::cli;
use crate::clock::SystemClock;
use crate::daemon::shutdown;
use crate::daemon::watch::{self, Watch};
use crate::daemon::{Daemon, Foundations};
use crate::diagnostics::{Diagnostic, Severity};
use crate::inference::brain::{self, Brain};
use crate::ingress::Purpose;
use crate::settings::Settings;
use crate::telemetry;

pub(super) fn run(args: &cli::Settings) -> anyhow::Result<ExitCode> {
    let runtime = runtime()?;
    // Before anything is loaded: a SIGHUP that nobody listens for would end the process.
    let signals = runtime.block_on(async { shutdown::listen() })?;
    let prepare::Everything { settings, brain, mut findings } = prepare::everything(args);
    let file = args.config.display().to_string();
    let settings = match settings {
        Ok(settings) => settings,
        Err(draft) => {
            runtime.block_on(async {
                for (address, key) in [(draft.hooks, "server.listen"), (draft.admin, "admin.listen")] {
                    if let Some(address) = address {
                        bind(address, key, &file, &mut findings).await;
                    }
                }
            });
            return Ok(prepare::refuse(&findings));
        }
    };
    if let Some(brain) = &brain {
        // A daemon that is down decides nothing at all, so what refuses a reload only warns at a start.
        let failed = cases::findings(&settings, brain).into_iter();
        findings.extend(failed.map(|finding| Diagnostic { severity: Severity::Warning, ..finding }));
    }
    telemetry::init_logs(settings.log.format, &settings.log.level)?;
    log_panics_without_payload();
    runtime.block_on(async {
        let hooks = bind(settings.server.listen, "server.listen", &file, &mut findings).await;
        let admin = bind(settings.admin.listen, "admin.listen", &file, &mut findings).await;
        let store = match prepare::store(&settings) {
            // The first thing that is read shows a store that opens and is damaged all the same.
            Ok(store) => store.demotions().await.map(|fallen| (store, fallen)),
            Err(error) => Err(error),
        };
        let store = store.map_err(|error| findings.push(prepare::store_problem(&settings, &error)));
        // What is wrong with it was found with everything else.
        let certificate = prepare::certificate(&settings, Purpose::Hooks);
        let admin_certificate = prepare::certificate(&settings, Purpose::Admin);
        let (
            Some(hooks),
            Some(admin),
            Some(brain),
            Ok((store, fallen)),
            Ok(certificate),
            Ok(admin_certificate),
        ) = (hooks, admin, brain, store, certificate, admin_certificate)
        else {
            return Ok(prepare::refuse(&findings));
        };
        let warnings: Vec<_> =
            findings.into_iter().filter(|finding| finding.severity != Severity::Error).collect();
        terminal::diagnostics(&warnings);
        let on = Foundations {
            fallen,
            store,
            brain: Arc::new(brain),
            clock: Arc::new(SystemClock),
            metrics: telemetry::init_metrics()?,
            hooks,
            certificate: certificate.clone(),
            admin,
            admin_certificate: admin_certificate.clone(),
        };
        tracing::info!(
            hooks = %on.hooks.local_addr()?, admin = %on.admin.local_addr()?, mode = settings.mode.as_str(),
            accounts = settings.accounts.len(), "deskbridge is listening"
        );
        let daemon = Daemon::start(&settings, on, signals.shutdown.clone())?;
        tokio::select! {
            () = signals.shutdown.cancelled() => tracing::info!("draining"),
            () = reload_forever(&settings, &daemon, &signals.reload) => {}
            () = rotate::forever(&args.config, &settings, [certificate, admin_certificate]) => {}
        }
        let drained = daemon.finished().await;
        tracing::info!(drained, "stopped");
        Ok(ExitCode::SUCCESS)
    })
}

/// From now on a panic is one log line with its place. The payload is left out: it may quote a ticket's text or a
/// secret, and the place is what a report needs.
fn log_panics_without_payload() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map_or_else(|| "an unknown place".to_owned(), ToString::to_string);
        let current = std::thread::current();
        tracing::error!(
            place,
            thread = current.name().unwrap_or("unnamed"),
            "panicked; please report this place"
        );
    }));
}

/// Binds an address, or says who may be in the way.
async fn bind(
    address: SocketAddr,
    key: &str,
    file: &str,
    findings: &mut Vec<Diagnostic>,
) -> Option<TcpListener> {
    match TcpListener::bind(address).await {
        Ok(listener) => Some(listener),
        Err(error) => {
            let help = match error.kind() {
                std::io::ErrorKind::AddrInUse => {
                    "another program listens there; stop it or choose another port"
                }
                std::io::ErrorKind::PermissionDenied => {
                    "ports below 1024 need a privilege; choose a higher one"
                }
                _ => "check the address",
            };
            findings.push(Diagnostic::file(
                file,
                format!("`{key}`: cannot listen on {address}: {error}"),
                help,
            ));
            None
        }
    }
}

/// At each SIGHUP, and when the rulebook's file or the bundle's manifest has changed: a new rulebook and bundle, or the
/// old ones where the new have problems or fail the rulebook's own cases.
async fn reload_forever(settings: &Settings, daemon: &Daemon, hung_up: &Notify) {
    // The manifest names the digest of every other file of the bundle, and is written last.
    let bundles = [Some(&settings.model.bundle), settings.model.challenger.as_ref()];
    let manifests = bundles.into_iter().flatten().map(|folder| folder.join(bundle::MANIFEST));
    let files = std::iter::once(settings.rulebook.clone()).chain(manifests).collect();
    let mut watch = Watch::new(files, vec![settings.promotion.file.clone()], watch::INTERVAL);
    loop {
        let cause = tokio::select! {
            () = hung_up.notified() => {
                watch.catch_up();
                "SIGHUP"
            }
            () = watch.changed() => "a file has changed",
        };
        let before = daemon.brain();
        match tokio::task::block_in_place(|| load_checked(Some(&before), settings)) {
            Ok((brain, warnings)) => {
                terminal::diagnostics(&warnings);
                // The old bundle goes on deciding while the two are compared.
                compare(&before, &brain);
                let rulebook = brain.rulebook.digest().to_owned();
                daemon.decide_with(brain);
                tracing::info!(cause, rulebook, "rulebook and bundle reloaded");
            }
            Err(problems) => {
                terminal::diagnostics(&problems);
                tracing::error!(
                    cause,
                    problems = problems.len(),
                    "the new rulebook or bundle is refused; the old ones stay"
                );
            }
        }
    }
}

/// Says how often a new bundle names something else on the last tickets, before it takes over.
fn compare(before: &Brain, next: &Brain) {
    match tokio::task::block_in_place(|| before.compared_with(next)) {
        Some(Ok(compared)) => {
            for (head, differ) in &compared.heads {
                let share = *differ as f64 / compared.tickets.max(1) as f64;
                metrics::gauge!("deskbridge_reload_disagreement_ratio", "head" => head.clone()).set(share);
            }
            tracing::info!(
                tickets = compared.tickets,
                differ = compared.differ,
                from = before.classifier.digest().as_str(),
                to = next.classifier.digest().as_str(),
                "the new bundle gives {compared}"
            );
        }
        Some(Err(error)) => tracing::warn!(%error, "the new bundle could not be compared with the old"),
        None => {}
    }
}

/// Rulebook and bundle, held against the rulebook's own cases as `check` does.
fn load_checked(
    before: Option<&Brain>,
    settings: &Settings,
) -> Result<(Brain, Vec<Diagnostic>), Vec<Diagnostic>> {
    let (brain, warnings) = brain::load_beside(before, settings, &prepare::surroundings())?;
    let failed = cases::findings(settings, &brain);
    if failed.is_empty() { Ok((brain, warnings)) } else { Err(failed) }
}
