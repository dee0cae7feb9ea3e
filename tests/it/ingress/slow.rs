//! Clients that take their time, and more clients than there is room for.

use std::time::{Duration, Instant};

use deskbridge::ingress::Limits;

use super::rig::{Client, Manner, PATIENCE, Rig, created, delivery, post, sign};

const SOON: Duration = Duration::from_millis(300);

fn impatient() -> Limits {
    Limits { header_timeout: SOON, body_timeout: SOON, ..Limits::default() }
}

#[tokio::test]
async fn a_connection_that_asks_nothing_is_closed() {
    let rig = Rig::with(impatient()).await;
    for start in [&b""[..], b"POST /hooks/acme HTTP/1.1\r\nhost: bridge\r\nx-slow: ", b"PRI * HTTP/2.0\r\n"] {
        let mut client = rig.connect().await;
        let since = Instant::now();
        client.write(start).await;
        client.closed().await;
        assert!(since.elapsed() >= SOON, "not before its time");
    }
    // After the preface HTTP/2 sends its settings, and then closes like the others.
    let mut client = rig.connect().await;
    client.write(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await;
    assert!(client.try_answer().await.is_none());
}

#[tokio::test]
async fn a_head_that_trickles_in_is_cut_off() {
    let rig = Rig::with(impatient()).await;
    let mut client = rig.connect().await;
    client.write(delivery("1").as_bytes()).await;
    assert_eq!(client.answer().await.status, 200);
    let since = Instant::now();
    // One byte at a time, never silent for long: the second head has no more time than the first.
    client.write(b"POST /hooks/acme HTTP/1.1\r\nx: ").await;
    while since.elapsed() < SOON * 2 {
        client.write(b"y").await;
        tokio::time::sleep(SOON / 20).await;
    }
    client.closed().await;
    assert!(since.elapsed() < super::rig::PATIENCE / 2);
}

#[tokio::test]
async fn a_body_that_does_not_come_is_answered_408() {
    let rig = Rig::with(impatient()).await;
    let body = created("1");
    let request = post(&sign(&body), &body);
    let mut client = rig.connect().await;
    let since = Instant::now();
    client.write(&request.as_bytes()[..request.len() - 1]).await;
    assert_eq!(client.answer().await.status, 408);
    assert!(since.elapsed() >= SOON);
    assert_eq!(rig.shelf.kept(), 0);
}

#[tokio::test]
async fn slow_bodies_keep_nobody_else_waiting() {
    let rig = Rig::with(Limits { max_in_flight: 2, ..Limits::default() }).await;
    let body = created("1");
    let request = post(&sign(&body), &body);
    let mut slow: Vec<Client> = Vec::new();
    for _ in 0..20 {
        let mut client = rig.connect().await;
        client.write(&request.as_bytes()[..request.len() - 1]).await;
        slow.push(client);
    }
    assert_eq!(rig.send(delivery("2")).await.status, 200);
    for mut client in slow {
        client.write(&request.as_bytes()[request.len() - 1..]).await;
        assert_eq!(client.answer().await.status, 200);
    }
    assert_eq!(rig.shelf.kept(), 2);
}

#[tokio::test]
async fn beyond_the_connection_cap_the_answer_is_503() {
    let rig = Rig::with(Limits { max_connections: 2, ..Limits::default() }).await;
    let mut held = Vec::new();
    for event in ["1", "2"] {
        let mut client = rig.connect().await;
        client.write(delivery(event).as_bytes()).await;
        assert_eq!(client.answer().await.status, 200);
        held.push(client);
    }
    let mut third = rig.connect().await;
    third.write(delivery("3").as_bytes()).await;
    let answer = third.answer().await;
    assert_eq!((answer.status, answer.header("retry-after")), (503, Some("10")));
    assert_eq!(rig.shelf.kept(), 2);
    held.pop();
    // The door notices the free place when it reads the end of that connection.
    let patience = Instant::now();
    while rig.send(delivery("3")).await.status != 200 {
        assert!(patience.elapsed() < super::rig::PATIENCE, "a place that is given back is used again");
    }
    held[0].write(delivery("4").as_bytes()).await;
    assert_eq!(held[0].answer().await.status, 200, "who was inside is served on");
}

#[tokio::test]
async fn beyond_the_deliveries_in_progress_the_body_is_not_read() {
    let rig = Rig::with(Limits { max_in_flight: 1, ..Limits::default() }).await;
    rig.shelf.behave(Manner::Waits);
    let mut first = rig.connect().await;
    first.write(delivery("1").as_bytes()).await;
    rig.shelf.reached.notified().await;
    let head = "POST /hooks/acme HTTP/1.1\r\nhost: bridge\r\ncontent-length: 500\r\n\r\n";
    let answer = rig.send(head).await;
    assert_eq!((answer.status, answer.header("retry-after")), (503, Some("10")));
    rig.shelf.release(1);
    assert_eq!(first.answer().await.status, 200);
    rig.shelf.behave(Manner::Works);
    assert_eq!(rig.send(delivery("2")).await.status, 200);
}

#[tokio::test]
async fn bodies_share_a_bounded_room() {
    let limits = Limits { max_body_bytes: 3000, max_buffered_bytes: 4000, ..Limits::default() };
    let rig = Rig::with(limits).await;
    let body = "x".repeat(2999);
    let request = post("", &body);
    let mut first = rig.connect().await;
    first.write(&request.as_bytes()[..request.len() - 1]).await;
    // The first body lies in memory when a second of its size is put off.
    let patience = Instant::now();
    while rig.send(&request).await.status != 503 {
        assert!(patience.elapsed() < super::rig::PATIENCE, "memory is bounded");
    }
    first.write(b"x").await;
    assert_eq!(first.answer().await.status, 401);
    assert_eq!(rig.send(&request).await.status, 401, "the room is given back");
}

#[tokio::test]
async fn a_store_that_does_not_answer_is_not_waited_for() {
    let rig = Rig::with(Limits { store_timeout: SOON, ..Limits::default() }).await;
    rig.shelf.behave(Manner::Waits);
    assert_eq!(rig.send(delivery("1")).await.status, 503);
    assert_eq!(rig.shelf.kept(), 0);
    // It comes round: the delivery is kept, a worker is woken, and the platform's next try finds it known.
    rig.shelf.release(1);
    tokio::time::timeout(super::rig::PATIENCE, rig.arrived.notified()).await.expect("a worker is woken");
    rig.shelf.behave(Manner::Works);
    assert_eq!(rig.send(delivery("1")).await.status, 200);
    until("one delivery kept", || rig.shelf.kept() == 1).await;
}

/// Waits until something holds.
async fn until(what: &str, holds: impl Fn() -> bool) {
    let wait = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(PATIENCE, wait).await.unwrap_or_else(|_| panic!("{what} did not happen"));
}
