//! Who gets a place when there are not enough, who has to go, and for how long one may stay.

use std::time::{Duration, Instant};

use deskbridge::ingress::Limits;

use super::rig::{Client, PATIENCE, Rig, created, delivery, post, post_to, sign, signed};

/// Longer than a connection's first moments, in which it is not closed for others of its kind.
const A_MOMENT: Duration = Duration::from_millis(300);

const HEAD: &[u8] = b"HEAD /hooks/acme HTTP/1.1\r\nhost: bridge\r\n\r\n";

#[tokio::test]
async fn a_refusal_closes_the_connection() {
    let rig = Rig::open().await;
    let big = "x".repeat(2 << 20);
    for (status, request) in [
        (401, post("", "{}")),
        (404, post_to("nobody", "", "")),
        (404, "GET / HTTP/1.1\r\nhost: bridge\r\n\r\n".to_owned()),
        (405, "GET /hooks/acme HTTP/1.1\r\nhost: bridge\r\n\r\n".to_owned()),
        (413, post("", &big)),
        (415, post("content-encoding: gzip\r\n", "{}")),
    ] {
        let mut client = rig.connect().await;
        client.write(request.as_bytes()).await;
        let answer = client.answer().await;
        assert_eq!((answer.status, answer.header("connection")), (status, Some("close")));
        client.closed().await;
    }
    // What is not refused leaves it open.
    let mut client = rig.connect().await;
    client.write(HEAD).await;
    assert_eq!(client.answer().await.status, 200);
    client.write(delivery("1").as_bytes()).await;
    assert_eq!(client.answer().await.header("connection"), None);
}

#[tokio::test]
async fn a_refusal_ends_an_http_2_connection_after_what_is_in_progress() {
    let rig = Rig::with(Limits { header_timeout: PATIENCE * 2, ..Limits::default() }).await;
    let stream = tokio::net::TcpStream::connect(rig.at).await.unwrap();
    let (mut client, connection) = h2::client::handshake(stream).await.unwrap();
    let ended = tokio::spawn(connection);
    let request = || http::Request::post("http://bridge/hooks/acme");
    let body = created("1");
    let mut signed_request = request().body(()).unwrap();
    *signed_request.headers_mut() = signed(&body);
    let (slow, mut rest) = client.send_request(signed_request, false).unwrap();
    let (refused, _) = client.send_request(request().body(()).unwrap(), true).unwrap();
    assert_eq!(refused.await.unwrap().status(), 401);
    rest.send_data(body.into(), true).unwrap();
    assert_eq!(slow.await.unwrap().status(), 200, "it was begun before the other was refused");
    tokio::time::timeout(PATIENCE, ended).await.expect("the connection ends").unwrap().unwrap();
}

#[tokio::test]
async fn behind_a_trusted_proxy_a_refusal_leaves_the_connection_open() {
    let rig = Rig::behind(&["127.0.0.1"], Limits::default()).await;
    let mut client = rig.connect().await;
    for sender in ["203.0.113.1", "unknown"] {
        client.write(post(&format!("x-forwarded-for: {sender}\r\n"), "{}").as_bytes()).await;
        assert_eq!(client.answer().await.status, 401);
    }
    client.write(delivery("1").as_bytes()).await;
    assert_eq!(client.answer().await.status, 200, "it carries the deliveries of others too");
}

#[tokio::test]
async fn one_address_holds_so_many_connections_and_no_more() {
    let limits = Limits { max_connections: 20, max_connections_per_peer: 3, ..Limits::default() };
    let rig = Rig::with(limits).await;
    let mut held = Vec::new();
    for event in 0..3 {
        let mut client = Client::from(2, rig.at).await;
        client.write(delivery(&event.to_string()).as_bytes()).await;
        assert_eq!(client.answer().await.status, 200);
        held.push(client);
    }
    let mut fourth = Client::from(2, rig.at).await;
    fourth.write(delivery("4").as_bytes()).await;
    assert_eq!(fourth.answer().await.status, 503, "all of its connections have proved themselves");
    let mut other = Client::from(3, rig.at).await;
    other.write(delivery("5").as_bytes()).await;
    assert_eq!(other.answer().await.status, 200, "another address has places of its own");
    held[0].write(delivery("6").as_bytes()).await;
    assert_eq!(held[0].answer().await.status, 200);
}

