//! An agent changes a ticket while deskbridge works on it, at every moment there is: their choice stands.
//!
//! The stand-ins see each call, so that the agent's hand comes in at one of them: before its work, or between the work and its
//! answer. Which call, which change and on which ticket is drawn by a seed; `DESKBRIDGE_SEED` and `DESKBRIDGE_RACES` say otherwise
//! than the usual (`make soak` does).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use deskbridge_standins::log::{FaultKind, Logged, Strike};
use deskbridge_standins::{Change, Desk, Fault, NewTicket, TicketState};

use crate::harness::{House, ONE_OF_EVERYTHING, asked, billing_ticket};

/// Interleavings a platform where nothing else is said.
const RACES: u64 = 350;
/// No ticket of these takes more calls.
const MOST_CALLS: u32 = 9;

/// What the agent wants, and whether a ticket has it.
#[derive(Clone, Copy, Debug)]
enum Wish {
    Group,
    Priority,
    Category,
    Tag,
}

impl Wish {
    fn change(self) -> Change {
        match self {
            Self::Group => Change { group: Some("Technical Support".into()), ..Change::default() },
            Self::Priority => Change { priority: Some("urgent".into()), ..Change::default() },
            Self::Category => Change { category: Some("shipping".into()), ..Change::default() },
            Self::Tag => Change { tag: Some("by-hand".into()), ..Change::default() },
        }
    }

    fn granted(self, ticket: &TicketState) -> bool {
        match self {
            Self::Group => ticket.group.as_deref() == Some("Technical Support"),
            Self::Priority => ticket.priority.as_deref() == Some("urgent"),
            Self::Category => ticket.fields.values().any(|value| value.eq_ignore_ascii_case("shipping")),
            Self::Tag => ticket.tags.contains("by-hand"),
        }
    }

