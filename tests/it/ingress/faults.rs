//! Panics, clients that hang up, and the end of the daemon.

use std::time::{Duration, Instant};

use deskbridge::ingress::Limits;
use tokio::time::timeout;

use super::rig::{Client, Manner, PATIENCE, Rig, created, delivery, http2, signed};

#[tokio::test]
async fn a_panic_costs_one_answer_and_no_connection() {
    let rig = Rig::open().await;
    let mut client = rig.connect().await;
    rig.shelf.behave(Manner::Panics);
    client.write(delivery("1").as_bytes()).await;
    assert_eq!(client.answer().await.status, 503);
    rig.shelf.behave(Manner::Works);
    client.write(delivery("1").as_bytes()).await;
    assert_eq!(client.answer().await.status, 200, "on the same connection");
    assert_eq!(rig.shelf.kept(), 1);
}

#[tokio::test]
async fn a_client_that_hangs_up_during_the_commit_leaves_a_delivery_that_is_worked_on() {
    let rig = Rig::open().await;
    rig.shelf.behave(Manner::Waits);
    let mut client = rig.connect().await;
    client.write(delivery("1").as_bytes()).await;
    rig.shelf.reached.notified().await;
    drop(client);
    rig.shelf.release(1);
    timeout(PATIENCE, rig.arrived.notified()).await.expect("a worker is woken all the same");
    assert_eq!(rig.shelf.kept(), 1);
}

#[tokio::test]
async fn the_door_forgets_a_request_that_was_called_off_but_not_its_delivery() {
    let rig = Rig::with(Limits { max_connections: 1, ..Limits::default() }).await;
    rig.shelf.behave(Manner::Waits);
    let (client, body) = (http2(), created("1"));
    let request = client.post(format!("http://{}/hooks/acme", rig.at)).headers(signed(&body)).body(body);
    let asked = tokio::spawn(request.send());
    timeout(PATIENCE, rig.shelf.reached.notified()).await.expect("the store is asked");
    asked.abort();
    assert!(asked.await.unwrap_err().is_cancelled());
    drop(client);
    // The only place is free again: the door has noticed.
    let patience = Instant::now();
    while rig.send("HEAD /hooks/acme HTTP/1.1\r\nhost: bridge\r\n\r\n").await.status != 200 {
        assert!(patience.elapsed() < PATIENCE, "the connection is given up");
    }
    rig.shelf.release(1);
    timeout(PATIENCE, rig.arrived.notified()).await.expect("a worker is woken all the same");
    assert_eq!(rig.shelf.kept(), 1);
}

#[tokio::test]
async fn a_shutdown_lets_what_is_in_progress_finish() {
    let rig = Rig::open().await;
    let mut idle = rig.connect().await;
    idle.write(delivery("0").as_bytes()).await;
    assert_eq!(idle.answer().await.status, 200);
    rig.shelf.behave(Manner::Waits);
    let mut busy = rig.connect().await;
    busy.write(delivery("1").as_bytes()).await;
    rig.shelf.reached.notified().await;
    rig.shelf.reached.notified().await;

    rig.shutdown.cancel();
    idle.closed().await;
    assert!(!rig.served.is_finished(), "the door waits for the delivery in progress");
    // The listener is gone: a load balancer goes elsewhere at once.
    let patience = Instant::now();
    while tokio::net::TcpStream::connect(rig.at).await.is_ok() {
        assert!(patience.elapsed() < PATIENCE, "no new connection is taken");
    }
    rig.shelf.release(1);
    let answer = busy.answer().await;
    assert_eq!((answer.status, answer.header("connection")), (200, Some("close")));
    timeout(PATIENCE, rig.served).await.expect("the door closes").unwrap();
    assert_eq!(rig.shelf.kept(), 2);
}

#[tokio::test]
async fn a_shutdown_does_not_wait_for_ever() {
    let drain = Duration::from_millis(300);
    let rig = Rig::with(Limits { drain, ..Limits::default() }).await;
    rig.shelf.behave(Manner::Waits);
    let mut stuck = Client::to(rig.at).await;
    stuck.write(delivery("1").as_bytes()).await;
    rig.shelf.reached.notified().await;
    let since = Instant::now();
    rig.shutdown.cancel();
    timeout(PATIENCE, rig.served).await.expect("the door closes").unwrap();
    assert!(since.elapsed() >= drain);
    stuck.closed().await;
}
