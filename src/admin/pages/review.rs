//! `/review`: recent tickets worth a person's look. `/review/{id}`: one of them, with its text and a form.

pub(super) mod ticket;

use std::collections::{BTreeMap, BTreeSet};

use axum::extract::{Query, State};
use axum::response::Response;
use jiff::SignedDuration;
use minijinja::context;
use minijinja::value::Serde;
use serde::{Deserialize, Serialize};

use super::row::moment;
use super::{Admin, page, promptly};
use crate::domain::summary::SummarisedDecision;
use crate::evidence::report::observation::Observation;
use crate::evidence::report::render::words;
use crate::evidence::review::{self, Candidate, Order};
use crate::store::{Error, Filter, MOST_ENTRIES};

/// How far back a look is worth it.
const RECENT: SignedDuration = SignedDuration::from_hours(30 * 24);
/// Decisions looked through.
const MOST: usize = 2000;
/// Tickets on the page; whoever gets that far comes back another day.
const SHOWN: usize = 50;

/// What an address asks for.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    order: String,
    /// The ticket that was just saved.
    saved: Option<String>,
}

impl Asked {
    fn order(&self) -> Order {
        if self.order == Order::Disagreed.as_str() { Order::Disagreed } else { Order::Uncertain }
    }
}

#[derive(Serialize)]
struct Row {
    id: i64,
    ticket: String,
    decided: String,
    head: String,
    best: String,
    next: String,
    settled: String,
    weight: f32,
}

/// What the queue is made of.
struct Recent {
    decisions: Vec<SummarisedDecision>,
    settled: Settled,
    reviewed: BTreeSet<String>,
    problem: Option<String>,
}

impl Recent {
    async fn of(admin: &Admin) -> Self {
        let found = promptly(recent(admin)).await;
        let unread = found.as_ref().err().map(ToString::to_string);
        let reviewed = admin.board.reviewing().map(|reviewing| reviewing.reviewed.ids());
        let (reviewed, unreadable) = match reviewed {
            Some(Ok(ids)) => (ids, None),
            Some(Err(error)) => (BTreeSet::new(), Some(format!("reviewed tickets cannot be read: {error}"))),
            None => (BTreeSet::new(), None),
        };
        let (decisions, settled) = found.unwrap_or_default();
        Self { decisions, settled, reviewed, problem: unread.or(unreadable) }
    }
}

type Settled = BTreeMap<i64, Vec<Observation>>;

/// Recent decisions, oldest first, and what agents settled on.
async fn recent(admin: &Admin) -> Result<(Vec<SummarisedDecision>, Settled), Error> {
    let since = Some(admin.clock.now() - RECENT);
    let mut filter = Filter { since, ..Filter::default() };
    let mut decisions = Vec::new();
    loop {
        let mut page = admin.store.summaries(&filter).await?;
        let full = page.len() == MOST_ENTRIES as usize;
        filter.before = page.first().map(|decision| decision.id);
        page.append(&mut decisions);
        decisions = page;
        if !full || decisions.len() >= MOST {
            break;
        }
    }
    let ids: Vec<i64> = decisions.iter().map(|decision| decision.id).collect();
    let settled = admin.board.observed(&ids).await?;
    Ok((decisions, settled))
}

pub(super) async fn list(State(admin): State<Admin>, Query(asked): Query<Asked>) -> Response {
    let order = asked.order();
    let recent = Recent::of(&admin).await;
    let settled = &recent.settled;
    let queue = review::queue(&recent.decisions, settled, &recent.reviewed, order);
    let observed = |id: i64, head: &str| settled.get(&id)?.iter().find(|seen| seen.head == head);
    let rows: Vec<Row> =
        queue.iter().take(SHOWN).map(|found| row(found, observed(found.decision.id, found.head))).collect();
    let file = admin.board.reviewing().map(|reviewing| reviewing.reviewed.path().display().to_string());
    let values = context! {
        order => order.as_str(),
        rows => Serde(rows),
        waiting => queue.len(),
        reviewed => recent.reviewed.len(),
        saved => asked.saved,
        file,
    };
    page(&admin, "review.html", "/review", recent.problem, values).await
}

fn row(found: &Candidate<'_>, observed: Option<&Observation>) -> Row {
    let decision = found.decision;
    let answer = decision.answers().find(|(head, ..)| *head == found.head);
    let say = |at: usize| {
        let best = answer.and_then(|(_, labels, answer)| Some((labels, answer.0.get(at)?)));
        best.map_or_else(
            || words::NONE.to_owned(),
            |(labels, (label, sure))| format!("{} {:.0} %", labels.name(*label), 100.0 * f64::from(*sure)),
        )
    };
    let settled = observed.map(|seen| seen.settled.iter().cloned().collect::<Vec<_>>().join(", "));
    Row {
        id: decision.id,
        ticket: format!("{}/{}", decision.account, decision.ticket),
        decided: moment(decision.decided_at),
        head: found.head.to_owned(),
        best: say(0),
        next: say(1),
        settled: settled.filter(|labels| !labels.is_empty()).unwrap_or_else(|| words::NONE.to_owned()),
        weight: found.weight,
    }
}
