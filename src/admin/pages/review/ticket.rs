//! One ticket under review: its text from the platform, a form, and what a person sends with it.
//!
//! The text that is saved is read from the platform again, cleaned and redacted as every tickets file is; what the form
//! carries are labels alone.

use std::collections::BTreeSet;

use axum::extract::{Form, Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use deskbridge_connectors::Ticket;
use deskbridge_onnx::{HeadKind, OUT_OF_SCOPE, clean, detect_language};
use minijinja::context;
use minijinja::value::Serde;
use serde::Serialize;
use serde_json::{Map, Value};

use super::super::decision::find;
use super::super::{Admin, page, promptly};
use super::{Asked, Order, Recent, moment, review};
use crate::admin::Reviewing;
use crate::admin::reviewing::Question;
use crate::domain::outcome::Entry;
use crate::evidence::report::observation::Observation;

#[derive(Serialize)]
struct Field {
    head: String,
    several: bool,
    options: Vec<Choice>,
    settled: Option<String>,
}

#[derive(Serialize)]
struct Choice {
    label: String,
    says: String,
    chosen: bool,
}

pub(in super::super) async fn show(
    State(admin): State<Admin>,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
) -> Response {
    let Some((reviewing, id, entry)) = known(&admin, &id).await else { return missing(&admin, &id).await };
    let read = reviewing.read(&entry.account, &entry.ticket).await;
    let observed = promptly(admin.board.observed(&[id])).await.unwrap_or_default().remove(&id);
    let fields: Vec<Field> = reviewing
        .questions()
        .iter()
        .map(|question| field(question, &entry, observed.as_deref().unwrap_or_default()))
        .collect();
    let order = asked.order();
    let values = context! {
        id,
        ticket => format!("{}/{}", entry.account, entry.ticket),
        decided => moment(entry.decided_at),
        subject => read.as_ref().ok().map(|ticket| ticket.subject.clone()),
        body => read.as_ref().ok().map(|ticket| ticket.first_customer_text().into_owned()),
        unread => read.as_ref().err().cloned(),
        fields => Serde(fields),
        order => order.as_str(),
        skip => next(&admin, order, id, false).await,
        token => reviewing.token(),
        stranger => OUT_OF_SCOPE,
        saved => asked.saved,
    };
    page(&admin, "ticket.html", "/review", None, values).await
}

/// A form that a person sent.
pub(in super::super) async fn save(
    State(admin): State<Admin>,
    Path(id): Path<String>,
    headers: HeaderMap,
    Form(form): Form<Vec<(String, String)>>,
) -> Response {
    let sent = |name: &str| form.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
    let Some((reviewing, id, entry)) = known(&admin, &id).await else { return missing(&admin, &id).await };
    if !reviewing.is_ours(&headers, sent("token")) {
        return refuse(
            StatusCode::FORBIDDEN,
            "This form is not from here, or deskbridge was started anew. Open the page again.",
        );
    }
    let labels = match labels(&reviewing.questions(), &form) {
        Ok(labels) => labels,
        Err(why) => return refuse(StatusCode::BAD_REQUEST, &why),
    };
    let ticket = match reviewing.read(&entry.account, &entry.ticket).await {
        Ok(ticket) => ticket,
        Err(why) => return refuse(StatusCode::SERVICE_UNAVAILABLE, &why),
    };
    let name = format!("{}/{}", entry.account, entry.ticket);
    if let Err(error) = reviewing.reviewed.put(&row(&name, &ticket, labels)) {
        tracing::error!(%error, file = %reviewing.reviewed.path().display(), "a review cannot be saved");
        let why = format!("It cannot be saved: {error}. Look at `review.tickets` in the settings.");
        return refuse(StatusCode::INTERNAL_SERVER_ERROR, &why);
    }
    let order = Asked { order: sent("order").unwrap_or_default().to_owned(), saved: None }.order();
    Redirect::to(&next(&admin, order, id, true).await).into_response()
}

async fn known<'a>(admin: &'a Admin, id: &str) -> Option<(&'a Reviewing, i64, Entry)> {
    let reviewing = admin.board.reviewing()?;
    let (id, entry) = find(admin, id.parse().ok()?).await.ok()??;
    entry.snapshot.is_some().then_some((reviewing, id, entry))
}

async fn missing(admin: &Admin, id: &str) -> Response {
    let mut answer = page(admin, "missing.html", "/review", None, context! { id }).await;
    *answer.status_mut() = StatusCode::NOT_FOUND;
    answer
}

fn refuse(status: StatusCode, why: &str) -> Response {
    (status, format!("{why}\n")).into_response()
}

