use std::fmt::Write as _;
use std::time::Duration;

use deskbridge_connectors::account::Credentials;
use deskbridge_connectors::{Connector, Platform};

use super::*;
use crate::domain::mode::Mode;

const BASE: &str = "model: { bundle: onnx/starter }\nrulebook: rules.yaml\n";

/// An account of the first platform with everything it needs.
fn account() -> String {
    let [first, ..] = Platform::ALL;
    format!(
        "accounts:\n  acme:\n    platform: {first}\n    base_url: https://acme.{first}.com\n    webhook:\n      \
         secrets: [s3cr3t-one-that-nobody-guesses]\n    credentials:\n      client_id: bridge\n      client_secret: s3cr3t-two\n"
    )
}

fn load(text: &str, environment: &[(&str, &str)]) -> Result<(Settings, Vec<Diagnostic>), Box<Unusable>> {
    let environment = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    read("d.yaml", text, environment.collect())
}

fn good(text: &str, environment: &[(&str, &str)]) -> Settings {
    load(text, environment).unwrap_or_else(|found| panic!("{}", shown(&found.problems))).0
}

fn shown(found: &[Diagnostic]) -> String {
    found.iter().fold(String::new(), |mut all, one| {
        writeln!(all, "{one}").unwrap();
        all
    })
}

/// Loads what cannot be loaded; no secret of these tests may show.
fn check(text: &str, environment: &[(&str, &str)], expected: &str) {
    let found = shown(&load(text, environment).unwrap_err().problems);
    assert_eq!(found, expected);
    assert!(!found.contains("s3cr3t"), "{found}");
}

#[test]
fn fills_in_what_is_not_said() {
    let settings = good(&format!("{BASE}{}", account()), &[]);
    assert_eq!(settings.server.listen, "127.0.0.1:8080".parse().unwrap());
    assert_eq!(settings.admin.listen, "127.0.0.1:8081".parse().unwrap());
    assert_eq!(settings.store, StoreUrl::Sqlite("deskbridge.db".into()));
    assert_eq!(settings.mode, Mode::Shadow);
    assert_eq!((settings.worker.count, settings.worker.max_attempts), (4, 8));
    assert_eq!(settings.worker.lease, Duration::from_secs(60));
    let account = &settings.accounts[0];
    assert_eq!((account.name(), account.mode), ("acme", Mode::Shadow));
    assert_eq!(account.connector.platform(), Platform::ALL[0]);
    assert!(
        matches!(&account.config.credentials, Some(Credentials::OAuthClient { client_id, .. }) if client_id == "bridge")
    );
}

#[test]
fn the_environment_wins() {
    let settings = good(
        &format!("{BASE}mode: shadow\n{}", account()),
        &[
            ("DESKBRIDGE__SERVER__LISTEN", "0.0.0.0:9000"),
            ("DESKBRIDGE__MODE", "live"),
            ("DESKBRIDGE__ACCOUNTS__ACME__WEBHOOK__SECRETS", "[one, two]"),
            ("DESKBRIDGE__ACCOUNTS__ACME__CREDENTIALS__CLIENT_SECRET", "${NOT_EXPANDED}"),
            ("HOME", "/root"),
        ],
    );
    assert_eq!(settings.server.listen, "0.0.0.0:9000".parse().unwrap());
    assert_eq!(settings.mode, Mode::Live);
    assert_eq!(settings.accounts[0].config.webhook.secrets.len(), 2);
    let Some(Credentials::OAuthClient { client_secret, .. }) = &settings.accounts[0].config.credentials
    else {
        panic!("no OAuth client");
    };
    assert_eq!(client_secret.expose(), "${NOT_EXPANDED}");
}

#[test]
fn the_environment_reaches_accounts_with_a_dash() {
    let text = format!("{BASE}{}", account().replace("  acme:", "  acme-eu:"));
    let settings = good(&text, &[("DESKBRIDGE__ACCOUNTS__ACME_EU__MODE", "suggest")]);
    assert_eq!(settings.accounts[0].name(), "acme-eu");
    assert_eq!(settings.accounts[0].mode, Mode::Suggest);
}

