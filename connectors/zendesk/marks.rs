//! The platform's own marks of mail that machines send.

use serde_json::Value;

use super::wire::{Comment, WireTicket};
use crate::machine::{MachineMail, Recognised};
use crate::recognise::{self, Marks};
use crate::ticket::Ticket;

/// The address in the `From` of the mail that made the ticket; `None` where it came another way.
pub(super) fn sender(ticket: &WireTicket) -> Option<String> {
    let source = &ticket.via.as_ref()?.source;
    source.get("from")?.get("address")?.as_str().map(str::to_owned)
}

/// Recognises what the first message is.
pub(super) fn recognise(ticket: &Ticket, sender: Option<&str>, comments: &[Comment]) -> Option<Recognised> {
    let platform = comments.first().and_then(|first| suspended_as(&first.metadata));
    recognise::recognise(ticket, &Marks { platform, sender, headers: &[] })
}

/// Why the mail was suspended before somebody recovered it. Numbers as in
/// <https://developer.zendesk.com/documentation/ticketing/reference-guides/suspensions-reference/>;
/// those that are not here say nothing about machines.
fn suspended_as(metadata: &Value) -> Option<MachineMail> {
    let cause = metadata.get("suspension_type_id")?;
    match cause.as_u64().or_else(|| cause.as_str()?.parse().ok())? {
        // Automated response, mail loop, out of office, system user, no-reply address.
        3 | 4 | 8 | 9 | 27 => Some(MachineMail::AutoReply),
        // Failed delivery, backscatter.
        7 | 14 => Some(MachineMail::Bounce),
        _ => None,
    }
}
