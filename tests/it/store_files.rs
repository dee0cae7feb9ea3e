//! The store's files under the running daemon: what is in them, and what becomes of it when they are taken away.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use deskbridge::store::sqlite::Sqlite;
use deskbridge_standins::NewTicket;

use crate::harness::{House, ONE_OF_EVERYTHING, billing_ticket, wait_until};
use crate::overload::{delivery, signing_secret};
use crate::process::Served;

/// A word of a customer's.
const SAID: &str = "QUAGMIRE-IN-THE-INVOICE";

/// A house whose store this process has not open: it would read from the log, or empty it.
async fn house() -> House {
    let mut house = House::without_a_daemon().await;
    house.store = Arc::new(Sqlite::open(&house.beside("unused.db")).unwrap());
    house
}

fn client() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().build().unwrap()
}

/// The files of the store that hold the word.
fn holding(house: &House, word: &str) -> Vec<PathBuf> {
    let names = ["deskbridge.db", "deskbridge.db-wal", "deskbridge.db-shm"].map(|name| house.beside(name));
    let holds = |path: &PathBuf| {
        let bytes = std::fs::read(path).unwrap_or_default();
        bytes.windows(word.len()).any(|window| window == word.as_bytes())
    };
    names.into_iter().filter(holds).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_settled_text_leaves_the_files_while_the_daemon_idles() {
    let house = house().await;
    let served = Served::start(&house, "live", ONE_OF_EVERYTHING).await;
    let desk = &house.desks[0];
    let plain = billing_ticket();
    let ticket = desk.open(NewTicket { subject: format!("{} {SAID}", plain.subject), ..plain }).await;
    wait_until("it is decided", async || desk.ticket(&ticket).unwrap().notes.len() == 1).await;
    assert_eq!(holding(&house, SAID), [house.beside("deskbridge.db-wal")], "there is something to forget");
    // Half a minute, and as much again for a slow machine. It is asked for its health all the time, as it will be.
    let (client, begun) = (client(), tokio::time::Instant::now());
    while !holding(&house, SAID).is_empty() {
        assert!(begun.elapsed() < Duration::from_secs(90), "{:?}", holding(&house, SAID));
        let ready = client.get(format!("{}/readyz", served.admin)).send().await.unwrap();
        assert_eq!(ready.status(), 200);
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
    // A worker is awake at once all the same.
    let ticket = desk.open(billing_ticket()).await;
    wait_until("it is decided", async || desk.ticket(&ticket).unwrap().notes.len() == 1).await;
    assert!(served.terminate().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_was_taken_away_is_told_and_nothing_is_acknowledged_meanwhile() {
    let house = house().await;
    let served = Served::start(&house, "live", ONE_OF_EVERYTHING).await;
    let (client, secret) = (client(), signing_secret(&house));
    let ticket = house.desks[0].open(billing_ticket()).await;
    let deliver = async |id: &str| {
        let request = delivery(&client, served.hooks(), &secret, id, &ticket);
        request.send().await.unwrap()
    };
    let ready = async || {
        let answer = client.get(format!("{}/readyz", served.admin)).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    let told = |news: &str| served.log().matches(news).count();
    let keep = house.beside("kept-elsewhere");
    assert_eq!(deliver("before").await.status(), 200);
    let mut times = 0;
    for name in ["deskbridge.db", "deskbridge.db-wal"] {
        for replaced in [false, true] {
            let file = house.beside(name);
            std::fs::hard_link(&file, &keep).unwrap();
            std::fs::remove_file(&file).unwrap();
            if replaced {
                std::fs::copy(&keep, &file).unwrap();
            }
            // The very next one, whether or not anybody has looked since.
            let refused = deliver(&format!("{name} {replaced}")).await;
            assert_eq!(refused.status(), 503, "{name} {replaced}");
            assert!(refused.headers().contains_key("retry-after"));
            let (status, said) = ready().await;
            assert_eq!(status, 503, "{said}");
            assert!(said.contains(name) && said.contains("deleted or replaced"), "{said}");
            times += 1;
            assert_eq!(told("the store lost its file"), times, "{}", served.log());
            std::fs::rename(&keep, &file).unwrap();
            wait_until("it is ready again", async || ready().await.0 == 200).await;
            assert_eq!(deliver(&format!("{name} {replaced}")).await.status(), 200);
        }
    }
    // Nobody asks, and it is told all the same, with what to do.
    std::fs::remove_file(house.beside("deskbridge.db")).unwrap();
    wait_until("it is told", async || told("the store lost its file") > times).await;
    let log = served.log();
    let line = log.lines().rfind(|line| line.contains("the store lost its file")).unwrap();
    assert!(line.contains("ERROR") && line.contains("move it back") && line.contains("503"), "{line}");
    assert!(line.contains(&house.beside("deskbridge.db").display().to_string()), "{line}");
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_others_may_read_is_tightened_at_the_start_and_told() {
    use std::os::unix::fs::PermissionsExt;
    let house = house().await;
    let file = house.beside("deskbridge.db");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    let served = Served::start(&house, "shadow", ONE_OF_EVERYTHING).await;
    for name in ["deskbridge.db", "deskbridge.db-wal", "deskbridge.db-shm"] {
        assert_eq!(
            std::fs::metadata(house.beside(name)).unwrap().permissions().mode() & 0o777,
            0o600,
            "{name}"
        );
    }
    let log = served.log();
    let told: Vec<_> = log.lines().filter(|line| line.contains("other users could read")).collect();
    assert!(matches!(told.as_slice(), [line] if line.contains("WARN") && line.contains("0644")), "{log}");
    assert!(served.terminate().success());
}
