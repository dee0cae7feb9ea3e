//! A requester who asks to be forgotten is: in the ledger, in what waits, in what is set aside, in reviewed tickets, and in the bytes
//! of the files.

use std::path::Path;

use deskbridge_standins::NewTicket;
use serde_json::Value;

use crate::harness::{House, ONE_OF_EVERYTHING, billing_ticket};
use crate::process::{ask, stderr, stdout};

const WHO: &str = "ottilie.forgotten@mail.example";

fn theirs() -> NewTicket {
    NewTicket { email: WHO.into(), ..billing_ticket() }
}

/// The bytes of the store's files.
fn bytes(folder: &Path) -> Vec<u8> {
    let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let of_store =
        files.filter(|path| path.file_name().unwrap().to_string_lossy().starts_with("deskbridge.db"));
    of_store.flat_map(|path| std::fs::read(path).unwrap()).collect()
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_requester_is_forgotten_everywhere_and_the_rest_stays() {
    let mut house = House::start("live", ONE_OF_EVERYTHING).await;
    let mut kept = Vec::new();
    for desk in &house.desks {
        desk.open(theirs()).await;
        kept.push((desk.platform(), desk.open(billing_ticket()).await));
    }
    house.settle().await;
    // A dead letter whose body nobody could read: it may hold anything.
    let account = house.desks[0].platform().to_owned();
    assert_eq!(house.desks[0].send_malformed().await, 200);
    house.stop().await;
    let config = house.write_settings("live", ONE_OF_EVERYTHING, "127.0.0.1:1", "127.0.0.1:2");
    let settings = std::fs::read_to_string(&config).unwrap();
    let reviewed = house.beside("reviewed.jsonl");
    std::fs::write(&config, format!("review: {{ tickets: {reviewed:?} }}\n{settings}")).unwrap();
    let all = house.store.decisions(&Default::default()).await.unwrap();
    let digest = all.iter().find_map(|(_, entry)| entry.requester.clone()).unwrap();
    let own = all.iter().filter(|(_, entry)| entry.requester.as_ref() == Some(&digest)).count();
    assert!(own > 0);
    let theirs: Vec<String> = all
        .iter()
        .filter(|(_, entry)| {
            !kept.iter().any(|(platform, id)| entry.account == *platform && entry.ticket == *id)
        })
        .map(|(_, entry)| format!("{}/{}", entry.account, entry.ticket))
        .collect();
    let lines: String = [&theirs[0], "hand/1"]
        .iter()
        .map(|id| format!("{{\"id\":\"{id}\",\"category\":\"billing\"}}\n"))
        .collect();
    std::fs::write(&reviewed, lines).unwrap();

    let config = config.to_str().unwrap();
    let refused = ask(&["forget", "--config", config, "--requester", WHO], "");
    assert_eq!(refused.status.code(), Some(2), "nobody is there to ask");
    assert!(
        stderr(&refused).contains("3 tickets") && stderr(&refused).contains("--yes"),
        "{}",
        stderr(&refused)
    );
    let before = ask(&["ledger", "verify", "--config", config, "--json"], "");
    let head = serde_json::from_str::<Value>(&stdout(&before)).unwrap()["head"].as_str().unwrap().to_owned();

    let done =
        ask(&["forget", "--config", config, "--requester", &WHO.to_uppercase(), "--yes", "--json"], "");
    assert!(done.status.success(), "{}", stderr(&done));
    let told: Value = serde_json::from_str(&stdout(&done)).unwrap();
    assert_eq!(
        (told["tickets"].as_array().unwrap().len(), &told["reviewed"], &told["removed"]),
        (3, &1.into(), &true.into())
    );

    let after = house.store.decisions(&Default::default()).await.unwrap();
    let theirs_in_ledger = all
        .iter()
        .filter(|(_, entry)| theirs.contains(&format!("{}/{}", entry.account, entry.ticket)))
        .count();
    assert_eq!(
        after.len(),
        all.len() + theirs_in_ledger,
        "every entry keeps its place, and each erasure has one"
    );
    assert!(after[all.len()..].iter().all(|(_, entry)| entry.outcome.as_str() == "forgotten"));
    for ((id, entry), (_, before)) in after.iter().zip(&all) {
        if theirs.contains(&format!("{}/{}", entry.account, entry.ticket)) {
            assert_eq!(*entry, before.clone().erased(), "{id}");
        } else {
            assert_eq!(entry, before, "{id}: others stay as they are");
        }
    }
    let chain = ask(&["ledger", "verify", "--config", config, "--head", &head], "");
    assert!(chain.status.success(), "{}{}", stdout(&chain), stderr(&chain));
    assert!(
        stdout(&chain).contains("erased on request") && stdout(&chain).contains("with the digest you noted"),
        "{}",
        stdout(&chain)
    );
    let left = bytes(&house.beside(""));
    assert!(!holds(&left, WHO) && !holds(&left, &WHO.to_uppercase()));
    let their_digest = all
        .iter()
        .find(|(_, entry)| {
            theirs.contains(&format!("{}/{}", entry.account, entry.ticket)) && entry.requester.is_some()
        })
        .and_then(|(_, entry)| entry.requester.clone())
        .unwrap();
    assert!(!holds(&left, &their_digest), "not even as a digest");
    assert_eq!(std::fs::read_to_string(&reviewed).unwrap(), "{\"id\":\"hand/1\",\"category\":\"billing\"}\n");

    let again = ask(&["forget", "--config", config, "--requester", WHO, "--yes"], "");
    assert!(stdout(&again).contains("nothing is kept"), "{}", stdout(&again));
    let wrong = ask(&["forget", "--config", config, "--requester", WHO, "--account", "nobody"], "");
    assert!(
        stderr(&wrong).contains("no account `nobody`") && stderr(&wrong).contains(&account),
        "{}",
        stderr(&wrong)
    );
    let report = ask(&["report", "--config", config, "--format", "json"], "");
    assert!(report.status.success(), "{}", stderr(&report));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_ledger_is_told_by_exit_code() {
    let mut house = House::start("shadow", ONE_OF_EVERYTHING).await;
    house.desks[0].open(billing_ticket()).await;
    house.settle().await;
    house.stop().await;
    let config = house.write_settings("shadow", ONE_OF_EVERYTHING, "127.0.0.1:1", "127.0.0.1:2");
    let asked = ["ledger", "verify", "--config", config.to_str().unwrap()];
    let whole = ask(&asked, "");
    assert!(whole.status.success() && stdout(&whole).contains("1 entries, unbroken"), "{}", stdout(&whole));
    let sql = "UPDATE ledger SET entry = replace(entry, 'billing', 'sales')";
    rusqlite::Connection::open(house.beside("deskbridge.db")).unwrap().execute_batch(sql).unwrap();
    let broken = ask(&asked, "");
    assert_eq!(broken.status.code(), Some(1));
    assert!(stdout(&broken).contains("BROKEN at entry 1, which was changed"), "{}", stdout(&broken));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_of_a_running_daemon_is_whole_and_starts_elsewhere() {
    let mut house = House::start("live", ONE_OF_EVERYTHING).await;
    let config = house.write_settings("live", ONE_OF_EVERYTHING, "127.0.0.1:1", "127.0.0.1:2");
    let config = config.to_str().unwrap();
    let mut before = Vec::new();
    for desk in &house.desks {
        before.push(desk.open(billing_ticket()).await);
    }
    let opening: Vec<_> = house
        .desks
        .iter()
        .cloned()
        .map(|desk| tokio::spawn(async move { desk.open(billing_ticket()).await }))
        .collect();
    let out = house.beside("backup.db");
    let out = out.to_str().unwrap();
    let made =
        tokio::task::block_in_place(|| ask(&["backup", "--config", config, "--out", out, "--json"], ""));
    assert!(made.status.success(), "{}", stderr(&made));
    for one in opening {
        one.await.unwrap();
    }
    house.settle().await;
    let writes = |house: &House| {
        house
            .desks
            .iter()
            .flat_map(|desk| desk.requests())
            .filter(deskbridge_standins::Logged::is_write)
            .count()
    };
    house.stop().await;
    let again = ask(&["backup", "--config", config, "--out", out], "");
    assert_eq!(again.status.code(), Some(2), "what is there is not written over");
    assert!(stderr(&again).contains("writes over nothing"), "{}", stderr(&again));
    // One that was cut short has no name that could be taken for a whole one, and says what to do.
    let other = house.beside("other.db");
    let part = house.beside("other.db.part");
    std::fs::write(&part, "half").unwrap();
    let cut = ask(&["backup", "--config", config, "--out", other.to_str().unwrap()], "");
    assert_eq!(cut.status.code(), Some(2));
    assert!(
        stderr(&cut).contains("other.db.part") && stderr(&cut).contains("remove this file"),
        "{}",
        stderr(&cut)
    );
    assert!(!other.exists());
    assert!(!house.beside("backup.db.part").exists());

    // Restored in place of the store: everything that was acknowledged before the copy is in it.
    for name in ["deskbridge.db", "deskbridge.db-wal", "deskbridge.db-shm"] {
        let _ = std::fs::remove_file(house.beside(name));
    }
    std::fs::rename(out, house.beside("deskbridge.db")).unwrap();
    house.store =
        std::sync::Arc::new(deskbridge::store::sqlite::Sqlite::open(&house.beside("deskbridge.db")).unwrap());
    let sent = writes(&house);
    house.open("live", ONE_OF_EVERYTHING).await;
    house.settle().await;
    for (desk, ticket) in house.desks.iter().zip(&before) {
        assert_eq!(house.decided(desk.as_ref(), ticket).await.len(), 1, "{}", desk.platform());
    }
    // What was decided after the copy is decided again when the platform tells of it again, and finds everything done.
    for desk in &house.desks {
        for ticket in desk.tickets() {
            assert_eq!(desk.redeliver(&ticket).await, 200);
        }
    }
    house.settle().await;
    for desk in &house.desks {
        for ticket in desk.tickets() {
            let state = desk.ticket(&ticket).unwrap();
            assert_eq!(state.notes.len(), 1, "{}/{ticket}: {:?}", desk.platform(), state.notes);
        }
    }
    assert!(writes(&house) >= sent);
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_put_back_to_be_read_again_is_forgotten_where_it_names_them() {
    let house = House::without_a_daemon().await;
    let config = house.write_settings("shadow", ONE_OF_EVERYTHING, "127.0.0.1:1", "127.0.0.1:2");
    let letters =
        [format!(r#"{{"from":"{WHO}","ticket_id":"#), r#"{"from":"x-ottilie.forgotten@mail.example""#.into()];
    for (n, body) in letters.iter().enumerate() {
        let now = deskbridge::clock::Clock::now(&deskbridge::clock::SystemClock);
        let letter = crate::store::fixture::verified("zendesk", &format!("letter{n}"), body.clone());
        house.store.accept(&letter, now).await.unwrap();
    }
    let now = deskbridge::clock::Clock::now(&deskbridge::clock::SystemClock);
    for letter in house.store.dead(&Default::default()).await.unwrap() {
        assert!(house.store.requeue(letter.id, now).await.unwrap());
    }
    let asked = ["forget", "--config", config.to_str().unwrap(), "--requester", WHO, "--yes", "--json"];
    let done = ask(&asked, "");
    assert!(done.status.success(), "{}", stderr(&done));
    let told: Value = serde_json::from_str(&stdout(&done)).unwrap();
    assert_eq!(
        (&told["waiting"], &told["dead"]),
        (&1.into(), &0.into()),
        "the other is somebody else: {told}"
    );
    assert_eq!(house.store.depth().await.unwrap().pending, 1);
    assert!(!holds(&bytes(&house.beside("")), &format!("\"{WHO}")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_requester_is_forgotten_while_the_daemon_goes_on() {
    let mut house = House::start("live", ONE_OF_EVERYTHING).await;
    let config = house.write_settings("live", ONE_OF_EVERYTHING, "127.0.0.1:1", "127.0.0.1:2");
    for desk in &house.desks {
        desk.open(theirs()).await;
    }
    house.settle().await;
    let opening: Vec<_> = house
        .desks
        .iter()
        .cloned()
        .map(|desk| tokio::spawn(async move { (desk.clone(), desk.open(billing_ticket()).await) }))
        .collect();
    let asked = ["forget", "--config", config.to_str().unwrap(), "--requester", WHO, "--yes", "--json"];
    let done = tokio::task::block_in_place(|| ask(&asked, ""));
    assert!(done.status.success(), "{}", stderr(&done));
    let told: Value = serde_json::from_str(&stdout(&done)).unwrap();
    assert_eq!(told["tickets"].as_array().unwrap().len(), 3);
    for one in opening {
        let (desk, ticket) = one.await.unwrap();
        house.settle().await;
        assert_eq!(house.decided(desk.as_ref(), &ticket).await.len(), 1, "{}", desk.platform());
    }
    assert!(house.store.verify(None).await.unwrap().broken.is_none());
    let entries = house.store.decisions(&Default::default()).await.unwrap();
    let left = entries.iter().filter(|(_, entry)| entry.outcome.as_str() == "forgotten").count();
    assert!(left >= 3, "{left} tombstones");
    house.stop().await;
}
