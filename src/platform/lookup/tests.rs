//! Look-ups against sockets of this machine.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;
use crate::domain::decision::Asked;
use crate::domain::mode::Mode;

fn lookup(url: &str, private: bool) -> Lookup {
    Lookup {
        because: "orders".to_owned(),
        action: 0,
        mode: Mode::Live,
        held_back: None,
        pattern: "http://orders.example/{{ order }}".to_owned(),
        url: url.to_owned(),
        private,
        marker: "deskbridge:1".to_owned(),
        asked: Asked::No,
    }
}

/// Answers one request with these bytes, and gives the head it saw.
async fn service(answer: Vec<u8>) -> (String, tokio::task::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let seen = tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        let mut head = vec![0; 4096];
        let read = socket.read(&mut head).await.unwrap();
        let _ = socket.write_all(&answer).await;
        let _ = socket.shutdown().await;
        String::from_utf8_lossy(&head[..read]).into_owned()
    });
    (format!("http://{at}/api/12%2F34"), seen)
}

fn answer(status: &str, body: &str) -> Vec<u8> {
    format!(
        "HTTP/1.1 {status}\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

async fn asked(answer: Vec<u8>) -> Result<Value, Unanswered> {
    let (url, _seen) = service(answer).await;
    let permit = Mode::Suggest.permit().unwrap();
    ask(&permit, &lookup(&url, true)).await
}

#[tokio::test]
async fn an_answer_is_json() {
    let (url, seen) = service(answer("200 OK", r#"{"id":"A-1","status":"sent"}"#)).await;
    let permit = Mode::Live.permit().unwrap();
    let found = ask(&permit, &lookup(&url, true)).await.unwrap();
    assert_eq!(found["status"], "sent");
    let head = seen.await.unwrap().to_lowercase();
    assert!(head.starts_with("get /api/12%2f34 http/1.1"), "{head}");
    assert!(!head.contains("authorization"), "{head}");
}

#[tokio::test]
async fn what_is_no_answer_is_told() {
    assert_eq!(asked(answer("404 Not Found", "{}")).await, Err(Unanswered::Status(404)));
    assert_eq!(asked(answer("302 Found", "")).await, Err(Unanswered::Status(302)), "no redirect is followed");
    assert_eq!(asked(answer("200 OK", "<html>")).await, Err(Unanswered::NotJson));
    let large = format!("\"{}\"", "x".repeat(MOST_BYTES));
    assert_eq!(asked(answer("200 OK", &large)).await, Err(Unanswered::TooLarge));
}

#[tokio::test]
async fn a_service_that_hangs_is_left() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let permit = Mode::Live.permit().unwrap();
    assert_eq!(ask(&permit, &lookup(&url, true)).await, Err(Unanswered::Timeout));
}

#[tokio::test]
async fn a_private_host_is_not_asked_unless_listed() {
    let (url, seen) = service(answer("200 OK", "1")).await;
    let permit = Mode::Live.permit().unwrap();
    let named = url.replace("127.0.0.1", "localhost");
    for url in
        [&url, &named, &url.replace("127.0.0.1", "0x7f.1"), &url.replace("127.0.0.1", "[::ffff:127.0.0.1]")]
    {
        assert_eq!(ask(&permit, &lookup(url, false)).await, Err(Unanswered::Private), "{url}");
    }
    assert!(!seen.is_finished(), "nothing was sent");
}

#[test]
fn private_addresses_are_known() {
    let check = |text: &str, expected: bool| {
        assert_eq!(is_public(text.parse().unwrap()), expected, "{text}");
    };
    for public in
        ["8.8.8.8", "172.32.0.1", "100.128.0.1", "2606:4700::1", "64:ff9b::808:808", "::ffff:8.8.8.8"]
    {
        check(public, true);
    }
    for private in [
        "0.0.0.0",
        "10.1.2.3",
        "100.64.0.1",
        "127.0.0.1",
        "169.254.169.254",
        "172.16.0.1",
        "192.168.0.1",
        "192.0.0.8",
        "198.18.0.1",
        "203.0.113.9",
        "224.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "fe80::1",
        "fd00:ec2::254",
        "ff02::1",
        "::ffff:10.0.0.1",
        "64:ff9b::a00:1",
        "2002:a00:1::",
        "2001:db8::1",
        "2001::1",
    ] {
        check(private, false);
    }
}
