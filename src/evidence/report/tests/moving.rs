//! Before and after.

use jiff::SignedDuration;

use super::{course, hour, near};
use crate::domain::mode::Mode;
use crate::evidence::report::impact::{Impact, ImpactSums, Split};
use crate::evidence::report::observation::Course;

fn impact(courses: &[Course], split: Split) -> Impact {
    let mut sums = ImpactSums::new(split);
    courses.iter().for_each(|course| sums.add(course));
    sums.impact()
}

/// Thirty shadow tickets routed after an hour or two, thirty live ones after a few seconds, five suggested.
fn desk() -> Vec<Course> {
    let mut courses = Vec::new();
    for at in 0..30 {
        let shadow = if at % 2 == 0 { None } else { Some(Mode::Shadow) };
        let wait = 3600 + 120 * i64::try_from(at).unwrap();
        courses.push(Course {
            misrouted: Some(at < 9),
            reassignments: u32::from(at < 9),
            ..course(at, shadow, wait)
        });
        courses.push(Course { misrouted: Some(at < 1), ..course(100 + at, Some(Mode::Live), 2 + at as i64) });
    }
    courses.extend((0..5).map(|at| course(200 + at, Some(Mode::Suggest), 1)));
    courses
}

#[test]
fn before_and_after_are_told_apart_and_measured() {
    let found = impact(&desk(), Split::Mode);
    assert_eq!((found.tickets.before, found.tickets.after, found.suggested), (30, 30, 5));
    near(found.routing_seconds.before.median.unwrap(), 3600.0 + 120.0 * 14.5, 1e-9);
    near(found.routing_seconds.after.median.unwrap(), 16.5, 1e-9);
    let difference = found.routing_seconds.difference.unwrap();
    assert!(difference.value < 0.0 && difference.is_clear());
    near(found.misrouted.before.share.unwrap(), 0.3, 1e-12);
    near(found.misrouted.after.share.unwrap(), 1.0 / 30.0, 1e-12);
    assert!(found.misrouted.difference.unwrap().is_clear());
    near(found.reassignments.before.unwrap(), 0.3, 1e-12);
    assert_eq!(found.first_response_seconds.before.n, 0, "nobody answered: no wait, not a wait of 0");
    assert_eq!(found.first_response_seconds.before.median, None);
}

#[test]
fn a_few_tickets_give_a_count_and_no_figure() {
    let few: Vec<_> = desk().into_iter().take(20).collect();
    let found = impact(&few, Split::Mode);
    assert_eq!(found.routing_seconds.after.n, 10);
    assert_eq!((found.routing_seconds.after.median, found.misrouted.after.share), (None, None));
    assert_eq!(found.routing_seconds.difference, None);
    assert_eq!(impact(&[], Split::Mode).tickets.before, 0);
}

#[test]
fn a_date_splits_by_opening_and_odd_clocks_are_left_out() {
    let mut courses = desk();
    courses[0].routed_at = courses[0].created_at.map(|at| at - SignedDuration::from_secs(5));
    courses[1].created_at = None;
    let found = impact(&courses, Split::Opened(hour(50)));
    assert_eq!((found.tickets.before, found.tickets.after), (30, 34));
    assert_eq!(found.routing_seconds.before.n, 29);
    assert_eq!(found.suggested, 0);
}