/// Where a person goes from here: to the ticket that comes next, or back to the queue when there is none.
async fn next(admin: &Admin, order: Order, from: i64, saved: bool) -> String {
    let recent = Recent::of(admin).await;
    let queue = review::queue(&recent.decisions, &recent.settled, &recent.reviewed, order);
    let at = queue.iter().position(|candidate| candidate.decision.id == from);
    // What was saved is in the queue no more: the first is next. What is skipped stays, and the one behind it is next.
    let then = if saved { queue.first() } else { at.and_then(|at| queue.get(at + 1)) };
    let note = if saved { format!("&saved={from}") } else { String::new() };
    let order = order.as_str();
    match then {
        Some(candidate) => format!("/review/{}?order={order}{note}", candidate.decision.id),
        None => format!("/review?order={order}{note}"),
    }
}

/// One head's part of the form: what agents settled on is chosen beforehand, else what the model named.
fn field(question: &Question, entry: &Entry, observed: &[Observation]) -> Field {
    let prediction = entry.snapshot.as_ref().map(|snapshot| &snapshot.prediction);
    let scored = prediction.and_then(|prediction| prediction.heads.get(&question.head));
    let settled = observed.iter().find(|seen| seen.head == question.head).map(|seen| &seen.settled);
    let settled = settled.filter(|labels| !labels.is_empty());
    let sure = |label: &String| scored.map_or(0.0, |scored| scored.confidence(label));
    let mut labels = question.labels.clone();
    labels.sort_by(|a, b| sure(b).total_cmp(&sure(a)).then_with(|| a.cmp(b)));
    let several = question.kind == HeadKind::Multi;
    let chosen: BTreeSet<String> = match (settled, scored) {
        (Some(settled), _) => settled.clone(),
        (None, Some(scored)) if several => scored.chosen.iter().cloned().collect(),
        (None, _) => labels.first().cloned().into_iter().collect(),
    };
    let options = labels.into_iter().map(|label| Choice {
        says: format!("{:.0} %", 100.0 * f64::from(sure(&label))),
        chosen: chosen.contains(&label),
        label,
    });
    Field {
        head: question.head.clone(),
        several,
        options: options.collect(),
        settled: settled.map(|labels| labels.iter().cloned().collect::<Vec<_>>().join(", ")),
    }
}

/// The labels that a form says, by head; heads that it leaves out are absent.
///
/// # Errors
/// What is wrong with the form, in a sentence.
fn labels(questions: &[Question], form: &[(String, String)]) -> Result<Map<String, Value>, String> {
    let sent = |name: &str| values(form, name);
    let stranger = sent("scope").contains(&OUT_OF_SCOPE);
    let mut labels = Map::new();
    for question in questions {
        let head = &question.head;
        let given: Vec<&str> =
            sent(&format!("head.{head}")).into_iter().filter(|label| !label.is_empty()).collect();
        if let Some(unknown) = given.iter().find(|label| !question.labels.iter().any(|known| known == *label))
        {
            let shown: String = unknown.chars().take(40).collect();
            return Err(format!("The model's head {head} has no label {shown:?}. Open the page again."));
        }
        match question.kind {
            // What nobody sorts has no label of any head; `train` reads it so where one head says it.
            HeadKind::Single if stranger => drop(labels.insert(head.clone(), OUT_OF_SCOPE.into())),
            HeadKind::Single => {
                labels.extend(given.first().map(|label| (head.clone(), Value::from(*label))));
            }
            HeadKind::Multi if stranger => {}
            HeadKind::Multi if !sent(&format!("say.{head}")).is_empty() => {
                labels.insert(head.clone(), given.join("|").into());
            }
            HeadKind::Multi => {}
        }
    }
    if labels.is_empty() {
        return Err("No label was chosen, so there is nothing to save.".to_owned());
    }
    Ok(labels)
}

fn values<'a>(form: &'a [(String, String)], name: &str) -> Vec<&'a str> {
    form.iter().filter(|(known, _)| known == name).map(|(_, value)| value.as_str()).collect()
}

/// A line of the tickets file.
fn row(id: &str, ticket: &Ticket, labels: Map<String, Value>) -> Value {
    let (subject, body) = (clean(&ticket.subject), clean(&ticket.first_customer_text()));
    let language = detect_language(&format!("{subject}\n{body}")).code;
    let mut row = Map::new();
    row.insert("id".to_owned(), id.into());
    row.insert("subject".to_owned(), subject.into());
    row.insert("body".to_owned(), body.into());
    row.extend(ticket.created_at.map(|at| ("created_at".to_owned(), at.to_string().into())));
    row.extend((language != "und").then(|| ("language".to_owned(), language.into())));
    row.extend(labels);
    Value::Object(row)
}

#[cfg(test)]
mod tests;
