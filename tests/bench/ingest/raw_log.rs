//! The ceiling: an HTTP server that appends bodies to a file and answers after a group `fdatasync`.

use std::convert::Infallible;
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Arc, mpsc};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

/// Bodies synced together, at most.
const GROUP: usize = 256;

type Waiting = (Bytes, oneshot::Sender<()>);

/// A file, and the one thread that writes it.
#[derive(Clone)]
pub(crate) struct RawLog(mpsc::Sender<Waiting>);

impl RawLog {
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let mut file = File::create_new(path)?;
        let (sender, waiting) = mpsc::channel::<Waiting>();
        std::thread::spawn(move || {
            let mut lines = Vec::new();
            while let Ok(first) = waiting.recv() {
                let mut group = vec![first];
                group.extend(waiting.try_iter().take(GROUP - 1));
                lines.clear();
                for (body, _) in &group {
                    lines.extend_from_slice(body);
                    lines.push(b'\n');
                }
                file.write_all(&lines).and_then(|()| file.sync_data()).expect("a disk that works");
                for (_, done) in group {
                    let _ = done.send(());
                }
            }
        });
        Ok(Self(sender))
    }

    async fn append(&self, body: Bytes) {
        let (done, kept) = oneshot::channel();
        self.0.send((body, done)).expect("the writer lives");
        kept.await.expect("the writer answers");
    }
}

pub(crate) async fn serve(listener: TcpListener, log: RawLog, shutdown: CancellationToken) {
    let protocol = Arc::new(auto::Builder::new(TokioExecutor::new()));
    while let Some(accepted) = shutdown.run_until_cancelled(listener.accept()).await {
        let (stream, _) = accepted.expect("a connection");
        stream.set_nodelay(true).expect("a socket option");
        let (protocol, log) = (Arc::clone(&protocol), log.clone());
        tokio::spawn(async move {
            let service = service_fn(|request: Request<Incoming>| {
                let log = log.clone();
                async move {
                    let body = request.into_body().collect().await.expect("a whole body").to_bytes();
                    log.append(body).await;
                    Ok::<_, Infallible>(Response::new(Empty::<Bytes>::new()))
                }
            });
            let _ = protocol.serve_connection(TokioIo::new(stream), service).await;
        });
    }
}
