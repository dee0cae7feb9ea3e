//! The conditions about the ticket, its requester and the moment, and the actions beyond the simple ones.

use deskbridge_connectors::ticket::{Author, Message};

use super::*;
use crate::domain::decision::Planned;
use crate::domain::outcome::{EffectOutcome, EffectRecord};

/// Premium, by chat, brand 7, open, high, in Billing, category sales; wrote thrice in nine days; Wednesday 16:00 in Berlin.
fn case() -> Case {
    let message = |author, public, text: &str| Message { author, public, text: text.to_owned() };
    Case {
        ticket: Ticket {
            subject: "Charged twice".to_owned(),
            messages: vec![
                message(Author::Customer, true, "I will call my LAWYER"),
                message(Author::Agent, true, "please do not sue"),
                message(Author::Agent, false, "chargeback likely"),
            ],
            requester: Requester { id: None, email: Some("ines@customer.example".to_owned()) },
            status: Status::Open,
            priority: Some(Priority::High),
            group: Some(id("1")),
            fields: BTreeMap::from([
                (id("77"), FieldValue::Text("sales".to_owned())),
                (id("cf_size"), FieldValue::Many(vec!["l".to_owned(), "xl".to_owned()])),
            ]),
            channel: Some("chat".to_owned()),
            brand: Some(id("7")),
            created_at: Some(at("2026-03-04T12:00:00Z")),
            ..ticket()
        },
        contacts: vec![at("2026-03-01T00:00:00Z"), at("2026-02-24T00:00:00Z")],
        ..Case::default()
    }
}

fn matched(case: &Case, condition: &str) -> (bool, Explanation) {
    let rules = format!("rules:\n  - {{ id: a, when: {condition}, then: [{{ add_tags: x }}] }}\n");
    let explanation = case.explained(&compiled(&rules));
    (explanation.rules[0].matched, explanation)
}

#[test]
fn conditions_about_ticket_and_moment() {
    for (condition, expected) in [
        ("{ segment: premium }", true),
        ("{ segment: [enterprise, Premium] }", true),
        ("{ segment: standard }", false),
        ("{ channel: Chat }", true),
        ("{ channel: email }", false),
        ("{ brand: '7' }", true),
        ("{ brand: outlet }", true),
        ("{ brand: [Main, Outlet] }", true),
        ("{ brand: Main }", false),
        ("{ brand: 8 }", false),
        ("{ status: [new, open] }", true),
        ("{ status: solved }", false),
        ("{ priority: high }", true),
        ("{ priority: [low, urgent] }", false),
        ("{ group: billing }", true),
        ("{ group: [sales] }", false),
        ("{ field: { Category: sales } }", true),
        ("{ field: { Category: [billing, Sales] } }", true),
        ("{ field: { '77': billing } }", false),
        ("{ field: { Category: { is_not: billing } } }", true),
        ("{ field: { Category: { is_not: sales } } }", false),
        ("{ field: { Category: { exists: true } } }", true),
        ("{ field: { order: { exists: false } } }", true),
        ("{ field: { order: { is_not: x } } }", false),
        ("{ field: { cf_size: XL } }", true),
        ("{ field: { Category: sales, cf_size: s } }", false),
        ("{ requester: { email: INES@customer.example } }", true),
        ("{ requester: { domain: '@customer.example' } }", true),
        ("{ requester: { email: ada@customer.example, domain: other.example } }", false),
        ("{ requester: { domain: example } }", false),
        ("{ text: '(?i)lawyer' }", true),
        ("{ text: lawyer }", false),
        ("{ text: '(?i)lawyer', in: subject }", false),
        ("{ text: twice, in: subject }", true),
        ("{ text: [nothing, twice], in: any }", true),
        ("{ text: 'twice', in: body }", false),
        // Only what the customer wrote and can see.
        ("{ text: 'sue|chargeback' }", false),
        ("{ repeat_contacts: '>=3', within: 9d }", true),
        ("{ repeat_contacts: '>=3', within: 7d }", false),
        ("{ repeat_contacts: '<2', within: 1d }", true),
        ("{ age: '>2h' }", true),
        ("{ age: '<=180m' }", true),
        ("{ age: 1d }", false),
        ("{ hours: { zone: Europe/Berlin, open: 'Mon-Fri 09:00-17:00' } }", true),
        ("{ hours: { zone: Europe/Berlin, open: 'Mon-Fri 09:00-16:00' } }", false),
        ("{ hours: { zone: Asia/Tokyo, open: 'Thu 00:00-00:01', is: open } }", true),
        ("{ hours: { zone: UTC, open: ['Sat-Tue 00:00-24:00', 'Thu,Fri 09:00-17:00'], is: closed } }", true),
        ("{ hours: { zone: UTC, open: 'Mon-Sun 00:00-24:00', holidays: [2026-03-04], is: closed } }", true),
    ] {
        let (held, explanation) = matched(&case(), condition);
        assert_eq!(held, expected, "{condition}\n{explanation}");
    }
}

