//! At most so many public answers a requester and template within a day, over all tickets of an
//! account.
//!
//! Whatever writes back to an answer with a new ticket is answered again by the same rule. The
//! place for an answer is taken in the store, durably, before the answer is sent; tickets that are
//! worked on at the same time share the bound. A place stays taken where the sending then fails:
//! too few answers are better than too many.

use std::time::Duration;

use deskbridge_connectors::{Effect, Ticket};
use jiff::Timestamp;

use super::Verdict;
use super::work::{Desk, Step};
use crate::domain::decision::{Decision, TicketKey};
use crate::domain::history::requester;
use crate::domain::mode::Mode;
use crate::store::PublicAnswer;

/// A day, which the bound is about.
const WINDOW: Duration = Duration::from_secs(24 * 3600);

impl Desk<'_> {
    /// Holds back what would be one answer too many.
    pub(super) async fn bound_answers(
        &self,
        decision: &mut Decision,
        ticket: &Ticket,
        now: Timestamp,
    ) -> Step<()> {
        let account = self.account.line.account();
        let Some(limit) = self.account.reply_limit else { return Ok(()) };
        let Some(who) = requester(account, &ticket.requester) else { return Ok(()) };
        let sent = |planned: &&mut crate::domain::decision::Planned| {
            planned.mode == Mode::Live && planned.held_back.is_none()
        };
        for planned in decision.plan.iter_mut().filter(sent) {
            let Effect::Reply(reply) = &planned.effect else { continue };
            let answer = PublicAnswer {
                ticket: TicketKey { account: account.to_owned(), ticket: ticket.id.clone() },
                requester: who.clone(),
                template: reply.template.clone(),
                at: now,
            };
            let since = now.checked_sub(WINDOW).unwrap_or(Timestamp::MIN);
            if !self.store.reserve_answer(&answer, since, limit).await.map_err(Verdict::Leave)? {
                let times = if limit == 1 { "once".to_owned() } else { format!("{limit} times") };
                let why = format!("the requester got this answer {times} within a day (`reply_limit`)");
                planned.held_back = Some(why);
            }
        }
        Ok(())
    }
}
