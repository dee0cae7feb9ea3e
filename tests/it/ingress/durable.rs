//! The door over the real store: what was acknowledged is in the file.

use std::sync::Arc;
use std::time::Duration;

use deskbridge::ingress::Limits;
use deskbridge::store::Store;
use deskbridge::store::sqlite::Sqlite;

use super::rig::{NOW, PATIENCE, Rig, Shelf, created, post, sign};

#[tokio::test]
async fn what_was_acknowledged_outlives_the_daemon() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("inbox.db");
    let open = async || {
        let store: Arc<dyn Store> = Arc::new(Sqlite::open(&file).unwrap());
        let rig = Rig::over("acme", Arc::clone(&store), Shelf::new(), Limits::default()).await;
        (store, rig)
    };
    let body = created("01A");
    let request = post(&sign(&body), &body);
    let (store, rig) = open().await;
    assert_eq!(rig.send(&request).await.status, 200);
    let unreadable = "{nonsense";
    assert_eq!(rig.send(post(&sign(unreadable), unreadable)).await.status, 200);
    assert_eq!(rig.send(post("", &body)).await.status, 401);
    rig.shutdown.cancel();
    tokio::time::timeout(PATIENCE, rig.served).await.expect("the door closes").unwrap();
    drop(store);

    let (store, rig) = open().await;
    assert_eq!(rig.send(&request).await.status, 200, "known from before");
    let depth = store.depth().await.unwrap();
    assert_eq!((depth.pending, depth.dead), (1, 1));
    let claim = store.claim(NOW.parse().unwrap(), Duration::from_secs(30)).await.unwrap().unwrap();
    assert_eq!(claim.work().body, body.as_bytes(), "byte for byte");
    assert_eq!(claim.work().account, "acme");
    store.bury(claim, "the test is over", NOW.parse().unwrap()).await.unwrap();
}
