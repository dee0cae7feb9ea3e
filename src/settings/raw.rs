//! The settings as they are written: every section read, defaulted and checked.
//!
//! A section that is wrong does not keep the others from being read, so that all problems come at once.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use deskbridge_connectors::Changing;

use super::account;
use super::keys::{address, count, duration, flag, mode, share};
use super::resolved::{
    Admin, Draft, Log, LogFormat, Model, Promotion, Review, Server, Settings, StoreUrl, Sweep, Worker,
};
use super::secret::{self, Pair};
use super::server::{server, tls};
use super::settling::settling;
use crate::diagnostics::yaml::{Node, Problems, Table};

/// Reads the whole file; no settings when something that is needed could not be read, and a draft in any case.
pub(super) fn settings(root: &Node, problems: &mut Problems) -> (Option<Settings>, Draft) {
    let mut file = Table::open(root, "", problems);
    let server = server(file.table("server", problems), problems);
    let admin = admin(file.table("admin", problems), problems);
    if let (Some(server), Some(admin)) = (&server, &admin) {
        ports(&file, server, admin, problems);
    }
    let store = store(file.table("store", problems), problems);
    let model = model(file.table("model", problems), problems);
    let rulebook = file
        .required("rulebook", problems)
        .and_then(|node| problems.word(node, "`rulebook`"))
        .map(PathBuf::from);
    let promotion = promotion(file.table("promotion", problems), rulebook.as_deref(), problems);
    let review = review(file.table("review", problems), store.as_ref(), problems);
    let settling = settling(file.table("settling", problems), problems);
    let sweep = sweep(file.table("sweep", problems), problems);
    let mode = mode(&mut file, problems);
    let log = log(file.table("log", problems), problems);
    let worker = worker(file.table("worker", problems), problems);
    let (accounts, platforms) = account::accounts(&mut file, problems);
    file.close(problems);
    let draft = Draft {
        bundle: model.as_ref().map(|model| model.bundle.clone()),
        runtime: model.as_ref().and_then(|model| model.runtime.clone()),
        rulebook: rulebook.clone(),
        platforms,
        hooks: server.as_ref().map(|server| server.listen),
        admin: admin.as_ref().map(|admin| admin.listen),
    };
    let whole = |accounts| {
        Some(Settings {
            server: server?,
            admin: admin?,
            store: store?,
            model: model?,
            rulebook: rulebook?,
            promotion,
            review: review?,
            settling,
            sweep,
            mode,
            log: log?,
            worker: worker?,
            accounts,
            secret_files: secret::files(root),
        })
    };
    (whole(accounts), draft)
}

/// The file with the promoted labels, beside the rulebook unless the settings name another.
pub const PROMOTIONS_FILE: &str = "promotions.yaml";

fn promotion(mut table: Table<'_>, rulebook: Option<&Path>, problems: &mut Problems) -> Promotion {
    let beside = rulebook.and_then(Path::parent).unwrap_or(Path::new("")).join(PROMOTIONS_FILE);
    let file = table
        .optional("file")
        .and_then(|(_, node)| problems.word(node, "`promotion.file`"))
        .map_or(beside, PathBuf::from);
    let required = table
        .optional("required")
        .and_then(|(_, node)| problems.flag(node, "`promotion.required`"))
        .unwrap_or_default();
    let min_tickets = count(&mut table, "min_tickets", 30, 1..=1_000_000, problems);
    let target = share(&mut table, "target", 0.96, problems);
    let max_override = share(&mut table, "max_override", 0.1, problems);
    table.close(problems);
    Promotion { file, required, min_tickets: min_tickets as u64, target, max_override }
}

/// Beside the store, unless it is told another place: both are what this desk has gathered.
fn review(mut table: Table<'_>, store: Option<&StoreUrl>, problems: &mut Problems) -> Option<Review> {
    let named = table.optional("tickets").map(|(_, node)| (node, problems.word(node, "`review.tickets`")));
    table.close(problems);
    let tickets = match named {
        Some((node, word)) => {
            let path = PathBuf::from(word?);
            if path.extension().is_none_or(|ending| ending != "jsonl") {
                problems.error(node.at, "`review.tickets` is a file of JSON Lines; its name ends in .jsonl");
                return None;
            }
            path
        }
        None => {
            let StoreUrl::Sqlite(store) = store?;
            store.with_file_name("reviewed.jsonl")
        }
    };
    Some(Review { tickets })
}

fn sweep(mut table: Table<'_>, problems: &mut Problems) -> Sweep {
    let enabled = flag(&mut table, "enabled", problems).unwrap_or(true);
    let every = duration(&mut table, "every", Duration::from_secs(300), problems);
    let lag = duration(&mut table, "lag", Duration::from_secs(120), problems);
    table.close(problems);
    Sweep { enabled, every, lag }
}

