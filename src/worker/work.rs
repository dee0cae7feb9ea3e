//! One delivery, from notice to verdict: look, decide, act. It reads and writes the platform, and only reads the store.

use std::sync::Arc;

use deskbridge_connectors::{
    Applied, Directory, Doubt, Later, Looked, Notice, NoticeKind, Refusal, Skip, Ticket, TicketId,
};

use jiff::Timestamp;

use super::heard::Conversations;
use super::record::{Record, remember};
use super::{ClaimJournal, Verdict};
use crate::clock::Clock;
use crate::domain::decision::{Asked, Awaiting, Decision, TicketKey};
use crate::domain::history::{History, requester};
use crate::domain::label_modes::LabelModes;
use crate::domain::snapshot::Snapshot;
use crate::inference::brain::Brain;
use crate::inference::snapshot::snapshot;
use crate::inference::triage;
use crate::platform::account::Account;
use crate::platform::lookup::ask;
use crate::platform::{Calls, Change, Stopped};
use crate::rulebook::{Facts, answered};
use crate::store::{Store, Work};

/// How often a ticket that moves under our hands is looked at again before the work is put back.
const MOST_LOOKS: usize = 3;

/// What one piece of work needs.
pub(super) struct Desk<'a> {
    pub(super) account: &'a Account,
    pub(super) brain: &'a Brain,
    pub(super) gate: &'a LabelModes,
    pub(super) store: &'a dyn Store,
    pub(super) clock: &'a dyn Clock,
    pub(super) heard: &'a Conversations,
}

/// A ticket in hand.
struct InHand {
    ticket: Ticket,
    history: History,
    names: Arc<Directory>,
}

/// Either goes on with a value or ends the work.
pub(super) type Step<T> = Result<T, Verdict>;

