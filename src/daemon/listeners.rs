//! The two listeners as the settings and the limit of open files have them.

use std::sync::Arc;

use deskbridge_connectors::Connector;
use tokio::sync::Notify;

use super::Settings;
use super::descriptors::Shares;
use crate::admin::Access;
use crate::clock::Clock;
use crate::ingress::{Certificate, Door, Limits, Origins};
use crate::store::Store;

/// Returns the public door.
pub(super) fn door(
    settings: &Settings,
    shares: &Shares,
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    arrived: Arc<Notify>,
    certificate: Option<Arc<Certificate>>,
) -> Door {
    let accounts = settings.accounts.iter();
    let connectors = accounts
        .clone()
        .map(|account| (account.config.id.to_string(), Arc::clone(&account.connector) as Arc<dyn Connector>));
    let allowed = accounts.map(|account| (account.name().to_owned(), account.allow_from.clone()));
    let server = &settings.server;
    let limits = Limits {
        max_body_bytes: server.max_body_bytes,
        header_timeout: server.header_timeout,
        body_timeout: server.body_timeout,
        max_connections: shares.hooks,
        max_connections_per_peer: shares.hooks_per_peer,
        spare_connections: shares.spare,
        max_connection_age: server.max_connection_age,
        max_buffered_bytes: server.max_buffered_bytes,
        max_buffered_bytes_per_peer: server.max_buffered_bytes_per_peer,
        drain: server.drain,
        ..Limits::default()
    };
    Door {
        accounts: connectors.collect(),
        store,
        clock,
        arrived,
        origins: Origins { trusted_proxies: server.trusted_proxies.clone(), allowed: allowed.collect() },
        certificate,
        limits,
    }
}

/// Returns how the admin listener is reached. It has the public door's times.
pub(super) fn access(settings: &Settings, shares: &Shares, certificate: Option<Arc<Certificate>>) -> Access {
    Access {
        certificate,
        max_connections: shares.admin,
        spare_connections: shares.spare,
        header_timeout: settings.server.header_timeout,
        body_timeout: settings.server.body_timeout,
        max_connection_age: settings.server.max_connection_age,
        max_wrong_tokens: settings.admin.max_wrong_tokens,
        trusted_proxies: settings.server.trusted_proxies.clone(),
    }
}
