//! Keeps in memory what deliveries said of conversations whose words no reading shows, so that
//! messages are read together.
//!
//! A delivery's body is erased once it is settled. What is kept here ends with the process and is
//! bounded: a message that comes after a restart is read by itself.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use deskbridge_connectors::preview::Heard;
use deskbridge_connectors::ticket::Message;

use crate::domain::decision::TicketKey;

/// Conversations that are kept; the oldest goes first.
const MOST_TICKETS: usize = 2_000;
/// Messages of one conversation: what it is about is said in the beginning.
const MOST_MESSAGES: usize = 40;
/// Bytes of a message's id; the platform's have twenty-four.
const MOST_ID_BYTES: usize = 100;
/// Bytes of one message.
const MOST_BYTES: usize = 4 * 1024;

/// The messages heard, by ticket.
#[derive(Default)]
pub struct Conversations(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    by_ticket: HashMap<TicketKey, Vec<Heard>>,
    /// In the order in which they began.
    order: VecDeque<TicketKey>,
}

impl Conversations {
    /// Keeps a message, once however often it is heard.
    pub(super) fn note(&self, ticket: TicketKey, mut heard: Heard) {
        let text = &mut heard.message.text;
        text.truncate(text.floor_char_boundary(MOST_BYTES));
        heard.id.truncate(heard.id.floor_char_boundary(MOST_ID_BYTES));
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !kept.by_ticket.contains_key(&ticket) {
            if kept.order.len() >= MOST_TICKETS
                && let Some(oldest) = kept.order.pop_front()
            {
                kept.by_ticket.remove(&oldest);
            }
            kept.order.push_back(ticket.clone());
        }
        let messages = kept.by_ticket.entry(ticket).or_default();
        if messages.len() < MOST_MESSAGES && messages.iter().all(|known| known.id != heard.id) {
            messages.push(heard);
        }
    }

    /// Returns the ticket's messages in the order in which they were heard.
    pub(super) fn of(&self, ticket: &TicketKey) -> Vec<Message> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let messages = kept.by_ticket.get(ticket).into_iter().flatten();
        messages.map(|heard| heard.message.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use deskbridge_connectors::TicketId;
    use deskbridge_connectors::ticket::Author;

    use super::*;

    fn key(number: usize) -> TicketKey {
        TicketKey { account: "a".into(), ticket: TicketId::new(number.to_string()).unwrap() }
    }

    fn heard(id: usize, text: &str) -> Heard {
        let message = Message { author: Author::Customer, public: true, text: text.into() };
        Heard { id: id.to_string(), message }
    }

    #[test]
    fn a_conversation_is_kept_in_order_and_once() {
        let all = Conversations::default();
        for (id, text) in [(1, "Hello"), (2, "my parcel"), (1, "Hello")] {
            all.note(key(7), heard(id, text));
        }
        let said: Vec<String> = all.of(&key(7)).into_iter().map(|message| message.text).collect();
        assert_eq!(said, ["Hello", "my parcel"]);
        assert!(all.of(&key(8)).is_empty());
    }

    #[test]
    fn memory_is_bounded_in_every_direction() {
        let all = Conversations::default();
        for id in 0..MOST_MESSAGES + 5 {
            all.note(key(0), heard(id, &"ä".repeat(MOST_BYTES)));
        }
        let kept = all.of(&key(0));
        assert_eq!(kept.len(), MOST_MESSAGES);
        assert!(kept.iter().all(|message| message.text.len() <= MOST_BYTES));
        (1..=MOST_TICKETS).for_each(|number| all.note(key(number), heard(0, "x")));
        assert!(all.of(&key(0)).is_empty(), "the oldest made room");
        assert_eq!(all.of(&key(1)).len(), 1);
    }
}
