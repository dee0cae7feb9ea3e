//! From facts to a decision: rules in order, first setter wins, a person's value stands.
//!
//! Every matching rule adds its actions. The first rule that sets a scalar (priority, group, agent, one field, the answer
//! to the customer) keeps it, even where a person's value then holds it back: what comes later never depends on what
//! somebody clicked. Tags, notes and followers add up. Pure: the same facts give the same decision, notes' markers
//! included. An explanation looks at every condition, a decision only at those that still matter: both are this one
//! evaluation, and conditions change nothing.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

use deskbridge_connectors::Effect;
use deskbridge_connectors::plan::{Note, Party};
use sha2::{Digest, Sha256};

use super::action::{Action, Question, Terms, Verb};
use super::condition::{Sight, When};
use super::explain::{ConditionTrace, EffectTrace, Explanation, RuleTrace};
use super::syntax::Rule;
use super::{Facts, Rulebook, person, reliance, template};
use crate::domain::decision::{Asked, Awaiting, Decision, Digests, Lookup, Planned, TicketKey};
use crate::domain::mode::Mode;

/// A part of a ticket that holds one value, so that only one rule can set it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Scalar {
    Priority,
    Group,
    Agent,
    Field(String),
    /// A customer gets one answer at a time.
    Reply,
}

impl Scalar {
    fn of(effect: &Effect) -> Option<Self> {
        match effect {
            Effect::SetPriority(_) => Some(Self::Priority),
            Effect::AssignGroup(_) => Some(Self::Group),
            Effect::AssignAgent(_) => Some(Self::Agent),
            Effect::SetField { field, .. } => Some(Self::Field(field.to_lowercase())),
            Effect::Reply(_) => Some(Self::Reply),
            Effect::AddTags(_)
            | Effect::RemoveTags(_)
            | Effect::Clear(_)
            | Effect::Cc(_)
            | Effect::Note(_) => None,
        }
    }
}

/// What earlier rules have claimed.
#[derive(Default)]
struct Taken {
    scalars: BTreeMap<Scalar, String>,
    /// Added or removed, in lower case.
    tags: BTreeSet<String>,
    parties: Vec<Party>,
}

/// One evaluation on its way.
struct Run<'a> {
    rulebook: &'a Rulebook,
    facts: &'a Facts<'a>,
    /// What templates see; made for the first one that is filled.
    context: OnceCell<minijinja::Value>,
    taken: Taken,
    plan: Vec<Planned>,
    lookups: Vec<Lookup>,
    /// How far the rule in hand may go by the labels it rests on.
    limit: Mode,
}

/// The one evaluation behind `decide` and `explain`. Untraced, conditions after the answer is known are left out.
pub(super) fn evaluate(rulebook: &Rulebook, facts: &Facts<'_>, traced: bool) -> Explanation {
    let book = &rulebook.book;
    let sight = Sight::new(facts, book.defaults, &book.names, &book.sieve);
    let mut run = Run {
        rulebook,
        facts,
        context: OnceCell::new(),
        taken: Taken::default(),
        plan: Vec::new(),
        lookups: Vec::new(),
        limit: Mode::Live,
    };
    let mut matched = Vec::new();
    let mut reached = Vec::new();
    let mut traces = Vec::new();
    let mut stopped = false;
    for (rule, shown) in book.rules.iter().zip(&rulebook.shown) {
        if stopped {
            if !traced {
                break;
            }
            traces.push(RuleTrace::unreached(&rule.id));
            continue;
        }
        let mut conditions = Vec::new();
        let holds = match &rule.when {
            None => true,
            Some(when) if traced => trace(when, &sight, 0, &mut conditions),
            Some(when) => test(when, &sight),
        };
        reached.push(reliance::Reached { rule, matched: holds });
        let mut effects = Vec::new();
        if holds {
            matched.push(rule.id.clone());
            if !facts.gate.is_open() {
                run.limit = reliance::limit(rule, shown, &sight, facts, book);
            }
            effects.extend(rule.then.iter().enumerate().map(|(place, action)| run.act(rule, place, action)));
            stopped = rule.stop;
        }
        if traced {
            traces.push(RuleTrace {
                id: rule.id.clone(),
                reached: true,
                matched: holds,
                conditions,
                effects,
            });
        }
    }
    let heads = reliance::silent(&reached, &sight, facts, book);
    let messages = facts.ticket.asked_messages();
    let decision = Decision {
        ticket: TicketKey { account: facts.account.to_owned(), ticket: facts.ticket.id.clone() },
        version: facts.ticket.version.clone(),
        prediction: facts.prediction.clone(),
        rules: matched,
        plan: run.plan,
        lookups: run.lookups,
        digests: Digests { model: facts.prediction.model.clone(), rulebook: rulebook.digest.clone() },
        challenger: None,
        awaiting: (!heads.is_empty()).then_some(Awaiting { heads, messages }),
    };
    Explanation { decision, rules: traces }
}

