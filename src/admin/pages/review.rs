//! `/review`: recent tickets worth a person's look. `/review/{id}`: one of them, with its text and a form.

pub(super) mod ticket;

use std::collections::BTreeSet;

use axum::extract::{Query, State};
use axum::response::Response;
use jiff::SignedDuration;
use minijinja::context;
use minijinja::value::Serde;
use serde::{Deserialize, Serialize};

use super::row::moment;
use super::{Admin, page, promptly};
use crate::domain::outcome::Entry;
use crate::evidence::report::observation::Observation;
use crate::evidence::report::render::words;
use crate::evidence::review::{self, Candidate, Order};
use crate::store::Filter;

/// How far back a look is worth it.
const RECENT: SignedDuration = SignedDuration::from_hours(30 * 24);
/// Entries looked through.
const MOST: u32 = 2000;
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
    entries: Vec<(i64, Entry)>,
    reviewed: BTreeSet<String>,
    problem: Option<String>,
}

impl Recent {
    async fn of(admin: &Admin) -> Self {
        let since = Some(admin.clock.now() - RECENT);
        let filter = Filter { since, limit: Some(MOST), ..Filter::default() };
        let found = promptly(admin.store.decisions(&filter)).await;
        let unread = found.as_ref().err().map(ToString::to_string);
        let reviewed = admin.board.reviewing().map(|reviewing| reviewing.reviewed.ids());
        let (reviewed, unreadable) = match reviewed {
            Some(Ok(ids)) => (ids, None),
            Some(Err(error)) => (BTreeSet::new(), Some(format!("reviewed tickets cannot be read: {error}"))),
            None => (BTreeSet::new(), None),
        };
        Self { entries: found.unwrap_or_default(), reviewed, problem: unread.or(unreadable) }
    }
}

pub(super) async fn list(State(admin): State<Admin>, Query(asked): Query<Asked>) -> Response {
    let order = asked.order();
    let recent = Recent::of(&admin).await;
    let figures = admin.board.figures(&admin).await.ok();
    let settled = figures.as_ref().map(|figures| &figures.settled);
    let empty = std::collections::BTreeMap::new();
    let settled = settled.unwrap_or(&empty);
    let queue = review::queue(&recent.entries, settled, &recent.reviewed, order);
    let observed = |id: i64, head: &str| settled.get(&id)?.iter().find(|seen| seen.head == head);
    let rows: Vec<Row> =
        queue.iter().take(SHOWN).map(|found| row(found, observed(found.id, found.head))).collect();
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
    let scored = found.entry.snapshot.as_ref().and_then(|snapshot| snapshot.prediction.heads.get(found.head));
    let ranked = scored.map(|scored| scored.ranked.as_slice()).unwrap_or_default();
    let say = |at: usize| {
        ranked.get(at).map_or_else(
            || words::NONE.to_owned(),
            |(label, sure)| format!("{label} {:.0} %", 100.0 * f64::from(*sure)),
        )
    };
    let settled = observed.map(|seen| seen.settled.iter().cloned().collect::<Vec<_>>().join(", "));
    Row {
        id: found.id,
        ticket: format!("{}/{}", found.entry.account, found.entry.ticket),
        decided: moment(found.entry.decided_at),
        head: found.head.to_owned(),
        best: say(0),
        next: say(1),
        settled: settled.filter(|labels| !labels.is_empty()).unwrap_or_else(|| words::NONE.to_owned()),
        weight: found.weight,
    }
}