    /// Whether a write sets what the agent wished to set. On Freshdesk tags are written as a whole; the others add theirs.
    fn is_in(self, write: &Logged) -> bool {
        let body = write.body.to_string();
        match self {
            Self::Group => body.contains("group_id") || body.contains(r#""type":"team""#),
            Self::Priority => body.contains("priority") || body.contains("Priority"),
            Self::Category => body.to_lowercase().contains("billing"),
            Self::Tag => write.method == "PUT" && body.contains(r#""tags":["#),
        }
    }
}

/// One race: at the how-manieth call the agent's hand comes in, and what it changes.
#[derive(Clone, Copy, Debug)]
struct Race {
    call: u32,
    before: bool,
    wish: Wish,
}

impl Race {
    /// Whether the agent's hand came in after the last answer that could have shown it and before the write that sets the same: the
    /// milliseconds that a platform without a guarded write leaves open.
    fn falls_into_the_gap(self, calls: &[Logged]) -> bool {
        let write = calls.iter().position(|call| call.is_write() && self.wish.is_in(call));
        let Some(write) = write.and_then(|at| u32::try_from(at).ok()) else { return false };
        if self.before { self.call == write } else { self.call + 1 == write }
    }
}

/// How a desk's races went.
#[derive(Debug, Default)]
struct Score {
    struck: u64,
    /// Lost where the platform leaves a gap.
    in_the_gap: u64,
    overwritten: Vec<String>,
    doubled: Vec<String>,
}

async fn run(house: &House, desk: &Arc<dyn Desk>, races: u64, seed: u64) -> Score {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut score = Score::default();
    let mut next: u64 = desk.open_quietly(billing_ticket()).parse().unwrap();
    for _ in 0..races {
        next += 1;
        let race = Race {
            call: random.u32(..MOST_CALLS),
            before: random.bool(),
            wish: *random
                .choice(&[Wish::Group, Wish::Priority, Wish::Category, Wish::Tag])
                .unwrap_or(&Wish::Group),
        };
        let ticket = next.to_string();
        let struck = arm(desk, &ticket, race);
        assert_eq!(desk.open(billing_ticket()).await, ticket, "{}", desk.platform());
        let begun = std::time::Instant::now();
        while house.decided(desk.as_ref(), &ticket).await.is_empty() {
            assert!(begun.elapsed() < Duration::from_secs(30), "{}/{ticket}: {race:?}", desk.platform());
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        desk.clear_faults();
        let state = desk.ticket(&ticket).unwrap();
        if state.notes.len() != 1 {
            score.doubled.push(format!("{race:?}: {:?}", state.notes));
        }
        if struck.load(Ordering::SeqCst) {
            score.struck += 1;
            if !race.wish.granted(&state) {
                let calls: Vec<Logged> =
                    desk.requests().into_iter().filter(|call| call.path.contains(&ticket)).collect();
                match race.falls_into_the_gap(&calls) {
                    true => score.in_the_gap += 1,
                    false => score.overwritten.push(format!("{race:?}: {calls:#?}")),
                }
            }
        }
    }
    score
}

/// Makes the agent's hand come in at its call.
fn arm(desk: &Arc<dyn Desk>, ticket: &str, race: Race) -> Arc<AtomicBool> {
    let struck = Arc::new(AtomicBool::new(false));
    let (by, id, told) = (Arc::clone(desk), ticket.to_owned(), Arc::clone(&struck));
    let hand = Strike(Arc::new(move || {
        by.agent_edits(&id, race.wish.change());
        told.store(true, Ordering::SeqCst);
    }));
    let fault = |what, times| Fault {
        method: None,
        path_contains: ticket.to_owned(),
        kind: FaultKind::Strike { before: race.before, what },
        times,
    };
    if race.call > 0 {
        desk.inject(fault(Strike(Arc::new(|| ())), race.call));
    }
    desk.inject(fault(hand, 1));
    struck
}

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::print_stdout, reason = "a soak says what it did")]
async fn an_agents_choice_stands_whenever_it_is_made() {
    let (seed, races) = (asked("DESKBRIDGE_SEED", 7), asked("DESKBRIDGE_RACES", RACES));
    let mut house = House::start("live", ONE_OF_EVERYTHING).await;
    house.desks.iter().for_each(|desk| desk.raise_limit());
    let scores = {
        let house = &house;
        let mut running = Vec::new();
        for desk in &house.desks {
            running.push(run(house, desk, races, seed));
        }
        let mut running = running.into_iter();
        let (a, b, c) = (running.next().unwrap(), running.next().unwrap(), running.next().unwrap());
        let (a, b, c) = tokio::join!(a, b, c);
        [a, b, c]
    };
    for (desk, score) in house.desks.iter().zip(scores) {
        let name = desk.platform();
        println!("{name}: {} struck, {} in the platform's gap", score.struck, score.in_the_gap);
        assert!(score.struck * 4 > races, "{name}: only {} of {races} were struck", score.struck);
        assert!(score.overwritten.is_empty(), "{name}, seed {seed}: {}", score.overwritten.join("\n"));
        // A guarded write leaves no gap.
        assert!(name != "zendesk" || score.in_the_gap == 0, "{name}, seed {seed}: {}", score.in_the_gap);
        assert!(score.doubled.is_empty(), "{}: {:#?}", desk.platform(), score.doubled);
    }
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_choice_within_the_second_of_the_stamp_stands_too() {
    let mut house = House::start("live", ONE_OF_EVERYTHING).await;
    for desk in house.desks.iter().filter(|desk| desk.platform() != "zendesk") {
        for wish in [Wish::Group, Wish::Priority, Wish::Category] {
            let touched = Some(Change { same_second: true, ..wish.change() });
            let ticket = desk.open(NewTicket { touched, ..billing_ticket() }).await;
            house.settle().await;
            let (name, state) = (desk.platform(), desk.ticket(&ticket).unwrap());
            assert!(wish.granted(&state), "{name}: {wish:?} was overwritten: {state:?}");
            assert!(state.tags.contains("routed"), "{name}: {wish:?}");
        }
    }
    house.stop().await;
}
