//! The people of the desks. Their mistakes and habits come at fixed places, so that what they are is known and no luck.

use std::collections::HashMap;

use deskbridge_standins::{Change, seed};

use crate::days::Arrived;
use crate::harness::House;
use crate::texts::LABELS;

/// One in so many tickets is put under the wrong label, and stays there.
const SLIP: usize = 100;
/// One in so many returns is filed under billing: people there like it so.
const HABIT: usize = 5;
/// One in so many texts that speak of shipping is about something technical: the model cannot know.
const MISLEADING: usize = 10;
/// One in so many tickets is first put under another label and group, and put right later.
pub(crate) const SECOND_THOUGHT: usize = 20;

/// What the agents chose.
#[derive(Default)]
pub(crate) struct Agents {
    pub(crate) chosen: HashMap<(usize, String), Chosen>,
    others: usize,
}

/// What became of a ticket of the shadow weeks.
#[derive(Clone, Debug)]
pub(crate) struct Chosen {
    pub(crate) says: &'static str,
    pub(crate) first: &'static str,
    pub(crate) last: &'static str,
}

/// What agents settle on for the `nth` text that speaks of a label.
pub(crate) fn verdict(says: &'static str, nth: usize) -> &'static str {
    let about = if says == "shipping" && nth % MISLEADING == 3 { "technical" } else { says };
    if about == "returns" && nth % HABIT == 2 {
        return "billing";
    }
    if nth % SLIP == 50 { next(about) } else { about }
}

fn next(label: &'static str) -> &'static str {
    let at = LABELS.iter().position(|known| *known == label).unwrap();
    LABELS[(at + 1) % LABELS.len()]
}

/// Who works on a category.
fn group(category: &str) -> &'static str {
    let at = seed::CATEGORIES.iter().position(|known| *known == category).unwrap();
    seed::GROUPS[at]
}

impl Agents {
    /// Sorts a ticket by hand and solves it.
    pub(crate) fn work_on(&mut self, house: &House, ticket: &Arrived) {
        let last = verdict(ticket.says, ticket.nth);
        let first = if ticket.nth % SECOND_THOUGHT == 7 { "feedback" } else { last };
        let desk = &house.desks[ticket.desk];
        let sort = |category: &str| Change {
            category: Some(category.to_owned()),
            group: Some(group(category).to_owned()),
            ..Change::default()
        };
        if first != last {
            desk.agent_edits(&ticket.id, sort(first));
        }
        let reply = Some("It is taken care of.".to_owned());
        desk.agent_edits(&ticket.id, Change { reply, solved: true, ..sort(last) });
        let chosen = Chosen { says: ticket.says, first, last };
        self.chosen.insert((ticket.desk, ticket.id.clone()), chosen);
    }

    /// Solves a ticket as it is.
    pub(crate) fn solve(&mut self, house: &House, ticket: &Arrived) {
        self.others += 1;
        house.desks[ticket.desk].agent_edits(&ticket.id, Change { solved: true, ..Change::default() });
    }

    /// Puts a ticket under what it speaks of, and solves it.
    pub(crate) fn correct(&mut self, house: &House, ticket: &Arrived) {
        self.others += 1;
        let category = Some(ticket.says.to_owned());
        house.desks[ticket.desk]
            .agent_edits(&ticket.id, Change { category, solved: true, ..Change::default() });
    }

    /// How many tickets they have been through.
    pub(crate) fn worked_on(&self) -> usize {
        self.chosen.len() + self.others
    }
}