#[test]
fn words_end_where_they_end_in_any_language() {
    for (text, pattern, expected) in [
        ("die Straße ist weiß", r"\bstraße\b", false),
        ("die Straße ist weiß", r"(?i)\bstraße\b", true),
        ("die Straßen sind weiß", r"\bStraße\b", false),
        ("größe und weiß", r"\\b|weiß$", true),
        ("straße", r"\b{start}straße\b{end}", true),
    ] {
        let case = Case { ticket: Ticket { subject: text.to_owned(), ..ticket() }, ..Case::default() };
        assert_eq!(matched(&case, &format!("{{ text: '{pattern}' }}")).0, expected, "{text} {pattern}");
    }
}

#[test]
fn the_clocks_that_change_are_followed() {
    let open = |now: &str| {
        let case = Case { now: at(now), ..case() };
        matched(&case, "{ hours: { zone: Europe/Berlin, open: 'Mon-Sun 09:00-17:00' } }").0
    };
    assert!(!open("2026-03-28T07:30:00Z"), "08:30 in winter");
    assert!(open("2026-03-29T07:30:00Z"), "09:30 in summer");
    assert!(!open("2026-03-29T15:00:00Z"), "17:00 is closed");
}

#[test]
fn nothing_known_matches_nothing() {
    let bare = Case { segment: None, ticket: ticket(), ..Case::default() };
    for condition in [
        "{ segment: premium }",
        "{ channel: chat }",
        "{ brand: '7' }",
        "{ priority: low }",
        "{ group: billing }",
        "{ field: { Category: x } }",
        "{ requester: { domain: x } }",
        "{ age: '<1d' }",
        "{ repeat_contacts: 2, within: 7d }",
    ] {
        assert!(!matched(&bare, condition).0, "{condition}");
    }
}

