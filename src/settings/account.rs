//! The accounts: one entry each, its secrets read and its connector built.
//!
//! Which keys a platform wants is the platform's own business; what it finds wrong is placed here at the key it
//! names. Credentials never leave over an open line: `http://` is for this machine alone.

use std::collections::BTreeMap;
use std::net::IpAddr;

use deskbridge_connectors::account::{Credentials, Problem, WebhookConfig};
use deskbridge_connectors::{AccountConfig, AccountId, Platform, Rotating};

use super::keys;
use super::resolved::{Account, Segment};
use super::secret::{self, Pair};
use super::server;
use crate::diagnostics::yaml::{Key, Node, Problems, Table, Value};
use crate::diagnostics::{Place, nearest};

/// Stands in for an address that could not be read, so that the rest of the account is checked all the same.
const SOME_ADDRESS: &str = "https://desk.example";

/// Reads every account; none at all is a mistake. The platforms are those of all accounts, of broken ones too.
pub(super) fn accounts(file: &mut Table<'_>, problems: &mut Problems) -> (Vec<Account>, Vec<Platform>) {
    let Some(node) = file.required("accounts", problems) else { return (Vec::new(), Vec::new()) };
    let entries = problems.entries(node, "`accounts`");
    if entries.is_empty() && matches!(node.value, Value::Map(_)) {
        problems.error(node.at, "`accounts` names no account");
    }
    let mut platforms = Vec::new();
    let accounts =
        entries.iter().filter_map(|(key, node)| account(key, node, &mut platforms, problems)).collect();
    (accounts, platforms)
}

fn account(
    key: &Key,
    node: &Node,
    platforms: &mut Vec<Platform>,
    problems: &mut Problems,
) -> Option<Account> {
    let id = AccountId::new(&key.name).map_err(|message| problems.error(key.at, message)).ok();
    let mut table = Table::open(node, &format!("accounts.{}", key.name), problems);
    table.at = key.at;
    let platform = platform(&mut table, problems);
    platforms.extend(platform);
    let base_url = table.required("base_url", problems).and_then(|node| base_url(node, problems));
    let mode = keys::mode(&mut table, problems);
    let before = problems.errors();
    let webhook = webhook(table.table("webhook", problems), problems);
    let webhook_fails = problems.errors() > before;
    let credentials = credentials(&mut table, problems);
    let allow_public_replies = keys::flag(&mut table, "allow_public_replies", problems).unwrap_or_default();
    let api_version = word(&mut table, "api_version", problems);
    let app_id = word(&mut table, "app_id", problems);
    let admin_id = word(&mut table, "admin_id", problems);
    let segment = segment(&mut table, problems);
    let suggestion_field = word(&mut table, "suggestion_field", problems);
    let allow_from = server::networks(&mut table, "allow_from", problems);
    let reply_limit = keys::limit(&mut table, "reply_limit", 1, 1..=1000, problems);
    let agents_share = keys::share(&mut table, "agents_share", 0.5, problems);
    table.close(problems);
    let platform = platform?;
    let unread = id.is_none() || base_url.is_none();
    let no_address = base_url.is_none();
    let config = AccountConfig {
        id: id.or_else(|| AccountId::new("unnamed").ok())?,
        base_url: base_url.unwrap_or_else(|| SOME_ADDRESS.to_owned()),
        webhook,
        credentials: credentials.clone().unwrap_or_default(),
        allow_public_replies,
        segment_field: segment.as_ref().ok().and_then(|segment| Some(segment.as_ref()?.field.clone())),
        api_version,
        app_id,
        admin_id,
    };
    let place = |problem: &Problem| place_of(node, problem.key).unwrap_or(key.at);
    match platform.open(&config) {
        Ok(opened) => {
            for warning in &opened.warnings {
                problems.warning(
                    place(warning),
                    format!("account `{}`: {}", key.name, warning.message),
                    None,
                );
            }
            let connector = std::sync::Arc::new(Rotating::new(opened.connector));
            let account = || {
                let segment = segment.ok()?;
                Some(Account {
                    platform,
                    config,
                    connector,
                    mode,
                    segment,
                    suggestion_field,
                    reply_limit,
                    allow_from,
                    agents_share,
                })
            };
            (!unread).then(account).flatten()
        }
        Err(mut found) => {
            let reported = |problem: &Problem| {
                (webhook_fails && problem.key.starts_with("webhook"))
                    || (credentials.is_err() && problem.key.starts_with("credentials"))
                    || (no_address && problem.key == "base_url")
            };
            let silent = found.is_empty();
            found.retain(|problem| !reported(problem));
            for problem in &found {
                let message = format!("account `{}`: `{}`: {}", key.name, problem.key, problem.message);
                problems.error(place(problem), message);
            }
            if silent {
                problems.error(key.at, format!("account `{}` cannot be opened", key.name));
            }
            None
        }
    }
}

