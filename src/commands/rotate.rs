//! What `serve` takes up while it runs besides rulebook and bundle: secrets and the certificate, when their files change.

use std::path::Path;

use deskbridge_connectors::Rotating;

use super::{prepare, terminal};
use crate::ingress::Certificate;
use crate::settings::{Account, Settings, TlsFiles};
use crate::watch::{self, Watch};

/// Watches both, for ever. What cannot be used is told, and the old stays.
pub(super) async fn forever(config: &Path, settings: &Settings, certificate: Option<&Certificate>) {
    tokio::join!(secrets(config, settings), certificates(settings.server.tls.as_ref(), certificate));
    // Where there is nothing to watch.
    std::future::pending().await
}

async fn secrets(config: &Path, settings: &Settings) {
    if settings.secret_files.is_empty() {
        return;
    }
    let written = std::fs::read(config).ok();
    let mut watch = Watch::new(settings.secret_files.clone(), Vec::new(), watch::INTERVAL);
    loop {
        watch.changed().await;
        if std::fs::read(config).ok() != written {
            tracing::error!(
                "a secret's file has changed, and so have the settings, which need a restart; nothing is taken up"
            );
            continue;
        }
        match tokio::task::block_in_place(|| prepare::loaded(config)) {
            Ok(next) => {
                if let (Some(token), Some(next)) = (&settings.admin.token, &next.admin.token) {
                    token.replace(next.newest());
                }
                let rotated = settings.accounts.iter().filter(|account| take_up(account, &next)).count();
                tracing::info!(accounts = rotated, "a secret's file has changed; the secrets are read again");
            }
            Err(problems) => {
                terminal::diagnostics(&problems);
                let problems = problems.len();
                tracing::error!(
                    problems,
                    "a secret's file has changed and cannot be used; the old secrets stay"
                );
            }
        }
    }
}

/// Has the account's connector replaced by the one with the new secrets.
fn take_up(account: &Account, next: &Settings) -> bool {
    let next = next.accounts.iter().find(|next| next.name() == account.name());
    next.map(|next| account.connector.replace(Rotating::newest(&next.connector))).is_some()
}

async fn certificates(files: Option<&TlsFiles>, certificate: Option<&Certificate>) {
    let Some((files, certificate)) = files.zip(certificate) else { return };
    let TlsFiles { certificate: chain, key } = files;
    let mut watch = Watch::new(vec![chain.clone(), key.clone()], Vec::new(), watch::INTERVAL);
    loop {
        watch.changed().await;
        match tokio::task::block_in_place(|| certificate.reload(chain, key)) {
            Ok(()) => tracing::info!("the certificate has changed; new connections get the new one"),
            Err(error) => tracing::error!(%error, "the new certificate cannot be used; the old one stays"),
        }
    }
}
