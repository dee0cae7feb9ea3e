//! Answers that are written while they are read: a page of the ledger at a time, so that a long list takes as little memory as a
//! short one. Whoever stops listening ends the reading.

use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody};
use hyper::body::Frame;
use tokio::sync::mpsc;

/// Chunks that wait for a slow listener.
const WAITING: usize = 2;

/// Where the chunks of an answer are written to.
pub(super) struct Chunks(mpsc::Sender<Result<Bytes, crate::store::Error>>);

impl Chunks {
    /// Writes a chunk. False where nobody listens any more.
    pub(super) async fn send(&self, text: String) -> bool {
        self.0.send(Ok(text.into())).await.is_ok()
    }
}

/// Returns a body that `write` fills. Where `write` fails the connection ends in the middle, so that nobody takes a part for the
/// whole.
pub(super) fn body<F, W>(write: F) -> Body
where
    F: FnOnce(Chunks) -> W,
    W: Future<Output = Result<(), crate::store::Error>> + Send + 'static,
{
    let (sender, chunks) = mpsc::channel(WAITING);
    let work = write(Chunks(sender.clone()));
    tokio::spawn(async move {
        let done = tokio::select! {
            done = work => done,
            () = sender.closed() => Ok(()),
        };
        if let Err(error) = done {
            // Nobody listens any more: there is nobody to tell.
            let _ = sender.send(Err(error)).await;
        }
    });
    Body::new(Written(chunks))
}

struct Written(mpsc::Receiver<Result<Bytes, crate::store::Error>>);

impl HttpBody for Written {
    type Data = Bytes;
    type Error = crate::store::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        self.0.poll_recv(context).map(|chunk| chunk.map(|chunk| chunk.map(Frame::data)))
    }
}
