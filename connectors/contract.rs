//! The contract suite: every connector against every effect and scripted answers.
//!
//! What all platforms promise is checked here once, so that a new one is tested by giving a [`Sample`] and nothing
//! else. What only one platform does is checked beside it.

mod sample;

use std::cmp::Ordering;

use http::{HeaderMap, HeaderName, HeaderValue};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use serde_json::json;

pub(crate) use self::sample::samples;
pub(crate) use self::sample::{Sample, answer, names, now, ticket, window};
use self::sample::{any_answer, any_json};
use crate::account::{Credentials, Platform};
use crate::call::{Answer, Call, Later, Next, Refusal};
use crate::connector::{Connector, Doubt, Opened};
use crate::delivery::{Content, Delivery, Notice, NoticeKind, Rejected, Verified};
use crate::plan::{Effect, Plan};
use crate::secret::Secret;
use crate::settled::Listing;

/// No exchange may take more requests than this, whatever is answered.
const MOST_REQUESTS: usize = 40;

fn opened(sample: &Sample, platform: Platform) -> Opened {
    platform.open(&sample.config).unwrap_or_else(|problems| panic!("{platform}: {problems:?}"))
}

fn delivery(sample: &Sample, headers: HeaderMap, body: &[u8]) -> Delivery {
    Delivery { account: sample.config.id.clone(), headers, body: body.to_vec().into() }
}

fn notice(sample: &Sample) -> Notice {
    Notice { kind: NoticeKind::Created, ticket: sample.ticket.id.clone(), actor: None, occurred_at: None }
}

fn path(call: &Call) -> &str {
    match call {
        Call::Read(read) => read.path.as_str(),
        Call::Write(write) => write.path.as_str(),
    }
}

/// The answer to the request to a path, after so many answers; `None` where the script ends.
type Script<'a> = dyn Fn(&str, usize) -> Option<Answer> + 'a;

/// Runs an exchange to its end and returns that end.
fn exchange<T: PartialEq + std::fmt::Debug, C: PartialEq + std::fmt::Debug>(
    step: impl Fn(&[Answer]) -> Next<T, C>,
    path: impl Fn(&C) -> &str,
    script: &Script<'_>,
) -> Next<T, C> {
    let mut answers = Vec::new();
    loop {
        let next = step(&answers);
        assert_eq!(next, step(&answers), "the same answers lead to the same step");
        let Next::Send(call) = &next else { return next };
        let path = path(call);
        assert!(path.starts_with('/') && !path.starts_with("//"), "{path} leaves the host");
        assert!(path.bytes().all(|b| b.is_ascii_graphic()), "{path} is no path");
        let Some(answer) = script(path, answers.len()) else { return next };
        answers.push(answer);
        assert!(answers.len() <= MOST_REQUESTS, "still not finished after {MOST_REQUESTS} requests");
    }
}

/// How an exchange ended, whichever it was.
#[derive(Debug)]
enum End {
    Asks,
    Done,
    Later(Later),
    Refused(Refusal),
}

impl<T, C> From<Next<T, C>> for End {
    fn from(next: Next<T, C>) -> Self {
        match next {
            Next::Send(_) => Self::Asks,
            Next::Done(_) => Self::Done,
            Next::Later(later) => Self::Later(later),
            Next::Refused(refusal) => Self::Refused(refusal),
        }
    }
}

/// Runs an exchange that only reads.
fn read<T: PartialEq + std::fmt::Debug>(step: impl Fn(&[Answer]) -> Next<T>, script: &Script<'_>) -> End {
    exchange(step, |read| read.path.as_str(), script).into()
}

/// Runs every question and act (with and without doubt) on the same script.
fn every_exchange(
    connector: &dyn Connector,
    sample: &Sample,
    plan: &Plan,
    script: &Script<'_>,
) -> Vec<(&'static str, End)> {
    let notice = notice(sample);
    let act = |doubt| {
        let step = |answers: &[Answer]| connector.act(plan, &sample.ticket, &sample.names, doubt, answers);
        let end = exchange(step, path, script);
        if let Next::Done(applied) = &end {
            assert_eq!(applied.states.len(), plan.0.len(), "one state for each effect");
        }
        End::from(end)
    };
    let (names, ticket) = (&sample.names, &sample.ticket.id);
    vec![
        ("look", read(|answers| connector.look(&notice, answers), script)),
        ("names", read(|answers| connector.names(answers), script)),
        ("settled", read(|answers| connector.settled(ticket, names, answers), script)),
        ("resolved", read(|answers| connector.listed(&window(Listing::Resolved), answers), script)),
        ("opened", read(|answers| connector.listed(&window(Listing::Opened), answers), script)),
        ("triggers", read(|answers| connector.triggers(names, answers), script)),
        ("act", act(Doubt::None)),
        ("act in doubt", act(Doubt::LastWriteUnanswered)),
    ]
}