fn admin(mut table: Table<'_>, problems: &mut Problems) -> Option<Admin> {
    let listen = address(&mut table, ([127, 0, 0, 1], 8081).into(), problems);
    let named = table.place_of("token").or(table.place_of("token_file"));
    let token = secret::made_up(&mut table, Pair::new("token", "token_file"), problems);
    if let Some(listen) = listen
        && !listen.ip().is_loopback()
        && named.is_none()
    {
        let at = table.place_of("listen").unwrap_or(table.at);
        let help = "listen on 127.0.0.1, or put a token into a file and name it in `admin.token_file`";
        problems.error_with(
            at,
            format!("the admin listener is open to others on {} and has no token", listen.ip()),
            Some(help.to_owned()),
        );
    }
    let max_connections = count(&mut table, "max_connections", 64, 1..=65_536, problems);
    let max_wrong_tokens = count(&mut table, "max_wrong_tokens", 10, 1..=1_000_000, problems);
    let tls = tls(&mut table, problems);
    table.close(problems);
    Some(Admin { listen: listen?, token: token.map(Changing::new), max_connections, max_wrong_tokens, tls })
}

fn ports(file: &Table<'_>, server: &Server, admin: &Admin, problems: &mut Problems) {
    let meets = |a: IpAddr, b: IpAddr| a == b || a.is_unspecified() || b.is_unspecified();
    let (public, private) = (server.listen, admin.listen);
    if public.port() != 0 && public.port() == private.port() && meets(public.ip(), private.ip()) {
        let at = file.place_of("admin").or(file.place_of("server")).unwrap_or(file.at);
        problems.error(at, format!("`server.listen` and `admin.listen` both want port {}", public.port()));
    }
}

fn store(mut table: Table<'_>, problems: &mut Problems) -> Option<StoreUrl> {
    let Some((_, node)) = table.optional("url") else {
        table.close(problems);
        return Some(StoreUrl::Sqlite(PathBuf::from("deskbridge.db")));
    };
    table.close(problems);
    let url = problems.word(node, "`store.url`")?;
    if url.starts_with("postgres://") || url.starts_with("postgresql://") {
        let help = "write `sqlite:` and a file, as in sqlite:deskbridge.db";
        problems.error_with(
            node.at,
            "`store.url` names a PostgreSQL database, and this build has only sqlite",
            Some(help.to_owned()),
        );
        return None;
    }
    let path = url.strip_prefix("sqlite:").map(|rest| rest.strip_prefix("//").unwrap_or(rest));
    match path.filter(|path| !path.is_empty() && *path != ":memory:") {
        Some(path) => Some(StoreUrl::Sqlite(PathBuf::from(path))),
        None => {
            problems.error(node.at, "`store.url` is `sqlite:` and a file, as in sqlite:deskbridge.db");
            None
        }
    }
}

fn model(mut table: Table<'_>, problems: &mut Problems) -> Option<Model> {
    let bundle = table.required("bundle", problems).and_then(|node| problems.word(node, "`model.bundle`"));
    let runtime = table.optional("runtime").and_then(|(_, node)| problems.word(node, "`model.runtime`"));
    let challenger =
        table.optional("challenger").and_then(|(_, node)| problems.word(node, "`model.challenger`"));
    let cores = std::thread::available_parallelism().map_or(1, usize::from).min(4);
    let threads = count(&mut table, "threads", cores, 1..=256, problems);
    table.close(problems);
    Some(Model {
        bundle: PathBuf::from(bundle?),
        challenger: challenger.map(PathBuf::from),
        runtime: runtime.map(PathBuf::from),
        threads,
    })
}

fn log(mut table: Table<'_>, problems: &mut Problems) -> Option<Log> {
    let format = match table.optional("format") {
        None => Some(LogFormat::Text),
        Some((_, node)) => match problems.text(node, "`log.format`") {
            Some("text") => Some(LogFormat::Text),
            Some("json") => Some(LogFormat::Json),
            Some(_) => {
                problems.error(node.at, "`log.format` is text or json");
                None
            }
            None => None,
        },
    };
    let level = match table.optional("level") {
        None => Some("info".to_owned()),
        Some((_, node)) => problems.word(node, "`log.level`").and_then(|level| {
            let parsed = tracing_subscriber::EnvFilter::builder().parse(level);
            if parsed.is_err() {
                problems.error(
                    node.at,
                    "`log.level` is error, warn, info, debug or trace, or directives such as info,deskbridge=debug",
                );
            }
            parsed.ok().map(|_| level.to_owned())
        }),
    };
    table.close(problems);
    Some(Log { format: format?, level: level? })
}

fn worker(mut table: Table<'_>, problems: &mut Problems) -> Option<Worker> {
    let count_of = count(&mut table, "count", 4, 1..=256, problems);
    let lease = duration(&mut table, "lease", Duration::from_secs(60), problems);
    let max_attempts = count(&mut table, "max_attempts", 8, 1..=1000, problems);
    let max_age = duration(&mut table, "max_age", Duration::from_secs(86_400), problems);
    let call_timeout = duration(&mut table, "call_timeout", Duration::from_secs(20), problems);
    if call_timeout >= lease {
        let at = table.place_of("call_timeout").or(table.place_of("lease")).unwrap_or(table.at);
        problems.error(at, "`worker.call_timeout` must be shorter than `worker.lease`");
    }
    // The store takes a longer one for the work of a wrong clock.
    if lease > Duration::from_secs(3600) {
        let at = table.place_of("lease").unwrap_or(table.at);
        problems.error(at, "`worker.lease` is an hour at most; it is renewed while work goes on");
    }
    table.close(problems);
    let max_attempts = u32::try_from(max_attempts).ok()?;
    Some(Worker { count: count_of, lease, max_attempts, max_age, call_timeout })
}
