//! Deciding: how long one ticket takes through a rulebook of 500 rules, a size that no desk should reach.
//!
//! The ceiling is 200 µs: then a hundred decisions cost less than one classification.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::hint::black_box;
use std::time::Instant;

use deskbridge::domain::history::History;
use deskbridge::domain::label_modes::LabelModes;
use deskbridge::domain::mode::Mode;
use deskbridge::rulebook::{self, Facts, Rulebook};
use deskbridge_connectors::ticket::{Author, Message, Requester};
use deskbridge_connectors::{Directory, Platform, Status, Ticket, TicketId, Version};
use deskbridge_onnx::{HeadKind, Language, Prediction, Scored};
use jiff::Timestamp;

/// Microseconds one decision may take.
const CEILING: f64 = 200.0;
/// Decisions a round.
const DECISIONS: u32 = 200;
/// Rounds; the median is printed.
const ROUNDS: usize = 9;

fn main() {
    let rulebook = rules();
    measure("decide_500_rules", &rulebook, &ticket(ENGLISH));
    measure("decide_500_rules_umlauts", &rulebook, &ticket(GERMAN));
}

/// The median time of a decision on this ticket.
#[expect(clippy::print_stdout, reason = "a benchmark's result is its output")]
fn measure(name: &str, rulebook: &Rulebook, ticket: &Ticket) {
    let prediction = prediction();
    let (history, directory) = (History::default(), Directory::default());
    let [platform, ..] = Platform::ALL;
    let facts = Facts {
        account: "acme",
        platform,
        ticket,
        prediction: &prediction,
        history: &history,
        directory: &directory,
        ceiling: Mode::Live,
        now: Timestamp::constant(1_772_452_800, 0),
        segment: None,
        contacts: &[],
        public_replies: false,
        texts: None,
        gate: &LabelModes::OPEN,
    };
    let matched = rulebook::decide(rulebook, &facts).rules.len();
    assert!(
        matched > 5 && matched < 100,
        "a rulebook that nothing or all matches measures nothing: {matched}"
    );
    let mut rounds: Vec<f64> = (0..ROUNDS)
        .map(|_| {
            let begun = Instant::now();
            for _ in 0..DECISIONS {
                black_box(rulebook::decide(black_box(rulebook), black_box(&facts)));
            }
            begun.elapsed().as_secs_f64() * 1e6 / f64::from(DECISIONS)
        })
        .collect();
    rounds.sort_by(f64::total_cmp);
    let value = rounds[ROUNDS / 2];
    println!("BENCH name={name} value={value:.1} unit=us ceiling={CEILING} ratio={:.3}", value / CEILING);
}

/// 200 rules that search the text, 300 that ask for tags and scores.
fn rules() -> Rulebook {
    let mut text = "version: 1\nrules:\n".to_owned();
    for at in 0..500 {
        let when = match at % 5 {
            0 => {
                format!("{{ text: '(?i)\\b(charge-?back {at}|invoice no\\.? {at}\\d*|order #{at}\\d)\\b' }}")
            }
            1 => format!("{{ any: [{{ text: 'error [A-Z]+-?{at}' }}, {{ tag: [tag-{at}, other-{at}] }}] }}"),
            2 => format!("{{ head: category, is: label-{}, confidence: \">=0.{}\" }}", at % 7, 3 + at % 6),
            3 => format!("{{ all: [{{ category: label-{} }}, {{ tag: loyal }}] }}", at % 7),
            _ => format!("{{ any: [{{ language: de }}, {{ tag: tag-{at} }}], none: [{{ tag: loyal }}] }}"),
        };
        writeln!(text, "  - id: rule-{at}\n    when: {when}\n    then: [{{ add_tags: found-{at} }}]")
            .expect("a string takes any text");
    }
    match rulebook::load("bench.yaml", &text, None, &Platform::ALL) {
        Ok(loaded) => loaded.rulebook,
        Err(found) => panic!("{}", found[0]),
    }
}

const ENGLISH: &str = "Hello, since the update of last week the tool asks me for my password again and again. I have tried it \
    on two machines and with another browser, and the order #48213 that I was going to pay is still open. \
    Could somebody please look into it today? Thank you very much, Ines. ";

/// Beyond ASCII word edges are dear: the bar holds there too.
const GERMAN: &str = "Guten Tag, seit dem Update von letzter Woche fragt mich das Programm ständig nach meinem Passwort. Ich \
    habe es auf zwei Geräten und mit einem anderen Browser geprüft, und die Bestellung #48213, die ich bezahlen möchte, ist \
    noch geöffnet. Könnten Sie bitte heute nachsehen? Schöne Grüße, Ines Müller. ";

fn ticket(text: &str) -> Ticket {
    let text = text.repeat(4);
    Ticket {
        id: TicketId::new("1").expect("a digit"),
        version: Version("1".into()),
        subject: "Asked for my password again and again".into(),
        messages: vec![Message { author: Author::Customer, public: true, text }],
        requester: Requester { id: None, email: Some("ines@mail.example".into()) },
        status: Status::New,
        priority: None,
        priority_is_default: true,
        tags: ["loyal", "tag-5", "tag-31", "web"].map(str::to_owned).into(),
        group: None,
        assignee: None,
        fields: BTreeMap::new(),
        followers: Vec::new(),
        profile: BTreeMap::new(),
        channel: Some("web".into()),
        brand: None,
        created_at: None,
        machine: None,
    }
}

fn prediction() -> Prediction {
    let ranked: Vec<(String, f32)> =
        (0..7).map(|at| (format!("label-{at}"), if at == 0 { 0.9 } else { 0.01 })).collect();
    let scored = Scored {
        kind: HeadKind::Single,
        chosen: vec!["label-0".into()],
        threshold: ranked.iter().map(|(label, _)| (label.clone(), 0.8)).collect(),
        ranked,
    };
    Prediction {
        heads: BTreeMap::from([("category".to_owned(), scored)]),
        language: Language { code: "en".into(), confidence: 0.9 },
        model: "bench".into(),
        out_of_scope: None,
    }
}
