//! Templates: text with `{{ … }}` in it, filled from a prediction.
//!
//! An unknown name is a mistake at load and never an empty space in a note. Nothing is escaped here: a connector escapes
//! for its platform. A template sees scores and ids, never ticket text, and its work is bounded.

use std::collections::{BTreeMap, BTreeSet};

use deskbridge_connectors::Platform;
use deskbridge_onnx::Prediction;
use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value, context};

use super::condition::chosen;
use super::defaults::Defaults;
use super::{Facts, Vocabulary};

/// Instructions one rendering may take.
const FUEL: u64 = 20_000;

/// Names every template knows besides the heads.
const OWN_NAMES: [&str; 4] = ["account", "language", "segment", "ticket"];

/// Text that may be a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Template {
    pub(super) source: String,
    /// Fixed text needs no rendering.
    fixed: bool,
}

impl Template {
    pub(super) fn new(source: &str) -> Self {
        let fixed = !["{{", "{%", "{#"].iter().any(|mark| source.contains(mark));
        Self { source: source.to_owned(), fixed }
    }

    pub(super) fn is_fixed(&self) -> bool {
        self.fixed
    }
}

/// Renders templates.
#[derive(Clone, Debug)]
pub(super) struct Engine {
    environment: Environment<'static>,
}

impl Engine {
    pub(super) fn new() -> Self {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_auto_escape_callback(|_| AutoEscape::None);
        environment.set_fuel(Some(FUEL));
        environment.add_filter("percent", percent);
        Self { environment }
    }

    /// Compiles a template once, so that no decision has to. What is wrong with it is told by [`Self::names`].
    pub(super) fn keep(&mut self, template: &Template) {
        if !template.fixed {
            let _ = self.environment.add_template_owned(template.source.clone(), template.source.clone());
        }
    }

    /// The text, with white space at its ends cut.
    ///
    /// # Errors
    /// What the template gets wrong.
    pub(super) fn render(&self, template: &Template, context: &Value) -> Result<String, String> {
        if template.fixed {
            return Ok(template.source.trim().to_owned());
        }
        self.environment
            .get_template(&template.source)
            .or_else(|_| self.environment.template_from_str(&template.source))
            .and_then(|compiled| compiled.render(context))
            .map(|text| text.trim().to_owned())
            .map_err(|error| message(&error))
    }

    /// The names a template looks up.
    ///
    /// # Errors
    /// It is no valid template.
    pub(super) fn names(&self, template: &Template) -> Result<BTreeSet<String>, String> {
        if template.fixed {
            return Ok(BTreeSet::new());
        }
        let compiled =
            self.environment.template_from_str(&template.source).map_err(|error| message(&error))?;
        let globals: BTreeSet<&str> = self.environment.globals().map(|(name, _)| name).collect();
        Ok(compiled
            .undeclared_variables(false)
            .into_iter()
            .filter(|name| !globals.contains(name.as_str()))
            .collect())
    }

    /// Every context a template can meet as far as labels go, with the heads it shows: one for each label of its only
    /// head, or one where it shows none. `Err` names what no bundle has.
    pub(super) fn probes(&self, template: &Template, vocabulary: &Vocabulary) -> Result<Probes, Problem> {
        let names = self.names(template).map_err(Problem::Broken)?;
        let heads: Vec<&String> = names.iter().filter(|name| !OWN_NAMES.contains(&name.as_str())).collect();
        if let Some(unknown) = heads.iter().find(|name| !vocabulary.contains_key(**name)) {
            return Err(Problem::Unknown((*unknown).clone()));
        }
        let labels = |head: &str| vocabulary.get(head).map(Vec::as_slice).unwrap_or_default();
        let contexts = match heads.as_slice() {
            [head] => labels(head)
                .iter()
                .map(|label| probe(vocabulary, |name| (name == head.as_str()).then_some(label)))
                .collect(),
            _ => vec![probe(vocabulary, |_| None)],
        };
        Ok(Probes { contexts, complete: heads.len() <= 1 })
    }

    /// The names a template may use with this bundle.
    pub(super) fn known(vocabulary: &Vocabulary) -> impl Iterator<Item = &str> {
        vocabulary.keys().map(String::as_str).chain(OWN_NAMES)
    }
}

