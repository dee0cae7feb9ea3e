//! The operator's door under clients that say nothing, say too much, do not listen, or guess.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use deskbridge::admin::{Access, Admin, Readiness, serve};
use deskbridge_connectors::{Changing, Secret};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::rig::{ManualClock, NOW, PATIENCE, Shelf, connect_from};

const SOON: Duration = Duration::from_millis(300);

/// An operator's door that is asked by hand.
struct Post {
    at: SocketAddr,
    _stop: tokio_util::sync::DropGuard,
}

impl Post {
    async fn open(token: Option<&str>, access: Access) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        let admin = Admin {
            store: Shelf::new(),
            metrics: crate::harness::recorder(),
            readiness: Arc::new(Readiness::default()),
            clock: Arc::new(ManualClock::at(NOW)),
            token: token.map(Secret::new).map(Changing::new),
            board: Arc::default(),
            access,
        };
        let stop = CancellationToken::new();
        tokio::spawn(serve(listener, admin, stop.clone()));
        Self { at, _stop: stop.drop_guard() }
    }

    /// The status that a request from 127.0.0.`host` is answered with, and the whole answer.
    async fn ask(&self, host: u8, request: &str) -> (u16, String) {
        let mut stream = connect_from(host, self.at).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        // Some answers come before the request was read.
        let _ = timeout(PATIENCE, stream.read_to_end(&mut answer)).await.expect("an answer, and the end");
        let answer = String::from_utf8_lossy(&answer).into_owned();
        (answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default(), answer)
    }

    async fn get(&self, host: u8, path: &str, headers: &str) -> u16 {
        let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n{headers}connection: close\r\n\r\n");
        self.ask(host, &request).await.0
    }
}

async fn is_closed(stream: &mut TcpStream) -> bool {
    timeout(PATIENCE, stream.read_to_end(&mut Vec::new())).await.is_ok()
}

#[tokio::test]
async fn a_connection_that_asks_nothing_is_closed() {
    let post = Post::open(None, Access { header_timeout: SOON, ..Access::default() }).await;
    for start in ["", "GET /livez HTTP/1.1\r\nhost: localhost\r\nx-slow: ", "PRI * HTTP/2.0\r\n"] {
        let mut silent = TcpStream::connect(post.at).await.unwrap();
        let since = Instant::now();
        silent.write_all(start.as_bytes()).await.unwrap();
        assert!(is_closed(&mut silent).await, "{start:?}");
        assert!(since.elapsed() >= SOON, "not before its time");
    }
}