#[test]
fn every_exchange_ends_whatever_is_answered() {
    for (platform, sample) in samples() {
        let connector = opened(&sample, platform).connector;
        let effects = prop::sample::subsequence(Effect::samples(), 0..=Effect::samples().len());
        let plausible =
            sample.paths.iter().flat_map(|path| [true, false].map(|more| (sample.answer_to)(path, more)));
        let script = prop::collection::vec(any_answer(plausible.collect()), 1..8);
        proptest!(|(effects in effects, script in script)| {
            for answer in &script {
                let _ = connector.pace(answer);
            }
            // A script that is played again and again is how endless paging looks.
            every_exchange(&*connector, &sample, &Plan(effects), &|_, at| Some(script[at % script.len()].clone()));
        });
    }
}

#[test]
fn endless_pages_end() {
    for (platform, sample) in samples() {
        let connector = opened(&sample, platform).connector;
        let plan = Plan(Effect::samples());
        let more = |path: &str, _| Some(answer(200, &(sample.answer_to)(path, true)));
        for (what, end) in every_exchange(&*connector, &sample, &plan, &more) {
            assert!(!matches!(end, End::Asks), "{platform}: {what} is not finished");
        }
    }
}

#[test]
fn a_busy_or_failing_platform_is_asked_later_and_lost_credentials_are_said_so() {
    for (platform, sample) in samples() {
        let connector = opened(&sample, platform).connector;
        let plan = Plan(Effect::samples());
        for status in [401, 403, 429, 500, 502, 503, 504] {
            for before in 0..MOST_REQUESTS {
                let script = |path: &str, at: usize| match at.cmp(&before) {
                    Ordering::Less => Some(answer(200, &(sample.answer_to)(path, false))),
                    Ordering::Equal => Some(answer(status, &json!({ "error": "scripted" }))),
                    Ordering::Greater => None,
                };
                for (what, end) in every_exchange(&*connector, &sample, &plan, &script) {
                    let as_promised = match (&end, status) {
                        // Whoever may not read triggers, or has none to read, does without.
                        (End::Done, 403) if what == "triggers" => true,
                        (End::Done, _) if what == "triggers" && platform == Platform::Intercom => true,
                        // The exchange was over before the scripted answer.
                        (End::Done, _) => before > 0,
                        (End::Later(Later::Busy { .. }), 429) => true,
                        (End::Later(_), 500..) => true,
                        (End::Refused(Refusal::Credentials), 401 | 403) => true,
                        // One list that a role may not read does not cost the account its other names.
                        (End::Asks, 403) => what == "names",
                        _ => false,
                    };
                    assert!(
                        as_promised,
                        "{platform}: {what} says {end:?} to {status} after {before} answers"
                    );
                }
            }
        }
    }
}

#[test]
fn a_list_that_is_not_given_costs_no_other_name_and_no_ticket() {
    for (platform, sample) in samples() {
        let connector = opened(&sample, platform).connector;
        let names = |script: &Script<'_>| {
            exchange(|answers| connector.names(answers), |read| read.path.as_str(), script)
        };
        let fine = |path: &str| answer(200, &(sample.answer_to)(path, false));
        let Next::Done(_) = names(&|path, _| Some(fine(path))) else { panic!("{platform}") };
        for status in [403, 404] {
            let refusal = || answer(status, &json!({ "code": "access_denied" }));
            for missing in 0..6 {
                let script = |path: &str, at: usize| Some(if at == missing { refusal() } else { fine(path) });
                let end = names(&script);
                assert!(matches!(end, Next::Done(_)), "{platform}: {end:?} to {status} at {missing}");
            }
            // A delivery must neither be settled as gone nor given up for it.
            let end = names(&|_, _| Some(refusal()));
            let expected = match status {
                403 => Next::Refused(Refusal::Credentials),
                _ => Next::Later(Later::Failed),
            };
            assert_eq!(end, expected, "{platform}: {status} to everything");
        }
    }
}

