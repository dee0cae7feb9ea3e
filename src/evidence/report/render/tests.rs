use super::csv::line;
use super::words::{percent, percent_ci, seconds, standing};
use crate::evidence::report::readiness::{Bar, judge};

#[test]
fn a_csv_field_is_quoted_and_runs_nothing() {
    assert_eq!(
        line(&["plain", "a, b", "say \"hi\"", "two\nlines"]),
        "plain,\"a, b\",\"say \"\"hi\"\"\",\"two\nlines\"\r\n"
    );
    assert_eq!(line(&["=1+1", "@cmd", "-2.5", "+x", "-x, y"]), "'=1+1,'@cmd,-2.5,'+x,\"'-x, y\"\r\n");
}

#[test]
fn percents_near_the_ends_keep_a_decimal() {
    for (share, said) in [(1.0, "100 %"), (0.996, "99.6 %"), (0.5, "50 %"), (0.004, "0.4 %"), (0.0, "0 %")] {
        assert_eq!(percent(Some(share)), said);
    }
    assert_eq!(percent(None), "–");
    assert_eq!(percent_ci(Some(0.97), Some([0.943, 0.998])), "97 % (94 to 99.8)");
}

#[test]
fn waits_are_said_in_their_two_largest_units() {
    for (wait, said) in [
        (4.4, "4 s"),
        (125.0, "2 min 5 s"),
        (1800.0, "30 min"),
        (5400.0, "1 h 30 min"),
        (93_600.0, "1 d 2 h"),
    ] {
        assert_eq!(seconds(wait), said);
    }
}

#[test]
fn a_standing_says_what_is_missing() {
    let bar = Bar::default();
    for (right, n, said) in [
        (93, 93, "ready"),
        (92, 92, "not yet: about 1 more ticket"),
        (0, 0, "not yet: nothing measured"),
        (95, 100, "not yet: 95 % is not above 96 %; more tickets alone will not do"),
        (40, 60, "never at 96 %"),
    ] {
        assert_eq!(standing(&judge(right, n, &bar)), said);
    }
    assert!(
        standing(&judge(964, 1000, &bar))
            .starts_with("not yet: too close to 96 % to be told with fewer than ")
    );
}