#[test]
fn an_explanation_shows_what_was_seen_and_no_ticket_text() {
    let condition = "{ any: [{ text: '(?i)lawyer' }, { text: never }, { requester: { email: x@y.example } }, { field: { \
                     Category: billing } }, { repeat_contacts: '>=2', within: 7d }, { age: '>2h' }, { segment: x }, { hours: \
                     { zone: Europe/Berlin, open: Mon-Fri 09:00-12:00 } }, { head: category, is: billing, margin: '>=0.1' }] }";
    let (_, explanation) = matched(&case(), condition);
    assert_eq!(
        explanation.to_string(),
        "a: matches
  ✓ any
    ✓ text has /(?i)lawyer/ — in the body
    ✗ text has /never/ — not found
    ✗ requester is x@y.example — an address at customer.example
    ✗ field Category is billing — set to something else
    ✓ contacts >=2 within 7d — 2 in 7d
    ✓ age >2h — opened 180 min ago
    ✗ segment is x — premium
    ✗ open by Mon-Fri 09:00-12:00 Europe/Berlin — Wed 2026-03-04 16:00 in Europe/Berlin: closed
    ✓ category is billing margin >=0.1 — billing 0.97, sales 0.02 (chose billing)
  → add_tags [\"x\"]
"
        .replace("billing margin", "billing with margin")
    );
}

#[test]
fn margins_and_several_labels() {
    let mut several = head(&[("billing", 0.9), ("sales", 0.85), ("account", 0.4)]);
    several.kind = HeadKind::Multi;
    several.chosen = vec!["billing".to_owned(), "sales".to_owned()];
    let mut case = case();
    case.prediction.heads.insert("category".to_owned(), several);
    for (condition, expected) in [
        ("{ head: category, all_of: [billing, sales] }", true),
        ("{ head: category, all_of: [billing, account] }", false),
        ("{ head: category, all_of: [billing, account], confidence: '>=0.3' }", true),
        ("{ head: category, is: [account, sales], confidence: '>=0.6' }", true),
        ("{ head: priority, is: urgent, margin: '>=0.2' }", false),
        ("{ head: priority, is: urgent, margin: '<0.5' }", true),
        ("{ head: priority, is: urgent, confidence: 0.5, margin: '>=0.3' }", true),
        ("{ head: priority, is: urgent, confidence: 0.5, margin: '>=0.4' }", false),
    ] {
        assert_eq!(matched(&case, condition).0, expected, "{condition}");
    }
    let rulebook = compiled(
        "rules: [{ id: a, then: [{ assign_group: '{{ category.labels[0] }}' }, { cc: { group: '{{ category.labels[1] }}' } }] }]",
    );
    assert_eq!(
        case.plan(&rulebook),
        [r#"a: assign_group "billing" (live)"#, r#"a: cc {"group":"sales"} (live)"#]
    );
    let single = Case::default().explained(&rulebook);
    assert_eq!(single.decision.plan.len(), 1);
    assert!(single.rules[0].effects[1].left_out.is_some(), "there is no second label");
}

#[test]
fn tags_and_followers_are_in_one_hand() {
    let rulebook = compiled(
        "rules:
  - { id: a, then: [{ add_tags: [one] }, { remove_tags: [vip, two] }, { cc: [{ group: Sales }, { email: a@b.example }] }] }
  - { id: b, then: [{ remove_tags: [One, three] }, { add_tags: [VIP] }, { cc: { group: Sales } }] }
",
    );
    assert_eq!(
        Case::default().plan(&rulebook),
        [
            r#"a: add_tags ["one"] (live)"#,
            r#"a: remove_tags ["two","vip"] (live)"#,
            r#"a: cc {"group":"Sales"} (live)"#,
            r#"a: cc {"email":"a@b.example"} (live)"#,
            r#"b: remove_tags ["three"] (live)"#,
        ]
    );
}

const ANSWERS: &str = "templates:
  thanks: { default: en, en: 'Thanks for {{ category.label }}', de: Danke }
  other: Hello
rules:
  - { id: a, overwrite: true, then: [{ reply: thanks }] }
  - { id: b, then: [{ reply: other }] }
";

fn reply(case: &Case) -> Planned {
    let plan = case.explained(&compiled(ANSWERS)).decision.plan;
    assert_eq!(plan.len(), 1, "one answer a decision");
    plan.into_iter().next().unwrap()
}

#[test]
fn an_answer_is_in_the_tickets_language() {
    let text = |code: &str, confidence: f32| {
        let mut case = case();
        case.prediction.language = Language { code: code.to_owned(), confidence };
        match reply(&case).effect {
            Effect::Reply(reply) => reply.text,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(text("de", 0.9), "Danke");
    assert_eq!(text("de", 0.3), "Thanks for billing");
    assert_eq!(text("fr", 0.9), "Thanks for billing");
}

#[test]
fn a_machine_is_not_answered_whatever_the_rule_says() {
    use deskbridge_connectors::machine::{MachineMail, Recognised, Sign};
    let bounced = Recognised { mail: MachineMail::Bounce, sign: Sign::Sender };
    let ticket = Ticket { machine: Some(bounced), ..case().ticket };
    let held = reply(&Case { ticket: ticket.clone(), ..case() }).held_back.unwrap();
    assert_eq!(held, "no person waits for an answer: the ticket is a bounced mail, by its sender");
    // Of this requester's three tickets in nine days this one is none.
    let case = Case { ticket, ..case() };
    assert!(matched(&case, "{ repeat_contacts: '>=2', within: 9d }").0);
    assert!(matched(&case, "{ repeat_contacts: '<3', within: 9d }").0);
}

#[test]
fn an_answer_needs_permission_and_is_sent_once() {
    assert_eq!(reply(&case()).held_back, None);
    let forbidden = reply(&Case { public_replies: false, ..case() });
    assert!(forbidden.held_back.unwrap().contains("allow_public_replies"));
    let sent = EffectRecord {
        kind: "reply".to_owned(),
        value: "thanks".into(),
        rule: "a".to_owned(),
        mode: Mode::Live,
        state: EffectOutcome::Applied,
        reason: None,
    };
    let entry = crate::domain::outcome::Entry { effects: vec![sent], ..super::deciding::wrote(&[]) };
    let again = reply(&Case { history: History { entries: vec![entry] }, ..case() });
    assert_eq!(again.held_back.unwrap(), "this answer was sent before");
}