#[test]
fn a_write_comes_first_without_doubt_and_a_read_with_it() {
    for (platform, sample) in samples() {
        let connector = opened(&sample, platform).connector;
        for effect in Effect::samples() {
            assert_eq!(connector.can(&effect, &sample.names), Ok(()), "{platform}: {effect:?}");
            let plan = Plan(vec![effect]);
            let first = |doubt| connector.act(&plan, &sample.ticket, &sample.names, doubt, &[]);
            assert!(matches!(first(Doubt::None), Next::Send(_)), "{platform} does nothing for {plan:?}");
            let in_doubt = first(Doubt::LastWriteUnanswered);
            assert!(matches!(in_doubt, Next::Send(Call::Read(_))), "{platform}: {in_doubt:?}");
        }
    }
}

#[test]
fn an_empty_plan_sends_nothing() {
    for (platform, sample) in samples() {
        let connector = opened(&sample, platform).connector;
        for doubt in [Doubt::None, Doubt::LastWriteUnanswered] {
            let next = connector.act(&Plan::default(), &sample.ticket, &sample.names, doubt, &[]);
            assert!(
                matches!(&next, Next::Done(applied) if applied.states.is_empty()),
                "{platform}: {next:?}"
            );
        }
    }
}

#[test]
fn an_authentic_delivery_is_a_notice() {
    for (platform, sample) in samples() {
        let connector = opened(&sample, platform).connector;
        let body = sample.body.as_bytes();
        let signed = delivery(&sample, (sample.sign)(body, now()), body);
        let Ok(Verified::Delivery(first)) = connector.verify(&signed, now()) else { panic!("{platform}") };
        let Content::Notice(notice) = first.content() else { panic!("{platform}: {first:?}") };
        assert_eq!(notice.kind, NoticeKind::Created, "{platform}");
        assert_eq!(connector.read(body).as_ref(), Ok(notice), "{platform}: read as verified");
        assert_eq!(first.secret_index(), 0);
        let Ok(Verified::Delivery(second)) = connector.verify(&signed, now()) else { panic!("{platform}") };
        assert_eq!(first.key(), second.key(), "{platform}: a repeat is recognised");
    }
}

#[test]
fn a_forged_delivery_is_rejected() {
    for (platform, sample) in samples() {
        let connector = opened(&sample, platform).connector;
        let body = sample.body.as_bytes();
        let genuine = (sample.sign)(body, now());
        let rejected = |headers: HeaderMap, body: &[u8], at: Timestamp, why: &str| {
            let verdict = connector.verify(&delivery(&sample, headers, body), at);
            assert!(verdict.is_err(), "{platform} accepts {why}");
        };
        rejected(HeaderMap::new(), body, now(), "a delivery without any proof");
        for name in genuine.keys() {
            let mut without = genuine.clone();
            without.remove(name);
            rejected(without, body, now(), &format!("a delivery without {name}"));
            let mut twice = genuine.clone();
            twice.append(name.clone(), genuine[name].clone());
            rejected(twice, body, now(), &format!("two {name}"));
            for at in 0..genuine[name].len() {
                let mut forged = genuine.clone();
                forged.insert(name.clone(), changed(&genuine[name], at));
                rejected(forged, body, now(), &format!("{name} changed at {at}"));
            }
        }
        if sample.covers_body {
            for at in 0..body.len() {
                let mut flipped = body.to_vec();
                flipped[at] ^= 1;
                rejected(genuine.clone(), &flipped, now(), &format!("a byte flipped at {at}"));
            }
            rejected(genuine.clone(), b"", now(), "an empty body under another's proof");
        }
        if sample.covers_time {
            for hours in [-1, 1] {
                let later = now() + SignedDuration::from_hours(hours);
                let verdict = connector.verify(&delivery(&sample, genuine.clone(), body), later);
                assert_eq!(verdict.err(), Some(Rejected::Stale), "{platform} {hours} h off");
            }
        }
    }
}