/// See [`super::answered`].
pub(super) fn answered(
    rulebook: &Rulebook,
    facts: &Facts<'_>,
    lookup: &Lookup,
    answer: &serde_json::Value,
) -> Result<Planned, String> {
    let rule = rulebook.book.rules.iter().find(|rule| rule.id == lookup.because);
    let action = rule.and_then(|rule| rule.then.get(lookup.action));
    let Some(Action { verb: Verb::Lookup(question), .. }) = action else {
        return Err("the rulebook has no such look-up any more".to_owned());
    };
    let context = template::context_with(facts, rulebook.book.defaults, answer);
    let text = rulebook.engine.render(&question.note, &context)?;
    if text.is_empty() {
        return Err("the template gives no text".to_owned());
    }
    let effect = Effect::Note(Note { text, marker: lookup.marker.clone() });
    let held_back = person::stands_in_the_way(&effect, facts);
    Ok(Planned { effect, because: lookup.because.clone(), mode: lookup.mode, held_back })
}

impl Run<'_> {
    fn act(&mut self, rule: &Rule, place: usize, action: &Action) -> EffectTrace {
        if let Verb::Lookup(question) = &action.verb {
            return self.look_up(rule, place, question);
        }
        let (rulebook, facts) = (self.rulebook, self.facts);
        let context = &self.context;
        let language = &facts.prediction.language;
        let effect = action.effect(&Terms {
            names: &rulebook.book.names,
            platform: facts.platform,
            replies: &rulebook.book.replies,
            language: (&language.code, language.confidence),
            render: &|template| {
                let seen = || template::context(facts, rulebook.book.defaults);
                if template.is_fixed() {
                    return rulebook.engine.render(template, &minijinja::Value::UNDEFINED);
                }
                rulebook.engine.render(template, context.get_or_init(seen))
            },
            marker: &|text| marker(facts, &rule.id, text),
        });
        match effect {
            Ok(effect) => self.add(effect, rule),
            Err(reason) => EffectTrace::left_out(None, reason),
        }
    }

    fn add(&mut self, mut effect: Effect, rule: &Rule) -> EffectTrace {
        if let Some(scalar) = Scalar::of(&effect) {
            if let Some(earlier) = self.taken.scalars.get(&scalar) {
                let reason = format!("the rule `{earlier}` came first");
                return EffectTrace::left_out(Some(effect), reason);
            }
            self.taken.scalars.insert(scalar, rule.id.clone());
        }
        match &mut effect {
            Effect::AddTags(tags) | Effect::RemoveTags(tags) => {
                let taken = &mut self.taken.tags;
                let fresh: BTreeSet<String> =
                    tags.iter().filter(|tag| taken.insert(tag.to_lowercase())).cloned().collect();
                if fresh.is_empty() {
                    let reason = "earlier rules have these tags in hand".to_owned();
                    return EffectTrace::left_out(Some(effect), reason);
                }
                *tags = fresh;
            }
            Effect::Cc(party) => {
                if self.taken.parties.contains(party) {
                    return EffectTrace::left_out(Some(effect), "an earlier rule adds them".to_owned());
                }
                self.taken.parties.push(party.clone());
            }
            _ => {}
        }
        // An answer to the customer is sent once and only where it is allowed, whatever the rule says.
        let overruled = rule.overwrite && !matches!(effect, Effect::Reply(_) | Effect::Note(_));
        let held_back = if overruled { None } else { person::stands_in_the_way(&effect, self.facts) };
        self.plan.push(Planned {
            effect: effect.clone(),
            because: rule.id.clone(),
            mode: self.mode(rule),
            held_back: held_back.clone(),
        });
        EffectTrace::planned(effect, held_back)
    }

    fn look_up(&mut self, rule: &Rule, place: usize, question: &Question) -> EffectTrace {
        let url = match question.address(self.facts.ticket) {
            Ok(url) => url,
            Err(reason) => return EffectTrace::left_out(None, reason),
        };
        let marker = marker(self.facts, &rule.id, &url);
        let lookup = Lookup {
            because: rule.id.clone(),
            action: place,
            mode: self.mode(rule),
            held_back: person::was_written(&marker, self.facts),
            pattern: question.url.clone(),
            private: self.rulebook.book.private_hosts.contains(&question.host),
            url,
            marker,
            asked: Asked::No,
        };
        self.lookups.push(lookup.clone());
        let held_back = lookup.held_back.clone();
        EffectTrace { effect: None, lookup: Some(lookup), left_out: None, held_back }
    }

    fn mode(&self, rule: &Rule) -> Mode {
        rule.mode.map_or(self.facts.ceiling, |mode| mode.min(self.facts.ceiling)).min(self.limit)
    }
}