impl Desk<'_> {
    /// Does the work. Every way out is a verdict.
    pub(super) async fn work(&self, work: &Work, journal: &ClaimJournal) -> Verdict {
        let mut calls = Calls::new();
        match self.try_work(work, journal, &mut calls).await {
            Ok(verdict) | Err(verdict) => verdict,
        }
    }

    async fn try_work(&self, work: &Work, journal: &ClaimJournal, calls: &mut Calls) -> Step<Verdict> {
        let notice = self.notice(work)?;
        let mut record = Record::new(self.account, work, &notice, self.clock.now());
        // Kept whoever said it: a person's answer ends what is read together.
        if let Some(heard) = self.account.line.connector().heard(&work.body) {
            self.heard.note(self.key(work, &notice.ticket), heard);
        }
        if notice.kind == NoticeKind::Other {
            return Ok(record.skipped(Skip::NotSubscribed, calls));
        }
        let names = self.account.names_for(&notice.ticket, calls).await;
        let names = names.map_err(|stopped| nameless(stopped, &record, calls))?;
        // A ticket that was opened in our name is a person's doing: deskbridge opens none.
        let ours = notice.actor.is_some() && notice.actor == names.me;
        if ours && notice.kind != NoticeKind::Created {
            return Ok(record.skipped(Skip::OwnEcho, calls));
        }
        for _ in 0..MOST_LOOKS {
            let in_hand = match self.look(work, &notice, Arc::clone(&names), &record, calls).await? {
                Ok(in_hand) => in_hand,
                Err(skip) => return Ok(record.skipped(skip, calls)),
            };
            let (decision, snapshot) = self.decide(&in_hand).await?;
            let record = record.of(&in_hand.ticket);
            match self.act(work, &in_hand, &decision, journal, calls, record).await? {
                Some(verdict) => return Ok(remember(verdict, snapshot)),
                // Somebody changed the ticket between our look and our write: they win, and we look again.
                None => continue,
            }
        }
        Ok(Verdict::Later(Later::Failed, "the ticket changed each time it was looked at".into()))
    }

    /// The notice as kept, or read again from the body of a requeued dead letter.
    fn notice(&self, work: &Work) -> Step<Notice> {
        match &work.notice {
            Some(notice) => Ok(notice.clone()),
            None => self
                .account
                .line
                .connector()
                .read(&work.body)
                .map_err(|malformed| Verdict::Bury(malformed.to_string())),
        }
    }

    async fn look(
        &self,
        work: &Work,
        notice: &Notice,
        names: Arc<Directory>,
        record: &Record<'_>,
        calls: &mut Calls,
    ) -> Step<Result<InHand, Skip>> {
        let looked =
            self.account.line.look(notice, calls).await.map_err(|stopped| stop(stopped, record, calls))?;
        let mut ticket = match looked {
            Looked::Ticket(ticket) => *ticket,
            Looked::Skip(skip) => return Ok(Err(skip)),
        };
        let key = self.key(work, &ticket.id);
        let history = self.store.history(&key).await.map_err(Verdict::Leave)?;
        ticket.messages.extend(self.heard.of(&key));
        ticket.discount_answers(history.answers_sent());
        let replied = notice.kind == NoticeKind::CustomerReplied;
        if replied && is_open(&history, &ticket) {
            return Ok(Ok(InHand { ticket, history, names }));
        }
        let decided_before = replied && history.has_decision();
        let digests = (self.brain.classifier.digest().as_str(), self.brain.rulebook.digest());
        match history.knows(&ticket.version, digests.0, digests.1) {
            Some(skip) => Ok(Err(skip)),
            // A reply to a routed ticket does not route it anew: the people who have it decide where it goes.
            None if decided_before => Ok(Err(Skip::AlreadyDecided)),
            None => Ok(Ok(InHand { ticket, history, names })),
        }
    }

    fn key(&self, work: &Work, ticket: &TicketId) -> TicketKey {
        TicketKey { account: work.account.clone(), ticket: ticket.clone() }
    }

    async fn decide(&self, in_hand: &InHand) -> Step<(Decision, Snapshot)> {
        let asked = triage::predict(self.brain, &in_hand.ticket);
        let (prediction, challenger) = tokio::join!(asked, triage::challenge(self.brain, &in_hand.ticket));
        let prediction = prediction.map_err(|error| {
            tracing::error!(account = self.account.line.account(), %error, "the model gave no answer");
            Verdict::Later(Later::Failed, "the model gave no answer".into())
        })?;
        let now = self.clock.now();
        let contacts = self.contacts(&in_hand.ticket, now).await?;
        let facts = Facts {
            account: self.account.line.account(),
            platform: self.account.platform,
            ticket: &in_hand.ticket,
            prediction: &prediction,
            history: &in_hand.history,
            directory: &in_hand.names,
            ceiling: self.account.ceiling,
            now,
            segment: self.account.segment.as_ref().map(|segment| segment.of(&in_hand.ticket)),
            contacts: &contacts,
            public_replies: self.account.public_replies,
            texts: None,
            gate: self.gate,
        };
        let mut decision = triage::decide(self.brain, &facts);
        decision.challenger = challenger;
        self.look_up(&mut decision, &facts).await;
        self.bound_answers(&mut decision, &in_hand.ticket, now).await?;
        let snapshot = snapshot(&facts, &self.brain.rulebook, &decision);
        Ok((decision, snapshot))
    }

    /// When the same requester's other tickets came in, where a rule wants to know.
    async fn contacts(&self, ticket: &Ticket, now: Timestamp) -> Step<Vec<Timestamp>> {
        let account = self.account.line.account();
        let asked = self.brain.rulebook.contact_window().zip(requester(account, &ticket.requester));
        let Some((window, who)) = asked else { return Ok(Vec::new()) };
        let since = now.checked_sub(window).unwrap_or(Timestamp::MIN);
        let key = TicketKey { account: account.to_owned(), ticket: ticket.id.clone() };
        self.store.contacts(&key, &who, since).await.map_err(Verdict::Leave)
    }

    /// Asks what the decision wants to know. An answer becomes a note of the plan; without one nothing is written, and
    /// the ticket goes its way: a look-up is help for the agent and no condition of anything.
    async fn look_up(&self, decision: &mut Decision, facts: &Facts<'_>) {
        let lookups = decision.lookups.iter_mut().filter(|lookup| lookup.held_back.is_none());
        for lookup in lookups {
            let Some(permit) = lookup.mode.permit() else { continue };
            let answer = ask(&permit, lookup).await.map_err(|why| why.to_string());
            let note = answer.and_then(|answer| answered(&self.brain.rulebook, facts, lookup, &answer));
            lookup.asked = match note {
                Ok(note) => {
                    decision.plan.push(note);
                    Asked::Answered
                }
                Err(why) => {
                    tracing::warn!(
                        account = facts.account,
                        rule = lookup.because,
                        why,
                        "a look-up gave nothing"
                    );
                    Asked::Failed(why)
                }
            };
        }
    }

    /// `None` when the ticket moved.
    async fn act(
        &self,
        work: &Work,
        in_hand: &InHand,
        decision: &Decision,
        journal: &ClaimJournal,
        calls: &mut Calls,
        record: &Record<'_>,
    ) -> Step<Option<Verdict>> {
        let doubt = if work.wrote_before { Doubt::LastWriteUnanswered } else { Doubt::None };
        let sendable = decision.sendable(&self.account.suggestion);
        let change = |plan| Change { plan, on: &in_hand.ticket, names: &in_hand.names, doubt };
        let permit = self.account.ceiling.permit().filter(|_| !sendable.plan.0.is_empty());
        let Some(permit) = permit else {
            let plan = decision.withheld().plan;
            let withheld = match self.account.line.rehearse(&change(&plan), calls).await {
                Ok(write) => write,
                Err(Stopped::Refused(Refusal::Moved)) => return Ok(None),
                Err(Stopped::Refused(Refusal::Unsupported(_) | Refusal::Invalid(_))) => None,
                Err(stopped) => return Err(stop(stopped, record, calls)),
            };
            return Ok(Some(record.shadowed(decision, withheld, calls, self.clock.now())));
        };
        let done = self.account.line.perform(&permit, &change(&sendable.plan), journal, calls).await;
        let applied: Applied = match done {
            Ok(applied) => applied,
            Err(Stopped::Refused(Refusal::Moved)) => return Ok(None),
            Err(stopped) => return Err(stop(stopped, record, calls)),
        };
        Ok(Some(record.applied(decision, &sendable, applied, calls, self.clock.now())))
    }
}

