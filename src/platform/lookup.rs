//! Asks a service of the user's own about a ticket: one GET, bounded in time and size, and JSON back.
//!
//! The host comes from the rulebook; what a ticket says only ever fills its path, encoded. Still a name may resolve to
//! an address inside a private network, so names are resolved here, every address is checked, and the connection goes to
//! a checked address and to no other: a name that answers differently a moment later changes nothing. No redirect is
//! followed, no proxy is used, and no credentials are sent. Errors never quote the address or the answer.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use bytes::BytesMut;
use serde_json::Value;

use crate::domain::decision::Lookup;
use crate::domain::mode::Permit;

/// A ticket does not wait longer than this for a number that is only nice to have.
const PATIENCE: Duration = Duration::from_secs(3);

/// Larger answers are refused: 64 KiB.
const MOST_BYTES: usize = 64 * 1024;

/// Why there is no usable answer. Kept in the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unanswered {
    /// The address is none that can be asked.
    #[error("the address is not valid")]
    Address,
    /// The host's name is unknown.
    #[error("the host's name does not resolve")]
    Unresolved,
    /// The host lies in a private network and is not listed.
    #[error("the host lies in a private network; list it under `lookups.allow_private` if that is meant")]
    Private,
    /// Nothing came in time.
    #[error("no answer within 3 s")]
    Timeout,
    /// No connection, or it broke.
    #[error("the host could not be reached")]
    Unreachable,
    /// Another status than success; a redirect is one too.
    #[error("the service answered {0}")]
    Status(u16),
    /// More than 64 KiB.
    #[error("the answer is larger than 64 KiB")]
    TooLarge,
    /// Not JSON.
    #[error("the answer is not JSON")]
    NotJson,
}

/// Asks. The permit is not looked at: holding one is the point, because in shadow mode nothing leaves the house.
///
/// # Errors
/// [`Unanswered`].
pub async fn ask(_permit: &Permit, lookup: &Lookup) -> Result<Value, Unanswered> {
    tokio::time::timeout(PATIENCE, get(lookup)).await.map_err(|_| Unanswered::Timeout)?
}

async fn get(lookup: &Lookup) -> Result<Value, Unanswered> {
    let url: reqwest::Url = lookup.url.parse().map_err(|_| Unanswered::Address)?;
    let host = url.host_str().ok_or(Unanswered::Address)?.trim_matches(['[', ']']).to_owned();
    let port = url.port_or_known_default().ok_or(Unanswered::Address)?;
    let addresses = resolve(&host, port, lookup.private).await?;
    super::wire::install_tls_provider();
    let client = reqwest::Client::builder()
        .timeout(PATIENCE)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .resolve_to_addrs(&host, &addresses)
        .user_agent(concat!("deskbridge/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|_| Unanswered::Address)?;
    let request = client.get(url).header(http::header::ACCEPT, "application/json");
    let mut response = request.send().await.map_err(|error| failure(&error))?;
    if !response.status().is_success() {
        return Err(Unanswered::Status(response.status().as_u16()));
    }
    let mut body = BytesMut::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| failure(&error))? {
        if body.len() + chunk.len() > MOST_BYTES {
            return Err(Unanswered::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    serde_json::from_slice(&body).map_err(|_| Unanswered::NotJson)
}

/// Every address of the host. One that is private spoils them all: a name with both kinds is a trap or a mistake.
async fn resolve(host: &str, port: u16, private: bool) -> Result<Vec<SocketAddr>, Unanswered> {
    let found = tokio::net::lookup_host((host, port)).await.map_err(|_| Unanswered::Unresolved)?;
    let addresses: Vec<SocketAddr> = found.collect();
    if addresses.is_empty() {
        return Err(Unanswered::Unresolved);
    }
    if !private && !addresses.iter().all(|address| is_public(address.ip())) {
        return Err(Unanswered::Private);
    }
    Ok(addresses)
}

fn failure(error: &reqwest::Error) -> Unanswered {
    if error.is_timeout() { Unanswered::Timeout } else { Unanswered::Unreachable }
}

/// Whether an address is one of the open internet.
/// <https://www.iana.org/assignments/iana-ipv4-special-registry> and its sister for IPv6
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let special = address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_documentation()
        // This network, multicast, what is reserved, and broadcast.
        || matches!(a, 0 | 224..)
        // Shared by carriers, protocol assignments, 6to4 relays, benchmarks.
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 192 && b == 88 && c == 99)
        || (a == 198 && (b == 18 || b == 19));
    !special
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    if let Some(inner) = address.to_ipv4_mapped() {
        return is_public_v4(inner);
    }
    let parts = address.segments();
    let embedded = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        Ipv4Addr::new(a, b, c, d)
    };
    match parts {
        // Translated and tunnelled addresses lead to the IPv4 address inside them.
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => is_public_v4(embedded(high, low)),
        [0x2002, high, low, ..] => is_public_v4(embedded(high, low)),
        // Protocol assignments (Teredo among them) and documentation.
        [0x2001, second, ..] if second < 0x200 || second == 0xdb8 => false,
        [0x3fff, second, ..] if second < 0x1000 => false,
        // Global unicast; everything else is local, multicast or reserved.
        [first, ..] => (0x2000..0x4000).contains(&first),
    }
}

#[cfg(test)]
mod tests;
