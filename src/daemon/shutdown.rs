//! Turns the signals of the process into things a task can wait for.
//!
//! SIGTERM and SIGINT ask for a drain, SIGHUP asks for a reload. Signals are listened for once,
//! here, and handed on as values, so that a test ends or reloads the daemon without sending any. It
//! never ends the process itself.

use std::io;
use std::sync::Arc;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// A request to the process.
#[derive(Clone, Debug, Default)]
pub struct Signals {
    /// Cancelled once, by the first SIGTERM or SIGINT.
    pub shutdown: CancellationToken,
    /// Notified by every SIGHUP. Several that arrive before somebody waits count as one.
    pub reload: Arc<Notify>,
}

/// Starts to listen for signals, for as long as the runtime lives.
///
/// # Errors
/// The operating system refused a handler.
pub fn listen() -> io::Result<Signals> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut hang_up = signal(SignalKind::hangup())?;
    let signals = Signals::default();
    let heard = signals.clone();
    tokio::spawn(async move {
        loop {
            tokio::select! {
                Some(()) = terminate.recv() => heard.shutdown.cancel(),
                Some(()) = interrupt.recv() => heard.shutdown.cancel(),
                Some(()) = hang_up.recv() => heard.reload.notify_one(),
                else => return,
            }
        }
    });
    Ok(signals)
}
