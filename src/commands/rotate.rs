//! What `serve` takes up while it runs besides rulebook and bundle: secrets and the certificate, when their files change.

use std::path::Path;
use std::sync::Arc;

use deskbridge_connectors::Rotating;

use super::{prepare, terminal};
use crate::daemon::watch::{self, Watch};
use crate::ingress::Certificate;
use crate::settings::{Account, Settings, TlsFiles};

/// Watches secrets, and the certificates of the public and the admin listener, for ever. If a new one cannot be used,
/// the old one stays and the log says so.
pub(super) async fn forever(
    config: &Path,
    settings: &Settings,
    [hooks, admin]: [Option<Arc<Certificate>>; 2],
) {
    tokio::join!(
        secrets(config, settings),
        certificates(settings.server.tls.as_ref(), hooks.as_deref()),
        certificates(settings.admin.tls.as_ref(), admin.as_deref())
    );
    // Where there is nothing to watch.
    std::future::pending().await
}

async fn secrets(config: &Path, settings: &Settings) {
    if settings.secret_files.is_empty() {
        return;
    }
    let written = std::fs::read(config).ok();
    let mut watch = Watch::new(settings.secret_files.clone(), Vec::new(), watch::INTERVAL);
    // What changed while the daemon started is no news to a watch that begins now, so that they are read once more.
    take_up_all(config, settings, "the secrets' files are watched");
    loop {
        watch.changed().await;
        if std::fs::read(config).ok() != written {
            tracing::error!(
                "a secret's file has changed, and so have the settings, which need a restart; nothing is taken up"
            );
            continue;
        }
        take_up_all(config, settings, "a secret's file has changed; the secrets are read again");
    }
}

/// Reads the secrets again and has them used; the old ones stay where they cannot be.
fn take_up_all(config: &Path, settings: &Settings, news: &str) {
    match tokio::task::block_in_place(|| prepare::loaded(config)) {
        Ok(next) => {
            if let (Some(token), Some(next)) = (&settings.admin.token, &next.admin.token) {
                token.replace(next.newest());
            }
            let rotated = settings.accounts.iter().filter(|account| take_up(account, &next)).count();
            tracing::info!(accounts = rotated, "{news}");
        }
        Err(problems) => {
            terminal::diagnostics(&problems);
            let problems = problems.len();
            tracing::error!(problems, "a secret's file has changed and cannot be used; the old secrets stay");
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
    let renew = || tokio::task::block_in_place(|| certificate.reload(chain, key));
    let refused = |error| tracing::error!(%error, "the new certificate cannot be used; the old one stays");
    // As with secrets: what changed while the daemon started.
    renew().unwrap_or_else(refused);
    loop {
        watch.changed().await;
        match renew() {
            Ok(()) => tracing::info!("the certificate has changed; new connections get the new one"),
            Err(error) => refused(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use deskbridge_connectors::Platform;

    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn what_changed_between_the_start_and_the_watch_is_taken_up() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let [platform, ..] = Platform::ALL;
        let text = format!(
            "admin: {{ token_file: {:?} }}\nmodel: {{ bundle: b }}\nrulebook: r.yaml\naccounts:\n  mail:\n    platform: {platform}\n    \
             base_url: https://acme.{platform}.com\n    webhook: {{ secrets: [one] }}\n    credentials: {{ client_id: bridge, client_secret: two }}\n",
            at("token")
        );
        std::fs::write(at("deskbridge.yaml"), text).unwrap();
        std::fs::write(at("token"), "the first token").unwrap();
        let settings =
            prepare::loaded(&at("deskbridge.yaml")).unwrap_or_else(|problems| panic!("{problems:?}"));
        std::fs::write(at("token"), "the second token").unwrap();
        let config = at("deskbridge.yaml");
        let watching = tokio::time::timeout(Duration::from_millis(100), secrets(&config, &settings));
        assert!(watching.await.is_err(), "it watches on");
        let token = settings.admin.token.as_ref().unwrap().newest();
        assert!(token.equals(b"the second token"));
    }
}
