//! What the report must say: counted from the ledger and from what the agents did, and known from how they were made.

use std::collections::BTreeMap;

use deskbridge::store::{Filter, Pages};
use serde_json::Value;

use crate::A_LABEL;
use crate::agents::{Agents, SECOND_THOUGHT, verdict};
use crate::harness::House;
use crate::texts::LABELS;

/// One ticket of the shadow weeks: what the model named and what the agents chose.
struct Seen {
    named: Option<String>,
    first: Option<&'static str>,
    last: &'static str,
}

pub(crate) struct Truth(Vec<Seen>);

impl Truth {
    /// From the ledger and the agents' own notes.
    pub(crate) async fn of(house: &House, agents: &Agents) -> Self {
        let desks: Vec<&str> = house.desks.iter().map(|desk| desk.platform()).collect();
        let mut entries = Vec::new();
        let mut pages = Pages::new(house.store.clone(), &Filter::default());
        while let Some(page) = pages.next().await.unwrap() {
            entries.extend(page);
        }
        let seen = entries.iter().filter_map(|(_, entry)| {
            let snapshot = entry.snapshot.as_ref()?;
            let desk = desks.iter().position(|desk| *desk == entry.account).unwrap();
            let chosen = &agents.chosen[&(desk, entry.ticket.clone())];
            // One platform's API does not tell who chose what.
            let tells = entry.account != "freshdesk";
            let named = snapshot.prediction.heads["category"].chosen.first().cloned();
            // A text that no label was named for says nothing about the model.
            assert!(named.as_deref().is_none_or(|named| named == chosen.says), "{named:?} {chosen:?}");
            Some(Seen { named, first: tells.then_some(chosen.first), last: chosen.last })
        });
        let seen: Vec<Seen> = seen.collect();
        assert_eq!(seen.len(), LABELS.len() * A_LABEL);
        Self(seen)
    }

    /// Counts are counts: the report's and our own must be the same.
    pub(crate) fn is_what(&self, report: &Value) {
        let Self(seen) = self;
        let count = |holds: &dyn Fn(&Seen) -> bool| seen.iter().filter(|seen| holds(seen)).count();
        for label in LABELS {
            let named = |seen: &Seen| seen.named.as_deref() == Some(label);
            let row = &report["labels"]["category"][label];
            assert_eq!(row["n"], count(&|seen| seen.last == label), "{label}");
            assert_eq!(row["named"], count(&named), "{label}");
            assert_eq!(row["right"], count(&|seen| named(seen) && seen.last == label), "{label}");
        }
        let head = &report["agreement"]["category"];
        assert_eq!(head["n"], seen.len());
        assert_eq!(head["answered"], count(&|seen| seen.named.is_some()));
        assert_eq!(head["agreed"], count(&|seen| seen.named.as_deref() == Some(seen.last)));
        let known = count(&|seen| seen.first.is_some());
        assert_eq!(head["human"]["n"], known);
        let changed = count(&|seen| seen.first.is_some_and(|first| first != seen.last));
        assert_eq!(head["human"]["hits"], changed);
    }

    /// What the desk was made to be lies where the report says that it lies.
    pub(crate) fn lies_within_the_intervals_of(&self, report: &Value) {
        let within = |what: &str, truth: f64, ends: &Value| {
            let [low, high] = [0, 1].map(|end| ends[end].as_f64().unwrap());
            tell!(
                "{what:<24} {:6.2} %   reported {:6.2} to {:6.2} %",
                100.0 * truth,
                100.0 * low,
                100.0 * high
            );
            assert!((low..=high).contains(&truth), "{what}: {truth} is not in {ends}");
        };
        let mut joint = BTreeMap::<(&str, &str), f64>::new();
        for says in LABELS {
            for nth in 0..A_LABEL {
                *joint.entry((says, verdict(says, nth))).or_default() += 1.0;
            }
        }
        let all = (LABELS.len() * A_LABEL) as f64;
        let sum = |holds: &dyn Fn(&str, &str) -> bool| -> f64 {
            joint.iter().filter(|((says, last), _)| holds(says, last)).map(|(_, count)| count).sum()
        };
        for label in LABELS {
            let row = &report["labels"]["category"][label];
            let right = sum(&|says, last| says == label && last == label);
            let precision = right / sum(&|says, _| says == label);
            within(&format!("precision of {label}"), precision, &row["precision_ci"]);
        }
        let agreed = sum(&|says, last| says == last) / all;
        let head = &report["agreement"]["category"];
        within("agreement", agreed, &head["agreement_ci"]);
        let chance: f64 = LABELS
            .iter()
            .map(|label| sum(&|says, _| says == *label) * sum(&|_, last| last == *label) / (all * all))
            .sum();
        within("Cohen's kappa", (agreed - chance) / (1.0 - chance), &head["kappa_ci"]);
        let human = &head["human"];
        let ends = Value::from(vec![human["low"].clone(), human["high"].clone()]);
        let second_thoughts = 1.0 / SECOND_THOUGHT as f64;
        within("people change their mind", second_thoughts, &ends);
        let impact = &report["impact"];
        within("misrouted", second_thoughts, &impact["misrouted"]["before"]["share_ci"]);
        // Agents sort what came in during the day four hours after its beginning.
        let waited = impact["routing_seconds"]["before"]["median"].as_f64().unwrap();
        tell!("routing time             {waited} s");
        assert!((waited - 4.0 * 3600.0).abs() < 120.0, "{waited}");
    }
}
