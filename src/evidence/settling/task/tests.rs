use std::collections::{BTreeMap, BTreeSet};

use deskbridge_connectors::settled::{By, Change, Part};
use deskbridge_connectors::{RemoteId, Status, Ticket, TicketId, Version};

use super::*;

const HOUR: Duration = Duration::from_secs(3600);
const AFTER: Duration = Duration::from_secs(72 * 3600);

fn at(hours: i64) -> Timestamp {
    Timestamp::from_second(1_772_000_000 + 3600 * hours).unwrap()
}

fn found(closed: Option<i64>, changed: &[i64]) -> Settled {
    let change = |hours: &i64| Change {
        at: at(*hours),
        by: By::Person(RemoteId("9".into())),
        part: Part::Priority,
        value: None,
    };
    Settled {
        ticket: Ticket {
            id: TicketId::new("1").unwrap(),
            version: Version("v".into()),
            subject: String::new(),
            messages: Vec::new(),
            requester: Default::default(),
            status: Status::Open,
            priority: None,
            priority_is_default: false,
            tags: BTreeSet::new(),
            group: None,
            assignee: None,
            fields: BTreeMap::new(),
            profile: BTreeMap::new(),
            followers: Vec::new(),
            channel: None,
            brand: None,
            created_at: None,
            machine: None,
        },
        closed_at: closed.map(at),
        first_reply_at: None,
        touched_at: None,
        changes: changed.iter().map(change).collect(),
        told: BTreeSet::new(),
    }
}

#[test]
fn a_ticket_settles_when_it_is_solved_or_left_alone_for_long_enough() {
    let verdict = |found: &Settled, now| judge(found, at(0), None, AFTER, at(now));
    assert_eq!(verdict(&found(Some(1), &[]), 2), Verdict::Settled);
    assert_eq!(verdict(&found(None, &[]), 72), Verdict::Settled);
    assert_eq!(verdict(&found(None, &[70]), 72), Verdict::Later(at(142)), "touched two hours ago");
    assert_eq!(verdict(&found(None, &[70]), 142), Verdict::Settled);
    let read = Settled { touched_at: Some(at(100)), ..found(None, &[]) };
    assert_eq!(verdict(&read, 110), Verdict::Later(at(172)), "where the platform tells no changes");
}

#[test]
fn looks_come_at_doubling_distances_and_never_after_the_end() {
    let verdict = |now| judge(&found(None, &[]), at(0), None, AFTER, at(now));
    assert_eq!(verdict(0), Verdict::Later(at(1)));
    assert_eq!(verdict(1), Verdict::Later(at(2)));
    assert_eq!(verdict(4), Verdict::Later(at(8)));
    assert_eq!(verdict(40), Verdict::Later(at(72)));
}

#[test]
fn people_get_the_whole_time_to_object_to_what_we_wrote() {
    let verdict = |now| judge(&found(Some(2), &[]), at(0), Some(at(1)), AFTER, at(now));
    assert_eq!(verdict(3), Verdict::Later(at(73)));
    assert_eq!(verdict(73), Verdict::Settled);
    assert_eq!(later(at(1), HOUR), at(2));
}