#[test]
fn a_variable_that_names_no_key_is_an_error() {
    check(
        &format!("{BASE}{}", account()),
        &[("DESKBRIDGE__SERVER__LISEN", "x"), ("DESKBRIDGE__WORKER__COUNT", "many")],
        "environment variable DESKBRIDGE__SERVER__LISEN: error: unknown key `lisen` in `server`\n   \
         help: did you mean `listen`?\n\
         environment variable DESKBRIDGE__WORKER__COUNT: error: `worker.count` is a whole number from 1 to 256\n",
    );
}

#[test]
fn all_problems_come_at_once() {
    check(
        &format!(
            "{BASE}mode: loud\nworker: {{ lease: 60, max_age: 24h }}\nstore: {{ url: postgres://user@host/db }}\n{}",
            account().replace("https://acme", "http://acme")
        ),
        &[],
        "d.yaml:3:7: error: `mode` is shadow, suggest or live\n 3 | mode: loud\n   |       ^\n\
         d.yaml:4:18: error: `worker.lease` is a duration with its unit, as in 500ms, 30s, 5m, 24h or 7d\n \
         4 | worker: { lease: 60, max_age: 24h }\n   |                  ^\n\
         d.yaml:5:15: error: `store.url` names a PostgreSQL database, and this build has only sqlite\n   \
         help: write `sqlite:` and a file, as in sqlite:deskbridge.db\n\
         d.yaml:9:15: error: `base_url` with http:// is for this machine only; credentials need https://\n \
         9 |     base_url: http://acme.FIRST.com\n   |               ^\n"
            .replace("FIRST", Platform::ALL[0].as_str())
            .as_str(),
    );
}

#[test]
fn an_empty_file_says_what_is_missing() {
    check(
        "",
        &[],
        "d.yaml:1:1: error: `model.bundle` is missing\n\
         d.yaml:1:1: error: `rulebook` is missing\n\
         d.yaml:1:1: error: `accounts` is missing\n",
    );
}

#[test]
fn misspelt_secrets_are_not_shown() {
    let text = format!("{BASE}{}", account().replace("client_secret:", "client_secrte:"));
    check(
        &text,
        &[],
        "d.yaml:9:5: error: the credentials are no complete set\n   \
         help: one of { client_id, client_secret }, { email, api_token }, { access_token }, { api_key }; every secret \
         also as a key that ends in `_file`\n\
         d.yaml:11:7: error: unknown key `client_secrte` in `accounts.acme.credentials`\n   \
         help: did you mean `client_secret`?\n",
    );
    let text = format!("{BASE}{}    apikye: s3cr3t-three\n", account());
    check(
        &text,
        &[],
        "d.yaml:12:5: error: unknown key `apikye` in `accounts.acme`\n   help: known here: platform, base_url, mode, \
         webhook, credentials, allow_public_replies, api_version, app_id, admin_id, segment, \
         suggestion_field, allow_from, reply_limit, agents_share\n",
    );
}

#[test]
fn a_password_in_an_address_is_not_shown() {
    let text = format!("{BASE}{}", account().replace("https://", "https://me:s3cr3t@"));
    check(
        &text,
        &[],
        "d.yaml:6:15: error: `base_url` holds no user name or password; they belong under `credentials`\n",
    );
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let found = Settings::load(Path::new("nowhere/d.yaml"), Vec::new()).unwrap_err().problems;
    assert!(
        shown(&found).starts_with("nowhere/d.yaml: error: cannot read the settings: "),
        "{}",
        shown(&found)
    );
}

#[test]
fn broken_yaml_shows_no_line() {
    let found = load("admin: { token: s3cr3t\nx: [", &[]).unwrap_err().problems;
    assert!(!shown(&found).contains("s3cr3t"));
    assert!(found.iter().all(|one| one.snippet.is_none() && one.message.starts_with("not valid YAML")));
}