#[tokio::test]
async fn for_a_newcomer_a_connection_that_brought_nothing_goes() {
    let limits = Limits { max_connections: 3, header_timeout: PATIENCE * 2, ..Limits::default() };
    let rig = Rig::with(limits).await;
    let mut proven = rig.connect().await;
    proven.write(delivery("1").as_bytes()).await;
    assert_eq!(proven.answer().await.status, 200);
    let mut silent = rig.connect().await;
    // Neither a request for nothing nor half a delivery proves anything.
    let mut curious = rig.connect().await;
    curious.write(HEAD).await;
    assert_eq!(curious.answer().await.status, 200);
    tokio::time::sleep(A_MOMENT).await;
    for (event, gone) in [("2", &mut silent), ("3", &mut curious)] {
        let mut newcomer = rig.connect().await;
        newcomer.write(delivery(event).as_bytes()).await;
        assert_eq!(newcomer.answer().await.status, 200, "there is a place for it");
        gone.closed().await;
        tokio::time::sleep(A_MOMENT).await;
        proven.write(delivery(event).as_bytes()).await;
        assert_eq!(proven.answer().await.status, 200);
        // It stays, as one that has proved itself; the next one needs another place.
        std::mem::forget(newcomer);
    }
    assert_eq!(rig.send(delivery("4")).await.status, 503, "everybody here has brought a delivery");
}

#[tokio::test]
async fn a_connection_has_an_age() {
    let age = Duration::from_millis(700);
    let rig = Rig::with(Limits { max_connection_age: age, ..Limits::default() }).await;
    let mut client = rig.connect().await;
    let since = Instant::now();
    let mut answered = 0;
    // It is never quiet, and every delivery is accepted.
    for event in 0.. {
        client.write(delivery(&event.to_string()).as_bytes()).await;
        let Some(answer) = client.try_answer().await else { break };
        assert_eq!(answer.status, 200);
        answered += 1;
        assert!(since.elapsed() < PATIENCE, "it ends");
        tokio::time::sleep(age / 50).await;
    }
    assert!(since.elapsed() >= age && answered > 1, "{:?}, {answered}", since.elapsed());
}

#[tokio::test]
async fn bodies_of_one_sender_leave_room_for_others() {
    let limits = Limits {
        max_body_bytes: 3000,
        max_buffered_bytes: 12_000,
        max_buffered_bytes_per_peer: 6000,
        ..Limits::default()
    };
    for (proxies, header) in
        [(&[][..], ""), (&["127.0.0.1", "127.0.0.2"][..], "x-forwarded-for: 203.0.113.66\r\n")]
    {
        let rig = Rig::behind(proxies, limits).await;
        let body = "x".repeat(2999);
        let request = post(header, &body);
        let mut held = Vec::new();
        // Two bodies but for their last byte, and no more.
        for _ in 0..6 {
            let mut client = Client::from(2, rig.at).await;
            client.write(&request.as_bytes()[..request.len() - 1]).await;
            held.push(client);
        }
        let patience = Instant::now();
        loop {
            let mut client = Client::from(2, rig.at).await;
            client.write(request.as_bytes()).await;
            if client.answer().await.status == 503 {
                break;
            }
            assert!(patience.elapsed() < PATIENCE, "one sender is bounded");
        }
        let padded =
            created("1").replace("\"event\":{}", &format!("\"event\":{{\"x\":\"{}\"}}", "x".repeat(2000)));
        let signed =
            post(&format!("{}{}", header.replace("203.0.113.66", "198.51.100.7"), sign(&padded)), &padded);
        assert_eq!(rig.send(signed).await.status, 200, "{header}");
    }
}
