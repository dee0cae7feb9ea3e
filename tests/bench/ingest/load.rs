//! Clients: raw keep-alive connections that post deliveries signed beforehand.
//!
//! They run on a thread of their own and do as little as possible, because they share the machine with the server.

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use deskbridge_connectors::{Secret, signature};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

pub(crate) const SECRET: &str = "dGhlIGJlbmNobWFyaydzIG93biBzZWNyZXQ";

/// Two kilobytes, as a platform's event with a longer description has.
const BODY_BYTES: usize = 2048;

/// What a run brought.
pub(crate) struct Figures {
    pub(crate) per_second: f64,
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.0}/s p50 {:.2} ms p99 {:.2} ms", self.per_second, self.p50_ms, self.p99_ms)
    }
}

/// Every connection posts its deliveries one after the other, as fast as they are acknowledged.
pub(crate) fn flood(at: SocketAddr, connections: usize, each: usize) -> Figures {
    let mut queues: Vec<Vec<Vec<u8>>> = Vec::new();
    for connection in 0..connections {
        queues.push((0..each).map(|number| request(connection * each + number)).collect());
    }
    run(async move {
        let mut clients = JoinSet::new();
        let mut streams = Vec::new();
        for _ in 0..connections {
            streams.push(connect(at).await);
        }
        let since = Instant::now();
        for (mut stream, queue) in streams.into_iter().zip(queues) {
            clients.spawn(async move {
                let mut took = Vec::with_capacity(queue.len());
                for request in &queue {
                    let since = Instant::now();
                    post(&mut stream, request).await;
                    took.push(since.elapsed());
                }
                took
            });
        }
        let took = clients.join_all().await.concat();
        figures(took, since.elapsed())
    })
}

/// Deliveries at an even pace, each timed from the moment it was due, so that a stall counts for all it delays.
pub(crate) fn stroll(at: SocketAddr, per_second: u32, lasting: Duration) -> Figures {
    let count = (lasting.as_secs_f64() * f64::from(per_second)) as usize;
    let requests: Vec<_> = (0..count).map(request).collect();
    run(async move {
        let mut idle = Vec::new();
        let mut clients = JoinSet::new();
        let mut took = Vec::with_capacity(count);
        let since = Instant::now();
        for (number, request) in (0..).zip(requests) {
            let due = since + Duration::from_secs(1) / per_second * number;
            sleep_until(due).await;
            while let Some(done) = clients.try_join_next() {
                let (stream, time) = done.expect("a client that ends");
                idle.push(stream);
                took.push(time);
            }
            let stream = idle.pop();
            clients.spawn(async move {
                let mut stream = match stream {
                    Some(stream) => stream,
                    None => connect(at).await,
                };
                post(&mut stream, &request).await;
                (stream, due.elapsed())
            });
        }
        took.extend(clients.join_all().await.into_iter().map(|(_, time)| time));
        figures(took, since.elapsed())
    })
}

fn run(clients: impl Future<Output = Figures>) -> Figures {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(clients)
}

async fn connect(at: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(at).await.expect("the server is there");
    stream.set_nodelay(true).expect("a socket option");
    stream
}

async fn post(stream: &mut TcpStream, request: &[u8]) {
    stream.write_all(request).await.expect("the server reads");
    let mut answer = [0; 512];
    let mut length = 0;
    while !answer[..length].ends_with(b"\r\n\r\n") {
        let read = stream.read(&mut answer[length..]).await.expect("an answer");
        assert_ne!(read, 0, "the server stays");
        length += read;
    }
    assert!(answer.starts_with(b"HTTP/1.1 200 "), "{}", String::from_utf8_lossy(&answer[..length]));
}

fn request(number: usize) -> Vec<u8> {
    let (ticket, at) = (10_000 + number, crate::stamp());
    let mut body = format!(
        r#"{{"type":"zen:event-type:ticket.created","id":"01BENCH{number:08}","time":"{at}","subject":"zen:ticket:{ticket}","detail":{{"id":"{ticket}","description":""#
    );
    let end = r#""},"event":{}}"#;
    while body.len() + end.len() < BODY_BYTES {
        body.push('x');
    }
    body.push_str(end);
    let tag = signature::hmac_sha256(&Secret::new(SECRET), &[at.as_bytes(), body.as_bytes()]);
    format!(
        "POST /hooks/acme HTTP/1.1\r\nhost: bridge\r\ncontent-type: application/json\r\nx-zendesk-webhook-signature: {}\r\nx-zendesk-webhook-signature-timestamp: {at}\r\ncontent-length: {}\r\n\r\n{body}",
        STANDARD.encode(tag),
        body.len()
    )
    .into_bytes()
}

fn figures(mut took: Vec<Duration>, whole: Duration) -> Figures {
    took.sort_unstable();
    let at = |share: f64| took[((took.len() - 1) as f64 * share) as usize].as_secs_f64() * 1000.0;
    Figures { per_second: took.len() as f64 / whole.as_secs_f64(), p50_ms: at(0.5), p99_ms: at(0.99) }
}
