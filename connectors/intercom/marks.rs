//! The platform's own marks of messages that machines send.

use super::wire::{Item, Source};
use crate::machine::{MachineMail, Recognised};
use crate::recognise::{self, Marks};
use crate::ticket::Ticket;

/// Ways to begin a conversation without a person: campaigns and series. The list is in
/// the vendor's reference, REST API 2.16, model "Conversation source".
const AUTOMATED: [&str; 2] = ["automated", "campaigns_initiated"];

/// Recognises what the first message is. The API gives of a mail's headers the addresses alone.
pub(super) fn recognise(ticket: &Ticket, item: &Item) -> Option<Recognised> {
    let source = item.source.as_ref();
    // What the workspace itself sends so is not the customer's; a customer's answer to it is a
    // person's.
    let author = source.and_then(|source| source.author.as_ref()?.kind.as_deref());
    let theirs = matches!(author, Some("lead" | "user" | "contact"));
    let way = source.and_then(|source| source.delivered_as.as_deref()).filter(|_| theirs);
    let platform = way.filter(|way| AUTOMATED.contains(way)).map(|_| MachineMail::AutoReply);
    let headers = source.map(addresses).unwrap_or_default();
    let from = headers.iter().find(|(name, _)| name == "from").map(|(_, address)| address.as_str());
    recognise::recognise(ticket, &Marks { platform, sender: from, headers: &headers })
}

/// The headers of a mail that hold an address, as names and addresses.
fn addresses(source: &Source) -> Vec<(String, String)> {
    let all = source.email_message_metadata.get("email_address_headers").and_then(|all| all.as_array());
    let text = |header: &serde_json::Value, key: &str| Some(header.get(key)?.as_str()?.to_lowercase());
    let one = |header| Some((text(header, "type")?, text(header, "email_address")?));
    all.into_iter().flatten().filter_map(one).collect()
}