/// The value with another letter or digit at one place.
fn changed(value: &HeaderValue, at: usize) -> HeaderValue {
    let mut bytes = value.as_bytes().to_vec();
    bytes[at] = match bytes[at] {
        b'z' => b'y',
        b'Z' => b'Y',
        b'9' => b'8',
        b if b.is_ascii_alphanumeric() => b + 1,
        _ => b'0',
    };
    HeaderValue::from_bytes(&bytes).unwrap()
}

#[test]
fn without_a_key_an_account_does_not_open() {
    for (platform, sample) in samples() {
        let mut config = sample.config.clone();
        config.webhook.secrets.clear();
        config.webhook.tokens.clear();
        config.webhook.basic_auth = None;
        config.credentials = None;
        let problems = platform.open(&config).err().unwrap_or_default();
        assert!(
            problems.iter().any(|problem| problem.key.starts_with("webhook")),
            "{platform}: {problems:?}"
        );
        assert!(
            problems.iter().any(|problem| problem.key.starts_with("credentials")),
            "{platform}: {problems:?}"
        );

        let mut empty = sample.config.clone();
        empty.webhook.secrets.iter_mut().for_each(|secret| *secret = Secret::new(" "));
        empty.webhook.tokens.iter_mut().for_each(|token| *token = Secret::new(""));
        empty.webhook.basic_auth = None;
        assert!(platform.open(&empty).is_err(), "{platform} opens with an empty key");
    }
}

#[test]
fn the_old_key_is_accepted_while_the_new_one_is_brought_in() {
    for (platform, sample) in samples() {
        let mut config = sample.config.clone();
        for keys in [&mut config.webhook.secrets, &mut config.webhook.tokens] {
            if !keys.is_empty() {
                keys.insert(0, Secret::new("a-newer-key-that-nobody-signs-with-yet-0123456789"));
            }
        }
        let connector = platform.open(&config).unwrap().connector;
        let body = sample.body.as_bytes();
        let signed = delivery(&sample, (sample.sign)(body, now()), body);
        let Ok(Verified::Delivery(verified)) = connector.verify(&signed, now()) else { panic!("{platform}") };
        assert_eq!(verified.secret_index(), 1, "{platform}");
    }
}

#[test]
fn nothing_shows_a_secret() {
    for (platform, sample) in samples() {
        let shown = format!("{:?} {:?}", opened(&sample, platform), sample.config);
        let webhook = &sample.config.webhook;
        let mut secrets: Vec<_> = webhook.secrets.iter().chain(&webhook.tokens).map(Secret::expose).collect();
        match sample.config.credentials.as_ref().unwrap() {
            Credentials::OAuthClient { client_secret, .. } => secrets.push(client_secret.expose()),
            Credentials::ApiToken { api_token, .. } => secrets.push(api_token.expose()),
            Credentials::AccessToken(token) | Credentials::ApiKey(token) => secrets.push(token.expose()),
        }
        for secret in secrets {
            assert!(!shown.contains(secret), "{platform} shows a secret");
        }
    }
}

#[test]
fn whatever_is_signed_is_kept_and_whatever_is_not_is_rejected() {
    for (platform, sample) in samples() {
        let connector = opened(&sample, platform).connector;
        let names: Vec<HeaderName> = (sample.sign)(b"", now()).keys().cloned().collect();
        let body = prop_oneof![
            any_json().prop_map(|value| value.to_string().into_bytes()),
            prop::collection::vec(any::<u8>(), 0..128),
            ".{0,40}".prop_map(|text| sample.body.replacen("35436", &text, 1).into_bytes()),
        ];
        proptest!(|(body in body, junk in "[ -~]{0,80}")| {
            // Another workspace's body is the one thing that may still be turned away.
            let verdict = connector.verify(&delivery(&sample, (sample.sign)(&body, now()), &body), now());
            prop_assert!(matches!(verdict, Ok(_) | Err(Rejected::WrongAccount)), "{:?}", verdict);
            let mut headers = HeaderMap::new();
            for name in &names {
                headers.insert(name.clone(), HeaderValue::from_str(&junk).unwrap());
            }
            prop_assert!(connector.verify(&delivery(&sample, headers, &body), now()).is_err());
        });
    }
}
