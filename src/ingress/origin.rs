//! Where a request comes from: the peer, or whom a proxy that we trust speaks for. Pure.

use std::collections::HashMap;
use std::net::IpAddr;

use http::HeaderMap;
use ipnet::IpNet;

use super::peer::Peer;

/// Lists of addresses, longest first to be read from the right: the last one is the nearest.
const FORWARDED_FOR: &str = "x-forwarded-for";

/// Whose word is taken for an address, and from where each account's deliveries may come.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origins {
    /// Proxies that say for whom they speak.
    pub trusted_proxies: Vec<IpNet>,
    /// By account; one that is not named, or names no network, takes deliveries from anywhere.
    pub allowed: HashMap<String, Vec<IpNet>>,
}

impl Origins {
    /// Whether the account takes deliveries from whoever sent this.
    pub(super) fn allow(&self, account: &str, peer: IpAddr, headers: &HeaderMap) -> bool {
        let networks = self.allowed.get(account).filter(|networks| !networks.is_empty());
        networks
            .is_none_or(|networks| self.sender(peer, headers).is_some_and(|sender| holds(networks, sender)))
    }

    /// Returns who a request counts for where limits are per peer: the sender. `None` if a proxy of ours names nobody,
    /// because it then speaks for many.
    pub(crate) fn counted(&self, peer: IpAddr, headers: &HeaderMap) -> Option<Peer> {
        match self.sender(peer, headers) {
            Some(sender) if self.trusts(sender) => None,
            Some(sender) => Some(Peer::of(sender)),
            // A name that is no address may be the sender's own invention: it must not lift the limit.
            None => Some(Peer::of(peer)),
        }
    }

    /// Returns true if an address is a proxy of ours.
    pub(crate) fn trusts(&self, address: IpAddr) -> bool {
        holds(&self.trusted_proxies, address.to_canonical())
    }

    /// The sender's address: the nearest one that is no proxy of ours. `None` where a proxy of ours names somebody in a way that is
    /// no address.
    fn sender(&self, peer: IpAddr, headers: &HeaderMap) -> Option<IpAddr> {
        let peer = peer.to_canonical();
        if !holds(&self.trusted_proxies, peer) {
            // Anybody can write the header.
            return Some(peer);
        }
        let mut nearest = peer;
        for line in headers.get_all(FORWARDED_FOR).iter().rev() {
            for named in line.to_str().ok()?.rsplit(',').map(str::trim).filter(|named| !named.is_empty()) {
                nearest = address(named)?.to_canonical();
                if !holds(&self.trusted_proxies, nearest) {
                    return Some(nearest);
                }
            }
        }
        Some(nearest)
    }
}

pub(super) fn holds(networks: &[IpNet], address: IpAddr) -> bool {
    networks.iter().any(|network| network.contains(&address))
}

/// An address as proxies write it: bare, in brackets, with a port.
fn address(text: &str) -> Option<IpAddr> {
    let bare = |text: &str| text.trim_start_matches('[').trim_end_matches(']').parse().ok();
    bare(text).or_else(|| text.parse::<std::net::SocketAddr>().ok().map(|with_port| with_port.ip()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origins() -> Origins {
        let networks = |of: &[&str]| of.iter().map(|net| net.parse().unwrap()).collect();
        Origins {
            trusted_proxies: networks(&["10.0.0.0/8", "fd00::/8"]),
            allowed: HashMap::from([("acme".to_owned(), networks(&["203.0.113.0/24", "2001:db8::/32"]))]),
        }
    }

    fn allowed(peer: &str, forwarded: &[&str]) -> bool {
        let mut headers = HeaderMap::new();
        forwarded.iter().for_each(|line| _ = headers.append(FORWARDED_FOR, line.parse().unwrap()));
        origins().allow("acme", peer.parse().unwrap(), &headers)
    }

    #[test]
    fn a_proxy_that_is_trusted_speaks_for_others_and_nobody_else_does() {
        assert!(allowed("203.0.113.9", &[]));
        assert!(allowed("::ffff:203.0.113.9", &[]), "as a listener for both families sees it");
        assert!(!allowed("198.51.100.1", &["203.0.113.9"]), "a stranger may write what they like");
        assert!(allowed("10.0.0.1", &["203.0.113.9"]));
        assert!(allowed("10.0.0.1", &["203.0.113.9, 10.2.3.4"]), "through two of our proxies");
        assert!(!allowed("10.0.0.1", &["203.0.113.9, 198.51.100.1"]), "the nearest stranger counts");
        assert!(allowed("10.0.0.1", &["198.51.100.1", "203.0.113.9"]), "lines are one list");
        assert!(!allowed("10.0.0.1", &[]), "the proxy itself is no platform");
    }

    #[test]
    fn addresses_are_read_as_proxies_write_them() {
        for named in
            ["203.0.113.9:4711", "[2001:db8::1]:4711", "[2001:db8::1]", "2001:db8::1", "::ffff:203.0.113.9"]
        {
            assert!(allowed("fd00::1", &[named]), "{named}");
        }
        for named in ["unknown", "_hidden", "203.0.113.9, nonsense", "203.0.113.999"] {
            assert!(!allowed("10.0.0.1", &[named]), "{named}");
        }
    }

    #[test]
    fn limits_count_for_the_sender() {
        let counted = |peer: &str, forwarded: Option<&str>| {
            let mut headers = HeaderMap::new();
            forwarded.into_iter().for_each(|line| _ = headers.append(FORWARDED_FOR, line.parse().unwrap()));
            origins().counted(peer.parse().unwrap(), &headers).map(|peer| peer.to_string())
        };
        assert_eq!(counted("198.51.100.1", Some("203.0.113.9")).as_deref(), Some("198.51.100.1"));
        assert_eq!(counted("10.0.0.1", Some("203.0.113.9")).as_deref(), Some("203.0.113.9"));
        assert_eq!(counted("10.0.0.1", Some("nonsense")).as_deref(), Some("10.0.0.1"), "one for all of them");
        assert_eq!(counted("10.0.0.1", None), None);
        assert_eq!(counted("10.0.0.1", Some("10.0.0.7")), None);
    }

    #[test]
    fn an_account_without_networks_takes_deliveries_from_anywhere() {
        assert!(origins().allow("other", "198.51.100.1".parse().unwrap(), &HeaderMap::new()));
    }
}
