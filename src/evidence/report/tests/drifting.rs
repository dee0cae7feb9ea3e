//! Drift: still when nothing moves, told when something does, silent where too little is known.

use std::collections::BTreeMap;

use fastrand::Rng;

use super::near;
use crate::evidence::report::drift::{
    Against, AnswerMix, Band, Drift, Measure, RecentAnswer, Reference, chance, drift, psi,
};

/// One answer to one ticket.
struct Glimpse {
    label: &'static str,
    confidence: f64,
    abstained: bool,
    language: Option<&'static str>,
    overridden: Option<bool>,
}

fn mix(glimpses: &[Glimpse]) -> AnswerMix {
    let mut mix = AnswerMix::default();
    for Glimpse { label, confidence, abstained, language, overridden } in glimpses {
        let answer = RecentAnswer { head: "category", label, confidence: *confidence, abstained: *abstained };
        mix.add(*language, [answer]);
        if let Some(replaced) = overridden {
            mix.judge("category", *replaced);
        }
    }
    mix
}

/// `n` tickets of a head; `billing` with this probability, this sure on average, abstaining below 0.6.
fn week(n: usize, seed: u64, billing: f64, sure: f64) -> Vec<Glimpse> {
    let mut rng = Rng::with_seed(seed);
    (0..n)
        .map(|at| {
            let confidence = (sure + 0.3 * (rng.f64() - 0.5)).clamp(0.0, 1.0);
            Glimpse {
                label: if rng.f64() < billing { "billing" } else { "technical" },
                confidence,
                abstained: confidence < 0.6,
                language: Some(if at % 10 == 0 { "de" } else { "en" }),
                overridden: (at % 2 == 0).then(|| rng.f64() < 0.1),
            }
        })
        .collect()
}

#[track_caller]
fn of(found: &[Drift], measure: Measure) -> &Drift {
    found.iter().find(|row| row.measure == measure).unwrap()
}

#[test]
fn the_index_is_the_usual_one() {
    let mix = |rows: &[(&str, usize)]| -> BTreeMap<String, usize> {
        rows.iter().map(|(name, n)| ((*name).to_owned(), *n)).collect()
    };
    let (then, now) = (mix(&[("a", 50_000), ("b", 50_000)]), mix(&[("a", 70_000), ("b", 30_000)]));
    let by_hand = 0.2 * (0.7f64 / 0.5).ln() - 0.2 * (0.3f64 / 0.5).ln();
    near(psi(&then, &now).unwrap(), by_hand, 1e-4);
    near(psi(&then, &then).unwrap(), 0.0, 1e-12);
    assert!(psi(&then, &mix(&[("c", 100)])).unwrap() > 5.0, "large, and not infinite");
    assert_eq!(psi(&then, &mix(&[])), None);
    // χ² with 6 degrees of freedom: 12.592.
    near(chance(7, 100, 100), 12.592 * 0.02, 2e-3);
}

#[test]
fn a_desk_that_stays_as_it_was_is_stable() {
    let mut alarms = 0;
    for seed in 0..40 {
        let found = drift(&mix(&week(80, 1000 + seed, 0.5, 0.75)), &mix(&week(400, seed, 0.5, 0.75)), None);
        alarms += found.iter().filter(|row| row.warns()).count();
    }
    assert!(alarms <= 8, "{alarms} alarms of {} measures over nothing", 40 * 5);
}

#[test]
fn a_new_mix_a_less_sure_model_and_more_overrides_are_noticed() {
    let then = week(400, 1, 0.5, 0.8);
    let mut now = week(200, 2, 0.9, 0.6);
    now.iter_mut().for_each(|glimpse| glimpse.language = Some("de"));
    now.iter_mut().step_by(2).for_each(|glimpse| glimpse.overridden = Some(true));
    let found = drift(&mix(&now), &mix(&then), None);
    for measure in
        [Measure::Labels, Measure::Languages, Measure::Confidence, Measure::Abstention, Measure::Overrides]
    {
        let row = of(&found, measure);
        assert_eq!((row.band, row.against), (Band::Shifted, Against::FirstWeeks), "{row:?}");
    }
    assert!(of(&found, Measure::Labels).moved.as_ref().unwrap().contains(" % → "));
    assert!(of(&found, Measure::Confidence).value.unwrap() < -0.1);
}

#[test]
fn few_tickets_say_nothing_and_training_stands_in_for_the_first_weeks() {
    let few = drift(&mix(&week(49, 1, 0.9, 0.5)), &mix(&week(400, 2, 0.1, 0.9)), None);
    assert!(few.iter().all(|row| row.band == Band::TooFew && row.value.is_none()), "{few:?}");
    let mut reference = Reference::default();
    let trained = reference.heads.entry("category".to_owned()).or_default();
    trained.labels = [("billing".to_owned(), 500), ("technical".to_owned(), 500)].into();
    (trained.n, trained.abstained) = (1000, 100);
    let found = drift(&mix(&week(200, 3, 0.9, 0.5)), &AnswerMix::default(), Some(&reference));
    let labels = of(&found, Measure::Labels);
    assert_eq!((labels.band, labels.against, labels.n_then), (Band::Shifted, Against::Training, 1000));
    assert_eq!(of(&found, Measure::Abstention).band, Band::Shifted);
    assert_eq!(of(&found, Measure::Confidence).band, Band::TooFew, "the manifest tells no mean confidence");
}
