//! What commands print of what came from outside: nothing in it may steer the terminal it is shown on.

use deskbridge::domain::outcome::Outcome;
use deskbridge::store::DeadFilter;
use deskbridge::store::Store;
use deskbridge::store::sqlite::Sqlite;

use crate::harness::{House, ONE_OF_EVERYTHING};
use crate::process::{ask, stderr, stdout};
use crate::store::fixture::{at, delivery, entry, unreadable, verified};

/// Clears the screen, sets its title, a colour in one byte, a step back, a turn of the direction, a line of its own.
const HOSTILE: &str = "\u{1b}[2J\u{1b}]0;owned\u{7}\u{9b}31m\u{8}\u{202e}txt\r\nforged";

fn steers(c: char) -> bool {
    (c.is_control() && !matches!(c, '\n' | '\t'))
        || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A store with the hostile text in everything that a platform, a body or an older deskbridge may have put there.
async fn poisoned(house: &House) {
    let store = Sqlite::open(&house.beside("poisoned.db")).unwrap();
    let body = format!(
        "{{\"{}\": nope}}",
        HOSTILE.replace("\r\n", "").escape_unicode().to_string().replace(['{', '}'], "")
    );
    store.accept(&verified("zendesk", "k1", body), at(0)).await.unwrap();
    store.accept(&unreadable("zendesk", "k2"), at(0)).await.unwrap();
    store.accept(&delivery("zendesk", "k3", 7), at(0)).await.unwrap();
    let claim = store.claim(at(1), std::time::Duration::from_secs(60)).await.unwrap().unwrap();
    store.bury(claim, &format!("the platform says {}", HOSTILE.repeat(1000)), at(1)).await.unwrap();
    let mut line = entry("zendesk", 7, "k4", at(2));
    line.outcome = Outcome::Moot;
    line.reason = Some(HOSTILE.to_owned());
    line.rules = vec![HOSTILE.to_owned()];
    store.record(&line).await.unwrap();
    for letter in store.dead(&DeadFilter::default()).await.unwrap() {
        assert!(!letter.reason.chars().any(|c| steers(c) || c == '\n'), "{:?}", letter.reason);
        assert!(letter.reason.len() < 4_000, "{} bytes", letter.reason.len());
    }
    drop(store);
    let store = rusqlite::Connection::open(house.beside("poisoned.db")).unwrap();
    let set = "UPDATE inbox SET delivery_id = delivery_id || ?1, reason = ?1, body = CAST(?1 AS BLOB) WHERE delivery_id = 'k2'";
    assert_eq!(store.execute(set, [HOSTILE]).unwrap(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_from_outside_steers_the_terminal() {
    let house = House::without_a_daemon().await;
    poisoned(&house).await;
    let config = house.write_settings("shadow", ONE_OF_EVERYTHING, "127.0.0.1:1", "127.0.0.1:2");
    let settings = std::fs::read_to_string(&config).unwrap();
    std::fs::write(&config, settings.replace("/deskbridge.db", "/poisoned.db")).unwrap();
    let config = config.to_str().unwrap();
    let missing = format!("/nowhere/{HOSTILE}.yaml");
    for (arguments, shows) in [
        (&["dead", "list", "--config", config][..], "\\u001b[2J"),
        (&["dead", "list", "--json", "--config", config], "\\u001b[2J"),
        (&["dead", "show", "2", "--body", "--config", config], "\\u001b[2J"),
        (&["dead", "show", "2", "--body", "--json", "--config", config], "\\u009b31m"),
        (&["dead", "show", "3", "--config", config], "the platform says \\u001b"),
        (&["decisions", "--config", config], "\\u001b[2J"),
        (&["decisions", "--json", "--config", config], "\\u202e"),
        (&["report", "--config", config], ""),
        (&["check", "--config", missing.as_str()], "\\u001b[2J"),
        (&["dead", "requeue", "2", "--config", missing.as_str()], "\\u001b[2J"),
    ] {
        let output = tokio::task::block_in_place(|| ask(arguments, ""));
        let said = [stdout(&output), stderr(&output)].concat().replace("\r\n", "\n");
        assert!(said.contains(shows), "{arguments:?}: {said:?}");
        assert!(!said.chars().any(steers), "{arguments:?}: {said:?}");
        if arguments.contains(&"--json") {
            for line in stdout(&output).lines() {
                let value: serde_json::Value = serde_json::from_str(line).unwrap();
                assert!(!value.is_null());
            }
        }
    }
    // A value cannot pass for a line of its own.
    let shown = tokio::task::block_in_place(|| ask(&["dead", "show", "2", "--config", config], ""));
    assert!(!stdout(&shown).lines().any(|line| line.starts_with("forged")), "{}", stdout(&shown));
    // What a program reads is what was there.
    let shown = ask(&["dead", "show", "2", "--body", "--json", "--config", config], "");
    let value: serde_json::Value = serde_json::from_str(stdout(&shown).trim()).unwrap();
    assert_eq!(value["body"], HOSTILE);
}
