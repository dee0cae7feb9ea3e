//! Recognises mail that machines send.
//!
//! Each sign is looked for on its own, the surest first, and the first that is found decides: the
//! platform's own mark, mail headers, the sender, the subject, and the text together with one of
//! these. A subject counts only where it *begins* as machines write it, and a text never counts
//! alone, so that a customer who writes about a bounce or an out-of-office message stays a
//! customer.

use crate::machine::{MachineMail, Recognised, Sign};
use crate::plain_text;
use crate::ticket::{Author, Ticket};

mod headers;
mod text;
mod words;

#[cfg(test)]
mod tests;

/// A platform's statements about a ticket's first message beside the ticket itself.
#[derive(Clone, Copy, Debug, Default)]
pub struct Marks<'a> {
    /// The platform's own verdict.
    pub platform: Option<MachineMail>,
    /// The address in the mail's `From`; the requester's address where that is not known.
    pub sender: Option<&'a str>,
    /// Mail headers, as names and values; names in any case.
    pub headers: &'a [(String, String)],
}

/// Recognises what a ticket's first message is, from the ticket as it is read and the marks beside
/// it.
pub fn recognise(ticket: &Ticket, marks: &Marks<'_>) -> Option<Recognised> {
    let by = |sign| move |mail| Recognised { mail, sign };
    // What a machine opened in its own name has nobody who waits.
    let public = || ticket.messages.iter().filter(|message| message.public);
    let asked = public().find(|message| message.author == Author::Customer);
    let spoken = asked.is_none().then(|| public().next()).flatten();
    let opened_by_bot = spoken.is_some_and(|message| message.author == Author::Bot);
    let platform = marks.platform.or(opened_by_bot.then_some(MachineMail::AutoReply));
    let sender = marks.sender.or(ticket.requester.email.as_deref());
    let text = asked.map_or("", |message| message.text.as_str());
    platform
        .map(by(Sign::Platform))
        .or_else(|| headers::say(marks.headers).map(by(Sign::Header)))
        .or_else(|| sender.and_then(text::sender_says).map(by(Sign::Sender)))
        .or_else(|| text::subject_says(&ticket.subject).map(by(Sign::Subject)))
        .or_else(|| text::all_say(sender, &ticket.subject, text).map(by(Sign::Text)))
        .or_else(|| {
            let reply = ticket.subject.is_empty() || plain_text::is_reply(&ticket.subject);
            let thanks = text::is_thanks(text) && (reply || text::is_thanks(&ticket.subject));
            thanks.then_some(MachineMail::Thanks).map(by(Sign::Text))
        })
}