/// The place of a dotted key inside an account, or of its closest ancestor that is there.
fn place_of(account: &Node, dotted: &str) -> Option<Place> {
    let mut node = account;
    let mut at = None;
    for name in dotted.split('.') {
        let Value::Map(entries) = &node.value else { break };
        let found = entries.iter().find(|(key, _)| key.name == name || key.name == format!("{name}_file"));
        let Some((key, below)) = found else { break };
        at = Some(key.at);
        node = below;
    }
    at
}

fn platform(table: &mut Table<'_>, problems: &mut Problems) -> Option<Platform> {
    let node = table.required("platform", problems)?;
    let word = problems.word(node, "`platform`")?;
    word.parse()
        .map_err(|message: String| {
            let near = nearest(word, Platform::ALL.iter().map(|platform| platform.as_str()));
            problems.error_with(node.at, message, near.map(|near| format!("did you mean `{near}`?")));
        })
        .ok()
}

fn base_url(node: &Node, problems: &mut Problems) -> Option<String> {
    let text = problems.word(node, "`base_url`")?.trim().trim_end_matches('/');
    match checked_url(text) {
        Ok(()) => Some(text.to_owned()),
        Err(message) => {
            problems.error(node.at, message);
            None
        }
    }
}

pub(super) fn checked_url(text: &str) -> Result<(), &'static str> {
    const SHAPE: &str = "`base_url` is a scheme and a host, as in https://desk.example";
    let uri: http::Uri = text.parse().map_err(|_| SHAPE)?;
    let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else { return Err(SHAPE) };
    if authority.as_str().contains('@') {
        return Err("`base_url` holds no user name or password; they belong under `credentials`");
    }
    if uri.host().is_none_or(str::is_empty) {
        return Err(SHAPE);
    }
    if !matches!(uri.path(), "" | "/") || uri.query().is_some() || text.contains('#') {
        return Err("`base_url` ends after the host; paths are the connector's business");
    }
    match scheme {
        "https" => Ok(()),
        "http" if uri.host().is_some_and(is_loopback) => Ok(()),
        "http" => Err("`base_url` with http:// is for this machine only; credentials need https://"),
        _ => Err("`base_url` starts with https://"),
    }
}

fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare.eq_ignore_ascii_case("localhost")
        || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn webhook(mut table: Table<'_>, problems: &mut Problems) -> WebhookConfig {
    let secrets = secret::many(&mut table, Pair::new("secrets", "secrets_file"), problems);
    let tolerance = table
        .place_of("tolerance")
        .map(|_| keys::duration(&mut table, "tolerance", std::time::Duration::from_secs(300), problems));
    table.accept(&["tolerance"]);
    let token_header = word(&mut table, "token_header", problems);
    let tokens = secret::many(&mut table, Pair::new("tokens", "tokens_file"), problems);
    let basic_auth = table.optional("basic_auth").and_then(|(_, node)| {
        let mut basic = Table::open(node, &table.path("basic_auth"), problems);
        let username = basic
            .required("username", problems)
            .and_then(|node| problems.word(node, "`basic_auth.username`"))
            .map(str::to_owned);
        let named = basic.place_of("password").or(basic.place_of("password_file")).is_some();
        let password = secret::made_up(&mut basic, Pair::new("password", "password_file"), problems);
        if !named {
            problems.error(basic.at, "`basic_auth` needs `password` or `password_file`");
        }
        basic.close(problems);
        username.zip(password)
    });
    table.close(problems);
    WebhookConfig { secrets, tolerance, token_header, tokens, basic_auth }
}

