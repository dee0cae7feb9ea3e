//! Explains why a delivery does not verify, from the diagnoses of all accounts. Pure.

use std::sync::Arc;

use http::HeaderMap;
use jiff::Timestamp;

use crate::account::{AccountId, Platform};
use crate::connector::Connector;
use crate::delivery::{Content, Delivery, Rejected, Verified};
use crate::diagnosis::{Cause, Finding, transport};

/// Explains the verdict on one delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explained {
    /// Tells if the account verifies it.
    pub verifies: bool,
    /// Lists the findings; never empty.
    pub findings: Vec<Finding>,
}

/// Explains what the account's `verify` says of a delivery; the other accounts are asked whether it was meant for them.
pub fn explain(
    delivery: &Delivery,
    connector: &dyn Connector,
    others: &[(AccountId, Arc<dyn Connector>)],
    now: Timestamp,
) -> Explained {
    let rejected = match connector.verify(delivery, now) {
        Ok(verified) => return Explained { verifies: true, findings: fine(&verified) },
        Err(rejected) => rejected,
    };
    let diagnosis = connector.diagnose(delivery, now);
    let mut findings = Vec::new();
    if !diagnosis.proven || rejected == Rejected::WrongAccount {
        findings.extend(others.iter().filter_map(|(id, other)| meant_for(delivery, id, other.as_ref(), now)));
    }
    // Another account that knows the delivery explains it better than the lack of this one's header does.
    if findings.is_empty() && !diagnosis.proven {
        findings.extend(foreign(connector.platform(), &delivery.headers));
    }
    // Where another account's secret fits, the body is as it was sent.
    if findings.is_empty() && diagnosis.findings.iter().any(|one| one.cause == Cause::WrongSecret) {
        findings.extend(transport::findings(delivery));
    }
    findings.extend(diagnosis.findings);
    Explained { verifies: false, findings }
}

fn fine(verified: &Verified) -> Vec<Finding> {
    let Verified::Delivery(kept) = verified else {
        let message =
            "it verifies; it is a test or about something else than a ticket, so nothing is kept of it";
        return vec![Finding::new(Cause::Verifies, message, "nothing")];
    };
    let which = kept.secret_index() + 1;
    let remedy = match which {
        1 => "nothing".to_owned(),
        _ => "while secrets are rotated this is as it should be; remove those that nobody uses any more"
            .to_owned(),
    };
    let mut findings =
        vec![Finding::new(Cause::Verifies, format!("it verifies, by secret number {which}"), remedy)];
    if let Content::Malformed(why) = kept.content() {
        let remedy = "it becomes a dead letter; correct the body that the webhook is told to send";
        findings.push(Finding::new(Cause::Unreadable, why.to_string(), remedy));
    }
    findings
}

fn meant_for(delivery: &Delivery, id: &AccountId, other: &dyn Connector, now: Timestamp) -> Option<Finding> {
    let proven = other.verify(delivery, now).is_ok() || other.diagnose(delivery, now).proven;
    proven.then(|| {
        Finding::new(
            Cause::OtherAccount,
            format!("a secret of account `{id}` makes this signature"),
            format!(
                "let this webhook post to /hooks/{id}, or move its secret to account `{}`",
                delivery.account
            ),
        )
    })
}

/// The proof of another platform, where this one's is missing altogether.
fn foreign(own: Platform, headers: &HeaderMap) -> Option<Finding> {
    let carries =
        |platform: Platform| platform.proof_headers().iter().find(|name| headers.contains_key(**name));
    if carries(own).is_some() {
        return None;
    }
    let (platform, header) = Platform::ALL.into_iter().find_map(|it| Some((it, carries(it)?)))?;
    Some(Finding::new(
        Cause::OtherPlatform,
        format!("the header {header} is what {platform} sends, and the account's platform is {own}"),
        format!("post it to the /hooks/… of an account whose platform is {platform}, or correct `platform`"),
    ))
}

#[cfg(test)]
mod tests;
