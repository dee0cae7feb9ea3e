//! The sections of the two listeners.

use serde_json::Value;

use super::{Keys, address, count, duration, networks, required, secret, section, text};

/// Returns the schema of the section `server`.
pub(super) fn server() -> Value {
    section(
        "The listener that the platforms post to.",
        vec![
            ("listen", address("127.0.0.1:8080")),
            ("max_body_bytes", count("Larger deliveries are answered 413. Default: 1048576.", 1024)),
            ("max_connections", count("Connections held open at once. Default: 512.", 1)),
            (
                "max_connections_per_peer",
                count("Of these, from one address; trusted proxies have no such limit. Default: 128.", 1),
            ),
            (
                "max_connection_age",
                duration(
                    "How long a connection takes new requests; also at the admin listener. Default: 5m.",
                ),
            ),
            (
                "header_timeout",
                duration(
                    "How long a connection may stay without a request; also at the admin listener. Default: 5s.",
                ),
            ),
            (
                "body_timeout",
                duration("How long a body may take to arrive; also at the admin listener. Default: 10s."),
            ),
            (
                "max_buffered_bytes",
                count("Bytes of bodies held in memory at once; beyond, 503. Default: 67108864.", 1024),
            ),
            (
                "max_buffered_bytes_per_peer",
                count("Of these, from one sender and not verified yet. Default: 8388608.", 1024),
            ),
            ("trusted_proxies", networks("Proxies whose X-Forwarded-For is believed.")),
            ("tls", tls()),
            ("drain", duration("How long a stop waits for work in hand. Default: 25s.")),
        ],
    )
}

/// Returns the schema of the section `admin`.
pub(super) fn admin() -> Value {
    let keys: Keys = vec![
        ("listen", address("127.0.0.1:8081")),
        ("max_connections", count("Connections held open at once. Default: 64.", 1)),
        (
            "max_wrong_tokens",
            count("Wrong tokens within a minute until an address is refused. Default: 10.", 1),
        ),
        ("tls", tls()),
    ];
    let keys = secret("token", "Needed on any address but loopback.", keys);
    section("Health, metrics and the dashboard.", keys)
}

fn tls() -> Value {
    let files = vec![
        ("certificate", text("The certificate and its chain, as PEM.")),
        ("key", text("Its private key, as PEM.")),
    ];
    let description = "TLS without a proxy; both files are read again when they change.";
    required(&["certificate", "key"], section(description, files))
}
