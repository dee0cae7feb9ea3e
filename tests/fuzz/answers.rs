//! What a platform answers, or whoever stands in its place.

use bytes::Bytes;
use deskbridge_connectors::delivery::NoticeKind;
use deskbridge_connectors::settled::{Listing, Window};
use deskbridge_connectors::{Answer, Directory, Next, Notice, Read, TicketId};
use http::{HeaderMap, HeaderValue};

use crate::deliveries::CONNECTORS;

/// Exchanges end by themselves; the driver's own bound is 64 calls.
const MOST_CALLS: usize = 64;
/// Parts the answers.
const BETWEEN: u8 = 0x1e;

/// A status and bodies. Every exchange ends, and asks for nothing but paths of the platform's own.
pub(crate) fn answers(data: &[u8]) {
    let (&first, rest) = data.split_first().unwrap_or((&0, &[]));
    let statuses = [200, 200, 200, 200, 201, 302, 400, 401, 403, 404, 409, 422, 429, 500, 503, 999];
    let mut headers = HeaderMap::new();
    headers.insert(http::header::RETRY_AFTER, HeaderValue::from(u16::from(first)));
    let answers: Vec<Answer> = rest
        .split(|byte| *byte == BETWEEN)
        .map(|body| Answer {
            status: statuses[usize::from(first) % statuses.len()],
            headers: headers.clone(),
            body: Bytes::copy_from_slice(body),
        })
        .collect();
    let ticket = TicketId::new("35436").expect("an id");
    let notice = Notice { kind: NoticeKind::Created, ticket: ticket.clone(), actor: None, occurred_at: None };
    let names = Directory::default();
    let window = |of| Window {
        of,
        since: "2026-11-01T00:00:00Z".parse().expect("a time"),
        until: "2026-11-20T00:00:00Z".parse().expect("a time"),
        cursor: None,
    };
    for connector in CONNECTORS.iter() {
        ends(&answers, |so_far| connector.look(&notice, so_far));
        ends(&answers, |so_far| connector.settled(&ticket, &names, so_far));
        ends(&answers, |so_far| connector.names(so_far));
        ends(&answers, |so_far| connector.triggers(&names, so_far));
        for of in [Listing::Resolved, Listing::Opened] {
            ends(&answers, |so_far| connector.listed(&window(of), so_far));
        }
        answers.iter().for_each(|answer| _ = connector.pace(answer));
    }
}

fn ends<T>(answers: &[Answer], step: impl Fn(&[Answer]) -> Next<T, Read>) {
    let mut so_far = Vec::new();
    while let Next::Send(read) = step(&so_far) {
        assert!(so_far.len() < MOST_CALLS, "the exchange does not end");
        assert!(
            read.path.as_str().starts_with('/') && !read.path.as_str().starts_with("//"),
            "{:?}",
            read.path
        );
        so_far.push(answers[so_far.len() % answers.len()].clone());
    }
}