#[test]
fn what_a_platform_wants_is_placed_at_its_key() {
    let found = load(&format!("{BASE}{}    app_id: abc\n", account()), &[]).unwrap_err().problems;
    assert_eq!(found.len(), 1, "{}", shown(&found));
    assert_eq!((found[0].line, found[0].column), (12, 5));
    assert!(found[0].message.starts_with("account `acme`: `app_id`: "), "{}", found[0]);
    let found = load(
        &format!("{BASE}{}", account().replace("secrets: [s3cr3t-one-that-nobody-guesses]", "tolerance: 5m")),
        &[],
    );
    let found = found.unwrap_err().problems;
    assert_eq!((found.len(), found[0].line), (1, 7), "{}", shown(&found));
}

#[test]
fn secrets_stand_in_files_too() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("hooks");
    std::fs::write(&file, "new\n\nold\n").unwrap();
    let listed = account()
        .replace("secrets: [s3cr3t-one-that-nobody-guesses]", &format!("secrets_file: {}", file.display()));
    let settings = good(&format!("{BASE}{listed}"), &[]);
    let secrets = &settings.accounts[0].config.webhook.secrets;
    assert_eq!(secrets.iter().map(|secret| secret.expose()).collect::<Vec<_>>(), ["new", "old"]);

    let both = account().replace("secrets:", &format!("secrets_file: {}\n      secrets:", file.display()));
    check(
        &format!("{BASE}{both}"),
        &[],
        "d.yaml:8:7: error: `accounts.acme.webhook.secrets_file` and `accounts.acme.webhook.secrets` exclude each \
         other; keep one\n",
    );
    let found = load(&format!("{BASE}{}", listed.replace("hooks", "nowhere")), &[]).unwrap_err().problems;
    assert_eq!(found.len(), 1, "{}", shown(&found));
    assert!(found[0].message.contains("cannot read"), "{}", found[0]);
}

#[test]
fn an_open_admin_listener_needs_a_token() {
    let open = "admin: { listen: \"0.0.0.0:8081\" }\n";
    check(
        &format!("{BASE}{open}{}", account()),
        &[],
        "d.yaml:3:10: error: the admin listener is open to others on 0.0.0.0 and has no token\n \
         3 | admin: { listen: \"0.0.0.0:8081\" }\n   |          ^\n   \
         help: listen on 127.0.0.1, or put a token into a file and name it in `admin.token_file`\n",
    );
    let settings = good(&format!("{BASE}{open}{}", account()), &[("DESKBRIDGE__ADMIN__TOKEN", "t")]);
    assert!(settings.admin.token.is_some());
}

#[test]
fn two_listeners_need_two_ports() {
    let text = format!("{BASE}server: {{ listen: \"0.0.0.0:8081\" }}\n{}", account());
    let found = load(&text, &[]).unwrap_err().problems;
    assert_eq!(
        shown(&found).lines().next(),
        Some("d.yaml:3:1: error: `server.listen` and `admin.listen` both want port 8081")
    );
    let any = "server: { listen: 127.0.0.1:0 }\nadmin: { listen: 127.0.0.1:0 }\n";
    assert_eq!(good(&format!("{BASE}{any}{}", account()), &[]).server.listen.port(), 0);
}

#[test]
fn only_this_machine_is_spoken_to_in_the_clear() {
    for (url, fits) in [
        ("http://127.0.0.1:9001", true),
        ("http://localhost:9001", true),
        ("http://[::1]:9001", true),
        ("http://127.0.0.1.evil.example", false),
        ("http://localhost.evil.example", false),
        ("https://user:pw@acme.example", false),
        ("https://acme.example/api", false),
        ("https://acme.example?x=1", false),
        ("https://acme.example#x", false),
        ("ftp://acme.example", false),
        ("acme.example", false),
        ("https://", false),
    ] {
        assert_eq!(super::account::checked_url(url).is_ok(), fits, "{url}");
    }
}

#[test]
fn a_segment_is_read_whole() {
    let segment = "    segment: { field: organization.plan, map: { ent: enterprise }, default: standard }\n";
    let settings = good(&format!("{BASE}{}{segment}", account()), &[]);
    let segment = settings.accounts[0].segment.clone().unwrap();
    assert_eq!((segment.field.as_str(), segment.default.as_str()), ("organization.plan", "standard"));
    assert_eq!(segment.map["ent"], "enterprise");
    let found =
        load(&format!("{BASE}{}    segment: {{ map: {{}} }}\n", account()), &[]).unwrap_err().problems;
    assert_eq!(found.len(), 2, "{}", shown(&found));
}

