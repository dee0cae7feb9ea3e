//! The account's two limits: one on requests, which every answer tells, and one on ticket updates,
//! which none need tell.

use std::time::Duration;

use crate::call::{Allowance, Answer, Pace};

/// *Update Ticket*, for the whole account, edits in the agent interface included. 300 with the High Volume add-on.
/// <https://support.zendesk.com/hc/en-us/articles/8638126078234>
pub(super) const UPDATES: Allowance = Allowance { calls: 100, window: Duration::from_secs(60) };

/// The words before the name of an endpoint that has a limit of its own.
const ENDPOINT: &str = "zendesk-ratelimit-";

/// Reads the headers that count requests.
/// <https://developer.zendesk.com/api-reference/introduction/rate-limits/>
pub(super) fn of_requests(answer: &Answer) -> Option<Pace> {
    let number = |name: &str| -> Option<u32> { answer.headers.get(name)?.to_str().ok()?.trim().parse().ok() };
    Some(Pace {
        limit: number("ratelimit-limit").or_else(|| number("x-rate-limit"))?,
        remaining: number("ratelimit-remaining").or_else(|| number("x-rate-limit-remaining"))?,
        reset: number("ratelimit-reset").map(|seconds| Duration::from_secs(seconds.into())),
    })
}

/// Reads the header of an endpoint's own limit in the answer to an update, `total=100;
/// remaining=99; resets=41`. The vendor documents its form for lists of tickets; an update's answer
/// may have none.
/// <https://developer.zendesk.com/documentation/api-basics/best-practices/best-practices-for-avoiding-rate-limiting>
pub(super) fn of_updates(answer: &Answer) -> Option<Pace> {
    let (_, value) = answer.headers.iter().find(|(name, _)| name.as_str().starts_with(ENDPOINT))?;
    let text = value.to_str().ok()?;
    let number = |key: &str| -> Option<u32> {
        let pairs = text.split(';').filter_map(|part| part.split_once('='));
        pairs.map(|(name, value)| (name.trim(), value.trim())).find(|(name, _)| *name == key)?.1.parse().ok()
    };
    Some(Pace {
        limit: number("total").filter(|total| *total > 0)?,
        remaining: number("remaining")?,
        reset: number("resets").map(|seconds| Duration::from_secs(seconds.into())),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::answer;

    #[test]
    fn an_endpoints_own_limit_is_read() {
        let told = |text: &str| {
            let mut answer = answer(200, &serde_json::Value::Null);
            answer.headers.insert("zendesk-ratelimit-tickets-update", text.parse().unwrap());
            of_updates(&answer)
        };
        let reset = Some(Duration::from_secs(41));
        assert_eq!(
            told("total=100; remaining=99; resets=41"),
            Some(Pace { limit: 100, remaining: 99, reset })
        );
        assert_eq!(
            told("remaining=0;total=300"),
            Some(Pace { limit: 300, remaining: 0, reset: None }),
            "in any order"
        );
        for none in ["", "100", "total=0; remaining=0", "total=many; remaining=1"] {
            assert_eq!(told(none), None, "{none}");
        }
        assert_eq!(of_updates(&answer(200, &serde_json::Value::Null)), None);
    }
}
