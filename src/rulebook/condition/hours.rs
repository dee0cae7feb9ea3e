//! Business hours: whether a desk is open at a moment, in its own time zone.
//!
//! Zones come from the program itself and not from the machine, so that a rulebook means the same everywhere.

use jiff::Timestamp;
use jiff::civil::{Date, Weekday};
use jiff::tz::{TimeZone, TimeZoneDatabase};

/// When a desk is open.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::rulebook) struct Hours {
    pub(super) zone_name: String,
    zone: TimeZone,
    pub(super) open: Vec<Window>,
    holidays: Vec<Date>,
    /// Whether the condition asks for open or for closed.
    pub(super) is_open: bool,
}

/// Hours that some days of the week share. Minutes since midnight; the end is not part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Window {
    pub(super) text: String,
    /// From Monday.
    days: [bool; 7],
    from: u16,
    to: u16,
}

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

impl Window {
    /// Reads `Mon-Fri 09:00-17:30`, also with several days or ranges, `Mon,Wed-Fri`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (days_text, hours) = text.trim().split_once(' ')?;
        let (from, to) = hours.trim().split_once('-')?;
        let (from, to) = (minutes(from)?, minutes(to)?);
        if from >= to {
            return None;
        }
        let mut days = [false; 7];
        for part in days_text.split(',') {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let (first, last) = (day(first)?, day(last)?);
            let length = (last + 7 - first) % 7;
            (0..=length).for_each(|step| days[(first + step) % 7] = true);
        }
        Some(Self { text: text.trim().to_owned(), days, from, to })
    }

    fn holds(&self, weekday: Weekday, minute: u16) -> bool {
        let day = usize::try_from(weekday.to_monday_zero_offset()).unwrap_or(0);
        self.days.get(day).copied().unwrap_or(false) && (self.from..self.to).contains(&minute)
    }
}

fn day(word: &str) -> Option<usize> {
    DAYS.iter().position(|day| day.eq_ignore_ascii_case(word.trim()))
}

/// `09:00` as minutes since midnight, up to `24:00`.
fn minutes(text: &str) -> Option<u16> {
    let (hour, minute) = text.trim().split_once(':')?;
    let (hour, minute): (u16, u16) = (hour.parse().ok()?, minute.parse().ok()?);
    let all = hour.checked_mul(60)?.checked_add(minute)?;
    (minute < 60 && all <= 24 * 60).then_some(all)
}

/// A time zone by its IANA name.
pub(super) fn zone(name: &str) -> Option<TimeZone> {
    TimeZoneDatabase::bundled().get(name.trim()).ok()
}

impl Hours {
    pub(super) fn new(
        name: &str,
        zone: TimeZone,
        open: Vec<Window>,
        holidays: Vec<Date>,
        is_open: bool,
    ) -> Self {
        Self { zone_name: name.trim().to_owned(), zone, open, holidays, is_open }
    }

    pub(super) fn holds(&self, now: Timestamp) -> bool {
        self.is_open_at(now) == self.is_open
    }

    pub(super) fn is_open_at(&self, now: Timestamp) -> bool {
        let local = now.to_zoned(self.zone.clone());
        let minute = u16::try_from(i32::from(local.hour()) * 60 + i32::from(local.minute())).unwrap_or(0);
        !self.holidays.contains(&local.date())
            && self.open.iter().any(|window| window.holds(local.weekday(), minute))
    }

    /// The moment as the desk's clock shows it.
    pub(super) fn seen(&self, now: Timestamp) -> String {
        let local = now.to_zoned(self.zone.clone());
        let state = if self.is_open_at(now) { "open" } else { "closed" };
        format!("{} in {}: {state}", local.strftime("%a %Y-%m-%d %H:%M"), self.zone_name)
    }
}