#[test]
fn accounts_are_named_and_numbered() {
    let text = format!("{BASE}{}", account().replace("  acme:", "  Acme Corp:"));
    let found = load(&text, &[]).unwrap_err().problems;
    assert!(found[0].message.contains("is no account name"), "{}", shown(&found));
    check(
        &format!("{BASE}accounts: {{}}\n"),
        &[],
        "d.yaml:3:11: error: `accounts` names no account\n 3 | accounts: {}\n   |           ^\n",
    );
}

#[test]
fn the_example_loads() {
    let folder = tempfile::tempdir().unwrap();
    let text =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/deskbridge.example.yaml"));
    let text = text.unwrap();
    for word in text.split_whitespace().filter_map(|word| word.strip_prefix("secrets/")) {
        std::fs::write(folder.path().join(word.trim_end_matches('}')), "placeholder-0123456789abcdef\n")
            .unwrap();
    }
    let text = text.replace("secrets/", &format!("{}/", folder.path().display()));
    let settings = good(&text, &[]);
    let platforms: Vec<_> = settings.accounts.iter().map(|account| account.platform).collect();
    assert_eq!(platforms, Platform::ALL);
    assert!(settings.admin.token.is_some());
    // Every default the example shows is the default there is.
    let bare = good(&format!("{BASE}{}", account()), &[]);
    assert_eq!((&settings.server, &settings.store, &settings.log), (&bare.server, &bare.store, &bare.log));
    assert_eq!(settings.worker, bare.worker);
    assert_eq!(settings.mode, bare.mode);
}

#[test]
fn no_secret_is_printed() {
    let settings = good(&format!("{BASE}{}", account()), &[]);
    assert!(!format!("{settings:?}").contains("s3cr3t"));
}

#[test]
fn a_lease_is_an_hour_at_most() {
    let text = |lease: &str| format!("{BASE}worker: {{ lease: {lease} }}\n{}", account());
    check(
        &text("2h"),
        &[],
        "d.yaml:3:11: error: `worker.lease` is an hour at most; it is renewed while work goes on\n \
         3 | worker: { lease: 2h }\n   |           ^\n",
    );
}

#[test]
fn the_largest_body_fits_into_the_memory_for_bodies() {
    let text = |keys: &str| format!("{BASE}server: {{ {keys} }}\n{}", account());
    let server = |keys: &str| good(&text(keys), &[]).server;
    let large = server("max_body_bytes: 50331648");
    assert!(large.max_buffered_bytes_per_peer >= large.max_body_bytes, "{large:?}");
    assert!(large.max_buffered_bytes >= 2 * large.max_body_bytes, "{large:?}");
    assert_eq!(server("max_connections: 7").max_connections_per_peer, 7);
    check(
        &text("max_buffered_bytes_per_peer: 4096"),
        &[],
        "d.yaml:3:11: error: `server.max_buffered_bytes_per_peer` is smaller than `server.max_body_bytes`\n \
         3 | server: { max_buffered_bytes_per_peer: 4096 }\n   |           ^\n   \
         help: raise `server.max_buffered_bytes_per_peer` to 1048576 or more\n",
    );
}

#[test]
fn both_listeners_take_a_certificate() {
    let tls = "tls: { certificate: chain.pem, key: key.pem }";
    let settings = good(&format!("{BASE}server: {{ {tls} }}\nadmin: {{ {tls} }}\n{}", account()), &[]);
    assert!(settings.admin.tls.is_some());
    assert_eq!(settings.server.tls, settings.admin.tls);
    let half = "admin: { tls: { key: key.pem } }\n";
    let found = load(&format!("{BASE}{half}{}", account()), &[]).unwrap_err().problems;
    assert!(shown(&found).contains("admin.tls"), "{}", shown(&found));
}

mod secrets;