/// Tells whether the last decision waited for more words of the customer's, and there are more
/// before anybody has answered. They are counted, because a version tells neither a message that
/// the API does not show nor one within the second of our write.
fn is_open(history: &History, ticket: &Ticket) -> bool {
    let more = |awaiting: &Awaiting| ticket.asked_messages() > awaiting.messages;
    history.awaiting().is_some_and(more) && !ticket.is_answered()
}

/// Names that cannot be read are the account's trouble: whatever the platform says, the ticket itself is not gone.
fn nameless(stopped: Stopped, record: &Record<'_>, calls: &mut Calls) -> Verdict {
    match stopped {
        Stopped::Refused(Refusal::Gone | Refusal::Invalid(_) | Refusal::Unsupported(_) | Refusal::Moved) => {
            Verdict::Later(
                Later::Failed,
                "the account's groups, agents and fields cannot be read; check base_url".into(),
            )
        }
        stopped => stop(stopped, record, calls),
    }
}

/// What an exchange that ended without a result means for the delivery.
fn stop(stopped: Stopped, record: &Record<'_>, calls: &mut Calls) -> Verdict {
    match stopped {
        Stopped::Later(later) => {
            let why = match later {
                Later::Busy { .. } => "the platform asks to slow down",
                Later::Failed => "the platform gave no usable answer",
            };
            Verdict::Later(later, why.into())
        }
        Stopped::Refused(Refusal::Credentials) if calls.last().is_some_and(|call| call.status == 403) => {
            let why =
                "the platform forbids us this ticket (403); check the scopes and the role of the credentials";
            Verdict::Later(Later::Failed, why.into())
        }
        // The account is locked out meanwhile, so this is no attempt of the delivery's.
        Stopped::Refused(Refusal::Credentials) => Verdict::Later(
            Later::Busy { after: None },
            "the platform does not accept the account's credentials".into(),
        ),
        Stopped::Refused(Refusal::Gone) => record.moot("the ticket is not there any more", calls),
        Stopped::Refused(Refusal::Unsupported(what)) => {
            record.moot(&format!("the platform cannot do this: {what}"), calls)
        }
        Stopped::Refused(Refusal::Invalid(what)) => {
            Verdict::Bury(format!("the platform rejects the request: {what}"))
        }
        Stopped::Refused(Refusal::Moved) => {
            Verdict::Later(Later::Failed, "the ticket changed while it was being read".into())
        }
        Stopped::Store(error) => Verdict::Leave(error),
    }
}
