//! The public listener's section: where it listens, what it speaks, and whose word it takes for a sender's address.

use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;

use super::keys::{address, count, duration};
use super::resolved::{Server, TlsFiles};
use super::secret;
use crate::diagnostics::yaml::{Problems, Table};

const MIB: usize = 1 << 20;

pub(super) fn server(mut table: Table<'_>, problems: &mut Problems) -> Option<Server> {
    let listen = address(&mut table, ([127, 0, 0, 1], 8080).into(), problems);
    let max_body_bytes = count(&mut table, "max_body_bytes", MIB, 1024..=64 * MIB, problems);
    let max_connections = count(&mut table, "max_connections", 512, 1..=65_536, problems);
    let per_peer = max_connections.min(128);
    let max_connections_per_peer =
        count(&mut table, "max_connections_per_peer", per_peer, 1..=65_536, problems);
    let max_connection_age = duration(&mut table, "max_connection_age", Duration::from_mins(5), problems);
    let header_timeout = duration(&mut table, "header_timeout", Duration::from_secs(5), problems);
    let body_timeout = duration(&mut table, "body_timeout", Duration::from_secs(10), problems);
    let (max_buffered_bytes, max_buffered_bytes_per_peer) = buffered(&mut table, max_body_bytes, problems);
    let drain = duration(&mut table, "drain", Duration::from_secs(25), problems);
    let trusted_proxies = networks(&mut table, "trusted_proxies", problems);
    let tls = tls(&mut table, problems);
    table.close(problems);
    Some(Server {
        listen: listen?,
        max_body_bytes,
        max_connections,
        max_connections_per_peer,
        max_connection_age,
        header_timeout,
        body_timeout,
        max_buffered_bytes,
        max_buffered_bytes_per_peer,
        drain,
        trusted_proxies,
        tls,
    })
}

/// Reads the memory for bodies, in all and per peer. One body of the largest size must fit into both.
fn buffered(table: &mut Table<'_>, max_body_bytes: usize, problems: &mut Problems) -> (usize, usize) {
    const KEY: &str = "max_buffered_bytes";
    const KEY_PER_PEER: &str = "max_buffered_bytes_per_peer";
    let range = 1024..=64 * 1024 * MIB;
    let default = (64 * MIB).max(2 * max_body_bytes);
    let all = count(table, KEY, default, range.clone(), problems);
    let default = (8 * MIB).max(max_body_bytes).min(all);
    let per_peer = count(table, KEY_PER_PEER, default, range, problems);
    let smaller = |a: &str, b: &str| format!("`server.{a}` is smaller than `server.{b}`");
    for (key, value, least, least_key) in
        [(KEY_PER_PEER, per_peer, max_body_bytes, "max_body_bytes"), (KEY, all, per_peer, KEY_PER_PEER)]
    {
        if value < least {
            let at = table.place_of(key).or(table.place_of(least_key)).unwrap_or(table.at);
            let help = format!("raise `server.{key}` to {least} or more");
            problems.error_with(at, smaller(key, least_key), Some(help));
            break;
        }
    }
    (all, per_peer)
}

/// A listener's key `tls`; none if it is absent.
pub(super) fn tls(section: &mut Table<'_>, problems: &mut Problems) -> Option<TlsFiles> {
    section.accept(&["tls"]);
    section.place_of("tls")?;
    let mut table = section.table("tls", problems);
    let mut file = |key: &'static str| {
        let what = format!("`{}`", table.path(key));
        let node = table.required(key, problems)?;
        problems.word(node, &what).map(PathBuf::from)
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
