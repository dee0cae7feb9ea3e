//! The memory that bodies are held in: bounded over all connections, and per sender until a signature matched.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::peer::Peer;

/// The memory for bodies.
#[derive(Debug)]
pub(super) struct Room {
    most: usize,
    most_per_peer: usize,
    table: Mutex<Table>,
}

#[derive(Debug, Default)]
struct Table {
    held: usize,
    unverified: HashMap<Peer, usize>,
}

/// There is no room for more bytes.
#[derive(Debug)]
pub(super) struct Full;

impl Room {
    pub(super) fn new(most: usize, most_per_peer: usize) -> Arc<Self> {
        Arc::new(Self { most, most_per_peer, table: Mutex::default() })
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens a reservation of no bytes. `sender` is who the bytes are counted for besides all others, if known.
    pub(super) fn open(self: &Arc<Self>, sender: Option<Peer>) -> Reservation {
        Reservation { room: Arc::clone(self), sender, bytes: 0 }
    }
}

/// Bytes that are taken; given back when dropped.
#[derive(Debug)]
pub(super) struct Reservation {
    room: Arc<Room>,
    sender: Option<Peer>,
    bytes: usize,
}

impl Reservation {
    /// Takes more bytes.
    ///
    /// # Errors
    /// [`Full`] if the sender, or all together, would have too many.
    pub(super) fn grow(&mut self, bytes: usize) -> Result<(), Full> {
        let mut table = self.room.table();
        let held = table.held.saturating_add(bytes);
        if held > self.room.most {
            return Err(Full);
        }
        if let Some(sender) = self.sender {
            let own = table.unverified.get(&sender).copied().unwrap_or_default().saturating_add(bytes);
            if own > self.room.most_per_peer {
                return Err(Full);
            }
            table.unverified.insert(sender, own);
        }
        table.held = held;
        self.bytes += bytes;
        Ok(())
    }

    /// No longer counts the bytes for the sender: they are authentic.
    pub(super) fn verified(&mut self) {
        if let Some(sender) = self.sender.take() {
            self.room.table().release(sender, self.bytes);
        }
    }
}

impl Table {
    fn release(&mut self, sender: Peer, bytes: usize) {
        if let Some(own) = self.unverified.get_mut(&sender) {
            *own -= bytes;
            if *own == 0 {
                self.unverified.remove(&sender);
            }
        }
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.verified();
        self.room.table().held -= self.bytes;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_sender_cannot_take_all_the_room_and_everything_is_given_back() {
        let room = Room::new(100, 40);
        let peer = |n: u8| Some(Peer::of([192, 0, 2, n].into()));
        let mut first = room.open(peer(1));
        first.grow(30).unwrap();
        let mut again = room.open(peer(1));
        again.grow(10).unwrap();
        assert!(again.grow(1).is_err(), "the same sender");
        let mut other = room.open(peer(2));
        other.grow(40).unwrap();
        first.verified();
        again.grow(20).unwrap();
        assert!(room.open(None).grow(1).is_err(), "all together");
        drop((first, again));
        room.open(None).grow(60).unwrap();
        drop(other);
        let table = room.table();
        assert_eq!((table.held, table.unverified.len()), (0, 0));
    }
}