/// Tests no more conditions than the answer needs.
fn test(when: &When, sight: &Sight<'_>) -> bool {
    match when {
        When::All(parts) => parts.iter().all(|part| test(part, sight)),
        When::Any(parts) => parts.iter().any(|part| test(part, sight)),
        When::None(parts) => !parts.iter().any(|part| test(part, sight)),
        When::Is(test) => sight.holds(test),
    }
}

/// Tests every condition, also after the answer is known, so that an explanation is whole.
fn trace(when: &When, sight: &Sight<'_>, depth: usize, traces: &mut Vec<ConditionTrace>) -> bool {
    let (word, parts) = match when {
        When::All(parts) => ("all", parts),
        When::Any(parts) => ("any", parts),
        When::None(parts) => ("none", parts),
        When::Is(test) => {
            let held = sight.holds(test);
            let seen = Some(sight.seen(test));
            traces.push(ConditionTrace { depth, condition: test.to_string(), held, seen });
            return held;
        }
    };
    let place = traces.len();
    traces.push(ConditionTrace { depth, condition: word.to_owned(), held: false, seen: None });
    let results: Vec<bool> = parts.iter().map(|part| trace(part, sight, depth + 1, traces)).collect();
    let held = match when {
        When::Any(_) => results.contains(&true),
        When::None(_) => !results.contains(&true),
        When::All(_) | When::Is(_) => !results.contains(&false),
    };
    if let Some(trace) = traces.get_mut(place) {
        trace.held = held;
    }
    held
}

/// The same for the same ticket, rule and text: a note whose write went unanswered is found again by it, and one that
/// was written is not written twice. The ticket's version stays out, because our own write changes it.
fn marker(facts: &Facts<'_>, rule: &str, text: &str) -> String {
    let mut hash = Sha256::new();
    for part in [facts.account, facts.ticket.id.as_str(), rule, text] {
        hash.update(part.len().to_be_bytes());
        hash.update(part.as_bytes());
    }
    let digest = hex::encode(hash.finalize());
    format!("deskbridge:{}", digest.get(..8).unwrap_or(&digest))
}
