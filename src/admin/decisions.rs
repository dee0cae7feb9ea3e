//! `/api/decisions?since=&account=&limit=&before=`: the ledger as a JSON array, oldest first.
//!
//! Each element is a line of `deskbridge decisions --json`. Without a limit the newest hundred are shown. Where there are older ones,
//! the header `Link` has the address of the next page.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tracing::warn;

use super::address::{escaped, moment};
use super::{Admin, promptly, stream};
use crate::domain::outcome::Entry;
use crate::store::{Error, Filter, Pages};

const USUAL: u32 = 100;
const MOST: u32 = 1000;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    since: Option<String>,
    account: Option<String>,
    limit: Option<u32>,
    before: Option<i64>,
}

#[derive(Serialize)]
struct Line<'a> {
    id: i64,
    #[serde(flatten)]
    entry: &'a Entry,
}

impl Asked {
    /// The address of the page that ends before an entry.
    fn address(&self, before: i64) -> String {
        let mut address = format!("/api/decisions?before={before}");
        let limit = self.limit.map(|limit| limit.to_string());
        for (name, value) in [("since", &self.since), ("account", &self.account), ("limit", &limit)] {
            if let Some(value) = value {
                address.push_str(&format!("&{name}={}", escaped(value)));
            }
        }
        address
    }
}

pub(super) async fn list(
    State(admin): State<Admin>,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Response {
    let Ok(Query(asked)) = asked else {
        return refuse("`since`, `account`, `limit` and `before` (numbers) are understood, each once");
    };
    let since = match asked.since.as_deref().map(moment) {
        Some(None) => return refuse("`since` is a date or a time: 2026-11-20 or 2026-11-20T08:00:00Z"),
        Some(since) => since,
        None => None,
    };
    let limit = Some(asked.limit.unwrap_or(USUAL).min(MOST));
    let (account, before) = (asked.account.clone(), asked.before);
    let filter = Filter { since, account, before, limit, ..Filter::default() };
    match answer(&admin, &asked, filter).await {
        Ok(answer) => answer,
        Err(error) => {
            warn!(%error, "the ledger cannot be read");
            let answer = Json(json!({ "error": "the ledger cannot be read at the moment" }));
            (StatusCode::SERVICE_UNAVAILABLE, answer).into_response()
        }
    }
}

/// The first page is read before the answer begins, so that a store that cannot be read is told by the status.
async fn answer(admin: &Admin, asked: &Asked, filter: Filter) -> Result<Response, Error> {
    let store = Arc::clone(&admin.store);
    let mut pages = Pages::new(store, &filter);
    let first = promptly(pages.next()).await?;
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Some((oldest, _)) = first.iter().flatten().next() {
        let older = Filter { before: Some(*oldest), limit: Some(1), ..filter };
        if !promptly(admin.store.decisions(&older)).await?.is_empty() {
            let link = format!("<{}>; rel=\"next\"", asked.address(*oldest));
            headers.extend(HeaderValue::try_from(link).ok().map(|link| (header::LINK, link)));
        }
    }
    let body = stream::body(|chunks| async move {
        let (mut page, mut separator) = (first, "[");
        while let Some(entries) = page {
            let mut text = String::new();
            for (id, mut entry) in entries {
                // What `replay` needs is half of an entry, and nobody reads it here.
                entry.snapshot = None;
                let line = serde_json::to_string(&Line { id, entry: &entry });
                text.push_str(std::mem::replace(&mut separator, ","));
                text.push_str(&line.map_err(|error| Error::Unavailable(Box::new(error)))?);
            }
            if !chunks.send(text).await {
                return Ok(());
            }
            page = pages.next().await?;
        }
        let end = if separator == "[" { "[]" } else { "]" };
        chunks.send(end.to_owned()).await;
        Ok(())
    });
    Ok((headers, body).into_response())
}

fn refuse(why: &str) -> Response {
    (StatusCode::BAD_REQUEST, Json(json!({ "error": why }))).into_response()
}
