//! The public listener's section: where it listens, what it speaks, and whose word it takes for a sender's address.

use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;

use super::raw::{address, count, duration};
use super::resolved::{Server, TlsFiles};
use super::secret;
use crate::diagnostics::yaml::{Problems, Table};

pub(super) fn server(mut table: Table<'_>, problems: &mut Problems) -> Option<Server> {
    let listen = address(&mut table, ([127, 0, 0, 1], 8080).into(), problems);
    let max_body_bytes = count(&mut table, "max_body_bytes", 1 << 20, 1024..=64 << 20, problems);
    let max_connections = count(&mut table, "max_connections", 512, 1..=65_536, problems);
    let drain = duration(&mut table, "drain", Duration::from_secs(25), problems);
    let trusted_proxies = networks(&mut table, "trusted_proxies", problems);
    let tls = table.place_of("tls").is_some().then(|| tls(table.table("tls", problems), problems)).flatten();
    table.accept(&["tls"]);
    table.close(problems);
    Some(Server { listen: listen?, max_body_bytes, max_connections, drain, trusted_proxies, tls })
}

fn tls(mut table: Table<'_>, problems: &mut Problems) -> Option<TlsFiles> {
    let mut file = |key: &'static str| {
        let node = table.required(key, problems)?;
        problems.word(node, &format!("`server.tls.{key}`")).map(PathBuf::from)
    };
    let (certificate, key) = (file("certificate"), file("key"));
    if let (Some(key), Some(at)) = (&key, table.place_of("key")) {
        secret::warn_if_open(key, &format!("`server.tls.key`: {}", key.display()), at, problems);
    }
    table.close(problems);
    Some(TlsFiles { certificate: certificate?, key: key? })
}

/// Networks, each as an address or as an address and its length; none where the key is absent.
pub(super) fn networks(table: &mut Table<'_>, key: &'static str, problems: &mut Problems) -> Vec<IpNet> {
    let what = format!("`{}`", table.path(key));
    let Some((_, node)) = table.optional(key) else { return Vec::new() };
    let mut networks = Vec::new();
    for (at, text) in problems.one_or_many(node, &what) {
        let network = text.parse::<IpNet>().or_else(|_| text.parse::<std::net::IpAddr>().map(IpNet::from));
        match network {
            Ok(network) => networks.push(network.trunc()),
            Err(_) => problems.error(at, format!("{what}: `{text}` is no network, as in 203.0.113.0/24")),
        }
    }
    networks
}
