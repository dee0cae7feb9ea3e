use deskbridge_connectors::{Answer, Pace};
use http::HeaderMap;

use super::super::check::State;
use super::*;

const NOW: &str = "2026-11-20T10:00:30Z";

fn contact(status: u16, headers: &[(&'static str, &str)]) -> Contact {
    let headers: HeaderMap =
        headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
    let answer = Answer { status, headers, body: "{}".into() };
    Contact { answer, took: Duration::from_millis(200), pace: None }
}

fn row(found: &Contact, check: &str) -> (State, String) {
    let tolerance = Some(Duration::from_mins(5));
    let (rows, _) = judge(About("a"), tolerance, "https://desk.example", found, NOW.parse().unwrap());
    let one = rows.into_iter().find(|row| row.check == check).unwrap();
    assert_eq!(one.remedy.is_none(), one.state == State::Fine, "{one:?}");
    (one.state, format!("{} {}", one.seen, one.remedy.unwrap_or_default()))
}

#[test]
fn a_clock_is_judged_by_the_tolerance_and_the_round_trip_is_taken_off() {
    for (date, state) in [
        ("Fri, 20 Nov 2026 10:00:30 GMT", State::Fine),
        ("Fri, 20 Nov 2026 09:59:59 GMT", State::Fine),
        ("Fri, 20 Nov 2026 09:59:50 GMT", State::Warning),
        ("Fri, 20 Nov 2026 10:01:30 GMT", State::Warning),
        ("Fri, 20 Nov 2026 09:55:00 GMT", State::Wrong),
        ("Fri, 20 Nov 2026 10:06:00 GMT", State::Wrong),
    ] {
        assert_eq!(row(&contact(200, &[("date", date)]), "clock").0, state, "{date}");
    }
    let (_, behind) = row(&contact(200, &[("date", "Fri, 20 Nov 2026 10:06:00 GMT")]), "clock");
    assert!(behind.contains("behind"), "{behind}");
    // A slow answer may have been stamped at any moment of it.
    let mut slow = contact(200, &[("date", "Fri, 20 Nov 2026 09:59:50 GMT")]);
    slow.took = Duration::from_secs(30);
    assert_eq!(row(&slow, "clock").0, State::Fine);
}

#[test]
fn pages_and_redirects_are_no_platform_and_say_no_more_than_a_host() {
    let page = contact(200, &[("content-type", "text/html; charset=utf-8")]);
    assert!(row(&page, "reachable").1.contains("HTML page"));
    let moved = contact(302, &[("location", "https://user:hush@new.example/login?session=hush")]);
    let (state, text) = row(&moved, "reachable");
    assert!(state == State::Wrong && text.contains("set base_url to https://new.example;"), "{text}");
    assert!(!text.contains("hush"), "{text}");
    let (state, text) = row(&contact(302, &[("location", "/login")]), "reachable");
    assert!(state == State::Wrong && text.contains("login page"), "{text}");
    assert_eq!(row(&contact(503, &[]), "reachable").0, State::Warning);
    // Who is not known is told by the credentials, and the way there is fine.
    assert_eq!(row(&contact(401, &[]), "reachable").0, State::Fine);
}

#[test]
fn a_budget_that_is_nearly_spent_is_a_warning() {
    for (remaining, state) in [(700, State::Fine), (69, State::Warning), (0, State::Warning)] {
        let pace = Some(Pace { limit: 700, remaining, reset: None });
        assert_eq!(row(&Contact { pace, ..contact(200, &[]) }, "rate limit").0, state);
    }
}