/// Contexts to try a template with.
#[derive(Debug)]
pub(super) struct Probes {
    pub(super) contexts: Vec<Value>,
    /// Whether they cover every label that can show.
    pub(super) complete: bool,
}

/// Why a template cannot be tried.
#[derive(Debug)]
pub(super) enum Problem {
    /// It is no valid template.
    Broken(String),
    /// It looks up a name that nothing has.
    Unknown(String),
}

/// What a template sees of a ticket.
pub(super) fn context(facts: &Facts<'_>, defaults: Defaults) -> Value {
    build(facts.prediction, defaults, facts.ticket.id.as_str(), facts.platform, facts.account, facts.segment)
}

/// The same with the answer to a look-up.
pub(super) fn context_with(facts: &Facts<'_>, defaults: Defaults, result: &serde_json::Value) -> Value {
    let result = Value::from(minijinja::value::Serde(result));
    context! { result => result, ..context(facts, defaults) }
}

fn build(
    prediction: &Prediction,
    defaults: Defaults,
    ticket: &str,
    platform: Platform,
    account: &str,
    segment: Option<&str>,
) -> Value {
    let mut names: BTreeMap<String, Value> = prediction
        .heads
        .iter()
        .map(|(head, scored)| {
            let (label, confidence) = scored.best().unwrap_or_default();
            let (second, second_confidence) =
                scored.ranked.get(1).map_or(("", 0.0), |(label, value)| (label.as_str(), *value));
            let labels: Vec<String> = chosen(scored, defaults).into_iter().map(str::to_owned).collect();
            let value = context! {
                label => label,
                confidence => rounded(confidence),
                margin => rounded(scored.margin()),
                abstained => labels.is_empty(),
                labels => labels,
                runner_up => context! { label => second, confidence => rounded(second_confidence) },
            };
            (head.clone(), value)
        })
        .collect();
    let language = &prediction.language;
    names.insert(
        "language".to_owned(),
        context! { code => language.code.clone(), confidence => rounded(language.confidence) },
    );
    names.insert(
        "ticket".to_owned(),
        context! { id => ticket, platform => platform.as_str(), account => account },
    );
    names.insert("account".to_owned(), context! { name => account, platform => platform.as_str() });
    names.insert("segment".to_owned(), Value::from(segment.unwrap_or_default()));
    Value::from(names)
}

fn probe<'v>(vocabulary: &'v Vocabulary, chosen: impl Fn(&str) -> Option<&'v String>) -> Value {
    use deskbridge_onnx::{HeadKind, Language, Scored};
    let heads = vocabulary
        .iter()
        .map(|(head, labels)| {
            let best = chosen(head).or(labels.first()).cloned().unwrap_or_default();
            let rest = labels.iter().filter(|label| **label != best).map(|label| (label.clone(), 0.02));
            let ranked = std::iter::once((best.clone(), 0.9)).chain(rest).collect();
            (
                head.clone(),
                Scored {
                    kind: HeadKind::Multi,
                    ranked,
                    chosen: after(labels, &best),
                    threshold: BTreeMap::new(),
                },
            )
        })
        .collect();
    let language = Language { code: "en".to_owned(), confidence: 0.9 };
    let [platform, ..] = Platform::ALL;
    build(
        &Prediction { heads, language, model: String::new(), out_of_scope: None },
        Defaults::default(),
        "1",
        platform,
        "account",
        Some("segment"),
    )
}

/// All labels, beginning with this one and going round: over all contexts, every label stands at every place, so that
/// `labels[1]` meets each of them too.
fn after(labels: &[String], best: &str) -> Vec<String> {
    let start = labels.iter().position(|label| label == best).unwrap_or(0);
    labels.iter().cycle().skip(start).take(labels.len()).cloned().collect()
}

fn percent(share: f64) -> String {
    format!("{:.0} %", share * 100.0)
}

/// Scores are 32-bit; four digits keep their noise out of notes.
fn rounded(score: f32) -> f64 {
    (f64::from(score) * 10_000.0).round() / 10_000.0
}

fn message(error: &minijinja::Error) -> String {
    match error.detail() {
        Some(detail) => format!("{}: {detail}", error.kind()),
        None => error.kind().to_string(),
    }
}