#[tokio::test]
async fn probes_find_a_place_among_connections_that_say_nothing() {
    let access = Access { max_connections: 8, header_timeout: PATIENCE * 2, ..Access::default() };
    let post = Post::open(Some("a token of some length"), access).await;
    let mut silent = Vec::new();
    let since = Instant::now();
    // From the probe's own address, as on loopback everybody is.
    while silent.len() < 60 || since.elapsed() < SOON {
        silent.push(TcpStream::connect(post.at).await.unwrap());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    for path in ["/livez", "/readyz"] {
        assert_eq!(post.get(1, path, "").await, 200, "{path}");
    }
    // Wait until whoever had to go has gone.
    let open = async |silent: &mut Vec<TcpStream>| {
        silent.retain(|stream| match stream.try_read(&mut [0; 512]) {
            Ok(0) => false,
            Err(error) => error.kind() == std::io::ErrorKind::WouldBlock,
            Ok(_) => true,
        });
        silent.len() <= 8
    };
    crate::harness::wait_until("so many are left and no more", async || open(&mut silent).await).await;
}

#[tokio::test]
async fn a_client_that_does_not_take_its_answer_is_cut_off() {
    let access = Access { header_timeout: SOON, body_timeout: SOON, ..Access::default() };
    let post = Post::open(None, access).await;
    let stream = TcpStream::connect(post.at).await.unwrap();
    let mut unwilling = h2::client::Builder::new();
    unwilling.initial_window_size(0);
    let (mut client, connection) = unwilling.handshake::<_, bytes::Bytes>(stream).await.unwrap();
    let ended = tokio::spawn(connection);
    let request = http::Request::get("http://localhost/livez").body(()).unwrap();
    let (answer, _) = client.send_request(request, true).unwrap();
    // Its head is all that fits.
    assert_eq!(answer.await.unwrap().status(), 200);
    assert!(timeout(PATIENCE, ended).await.is_ok(), "the connection ends");
}

#[tokio::test]
async fn a_connection_has_an_age() {
    let age = Duration::from_millis(700);
    let post = Post::open(None, Access { max_connection_age: age, ..Access::default() }).await;
    let mut stream = TcpStream::connect(post.at).await.unwrap();
    let since = Instant::now();
    while stream.write_all(b"GET /livez HTTP/1.1\r\nhost: localhost\r\n\r\n").await.is_ok() {
        let mut answer = [0; 2048];
        match timeout(PATIENCE, stream.read(&mut answer)).await.expect("an answer or the end") {
            Ok(0) | Err(_) => break,
            Ok(_) => assert!(since.elapsed() < PATIENCE, "it ends"),
        }
        tokio::time::sleep(age / 50).await;
    }
    assert!(since.elapsed() >= age);
}

#[tokio::test]
async fn a_body_is_bounded_in_size_and_time() {
    let access = Access { body_timeout: SOON, ..Access::default() };
    let post = Post::open(None, access).await;
    let head = |path: &str, length: usize| {
        format!("POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-length: {length}\r\n\r\n")
    };
    for path in ["/livez", "/metrics", "/review/1"] {
        let large = format!("{}{}", head(path, 400_000), "x".repeat(400_000));
        assert_eq!(post.ask(1, &large).await.0, 413, "{path}");
        let since = Instant::now();
        assert_eq!(post.ask(1, &format!("{}x", head(path, 100))).await.0, 408, "{path}");
        assert!(since.elapsed() >= SOON);
    }
    // Nobody learns how long a body without a length is, and it is bounded all the same.
    let chunk = format!("{:x}\r\n{}\r\n", 100_000, "x".repeat(100_000));
    let chunked = format!(
        "POST /livez HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n{}",
        chunk.repeat(4)
    );
    assert_eq!(post.ask(1, &chunked).await.0, 413);
}

#[tokio::test]
async fn whoever_guesses_the_token_is_refused_for_a_while() {
    let right = "authorization: Bearer the right token\r\n";
    let post = Post::open(Some("the right token"), Access { max_wrong_tokens: 3, ..Access::default() }).await;
    for guess in 1..=3 {
        assert_eq!(post.get(2, "/metrics", "").await, 401, "without one nothing is counted");
        let wrong = format!("authorization: Bearer {guess}\r\n");
        assert_eq!(post.get(2, "/metrics", &wrong).await, 401);
    }
    for path in ["/metrics", "/", "/api/decisions"] {
        let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n{right}connection: close\r\n\r\n");
        let (status, answer) = post.ask(2, &request).await;
        assert_eq!(status, 429, "not even with the right one, or guessing would go on");
        let wait = answer.lines().find_map(|line| line.strip_prefix("retry-after: ")).unwrap();
        assert!((1..=61).contains(&wait.parse::<u32>().unwrap()), "{wait}");
    }
    assert_eq!(post.get(2, "/readyz", "").await, 200, "probes are answered");
    assert_eq!(post.get(3, "/metrics", right).await, 200, "another address is not concerned");
    // A header that anybody can write changes nobody's address.
    assert_eq!(post.get(2, "/metrics", &format!("x-forwarded-for: 203.0.113.1\r\n{right}")).await, 429);
}

#[tokio::test]
async fn behind_a_trusted_proxy_guesses_count_for_who_sent_them() {
    let trusted_proxies = vec!["127.0.0.1/32".parse().unwrap()];
    let access = Access { max_wrong_tokens: 2, trusted_proxies, ..Access::default() };
    let post = Post::open(Some("the right token"), access).await;
    let asked = async |sender: &str, token: &str| {
        let headers = format!("x-forwarded-for: {sender}\r\nauthorization: Bearer {token}\r\n");
        post.get(1, "/metrics", &headers).await
    };
    for _ in 0..2 {
        assert_eq!(asked("203.0.113.1", "wrong").await, 401);
    }
    assert_eq!(asked("203.0.113.1", "the right token").await, 429);
    assert_eq!(asked("203.0.113.2", "the right token").await, 200);
}