/// `Ok(None)` where there are none; the platform says whether it needs some.
fn credentials(account: &mut Table<'_>, problems: &mut Problems) -> Result<Option<Credentials>, ()> {
    const CLIENT_SECRET: Pair = Pair::new("client_secret", "client_secret_file");
    const API_TOKEN: Pair = Pair::new("api_token", "api_token_file");
    const ACCESS_TOKEN: Pair = Pair::new("access_token", "access_token_file");
    const API_KEY: Pair = Pair::new("api_key", "api_key_file");
    let Some((key, node)) = account.optional("credentials") else { return Ok(None) };
    let mut table = Table::open(node, &account.path("credentials"), problems);
    table.at = key.at;
    let client_id = word(&mut table, "client_id", problems);
    let email = word(&mut table, "email", problems);
    let named = |pair: Pair, table: &Table<'_>| {
        table.place_of(pair.key).is_some() || table.place_of(pair.file).is_some()
    };
    let kinds = [
        table.place_of("client_id").is_some() || named(CLIENT_SECRET, &table),
        table.place_of("email").is_some() || named(API_TOKEN, &table),
        named(ACCESS_TOKEN, &table),
        named(API_KEY, &table),
    ];
    let client_secret = secret::one(&mut table, CLIENT_SECRET, problems);
    let api_token = secret::one(&mut table, API_TOKEN, problems);
    let access_token = secret::one(&mut table, ACCESS_TOKEN, problems);
    let api_key = secret::one(&mut table, API_KEY, problems);
    let complete = match kinds {
        [true, false, false, false] => named(CLIENT_SECRET, &table) && table.place_of("client_id").is_some(),
        [false, true, false, false] => named(API_TOKEN, &table) && table.place_of("email").is_some(),
        [false, false, true, false] | [false, false, false, true] => true,
        _ => false,
    };
    if !complete {
        let help = "one of { client_id, client_secret }, { email, api_token }, { access_token }, { api_key }; \
                    every secret also as a key that ends in `_file`";
        problems.error_with(key.at, "the credentials are no complete set", Some(help.to_owned()));
    }
    table.close(problems);
    let found = match (client_id.zip(client_secret), email.zip(api_token)) {
        (Some((client_id, client_secret)), None) => {
            Some(Credentials::OAuthClient { client_id, client_secret })
        }
        (None, Some((email, api_token))) => Some(Credentials::ApiToken { email, api_token }),
        _ => access_token.map(Credentials::AccessToken).or(api_key.map(Credentials::ApiKey)),
    };
    found.filter(|_| complete).map(Some).ok_or(())
}

fn segment(account: &mut Table<'_>, problems: &mut Problems) -> Result<Option<Segment>, ()> {
    let Some((_, node)) = account.optional("segment") else { return Ok(None) };
    let mut table = Table::open(node, &account.path("segment"), problems);
    let field = table.required("field", problems).and_then(|node| problems.word(node, "`segment.field`"));
    let default =
        table.required("default", problems).and_then(|node| problems.word(node, "`segment.default`"));
    let mut map = BTreeMap::new();
    if let Some((_, node)) = table.optional("map") {
        for (key, node) in problems.entries(node, "`segment.map`") {
            if let Some(word) = problems.word(node, "a segment") {
                map.insert(key.name.clone(), word.to_owned());
            }
        }
    }
    table.close(problems);
    match (field, default) {
        (Some(field), Some(default)) => {
            Ok(Some(Segment { field: field.to_owned(), map, default: default.to_owned() }))
        }
        _ => Err(()),
    }
}

fn word(table: &mut Table<'_>, key: &'static str, problems: &mut Problems) -> Option<String> {
    let what = format!("`{}`", table.path(key));
    let (_, node) = table.optional(key)?;
    problems.word(node, &what).map(str::to_owned)
}
