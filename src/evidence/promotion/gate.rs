//! Combines promotions and falls: as modes for decisions, and as a listing for people.

use std::collections::BTreeMap;

use super::{Promoted, Promotions};
use crate::domain::label_modes::{Demotion, LabelModes};
use crate::domain::mode::Mode;
use crate::evidence::report::in_force::{InForce, Standing};

/// Combines promotions with the falls since into the mode that each label may reach. No promotions file holds nothing back.
pub fn label_modes(promotions: Option<&Promotions>, fallen: &[Demotion]) -> LabelModes {
    let Some(promotions) = promotions else { return LabelModes::OPEN };
    let mut labels: BTreeMap<String, BTreeMap<String, Mode>> = BTreeMap::new();
    for ((head, label), promoted) in &promotions.0 {
        let fell = fall(head, label, promoted, fallen).is_some();
        let mode = if fell { Mode::Shadow } else { promoted.mode };
        labels.entry(head.clone()).or_default().insert(label.clone(), mode);
    }
    LabelModes::restricted(labels)
}

/// Lists for people what the file names, since when, and what fell back and why.
pub fn in_force(promotions: Option<&Promotions>, fallen: &[Demotion]) -> InForce {
    let Some(promotions) = promotions else { return InForce { open: true, ..InForce::default() } };
    let mut labels: BTreeMap<String, BTreeMap<String, Standing>> = BTreeMap::new();
    for ((head, label), promoted) in &promotions.0 {
        let threshold = promoted.threshold;
        let standing = match fall(head, label, promoted, fallen) {
            Some(fall) => {
                Standing { mode: Mode::Shadow, since: fall.at, threshold, fell: Some(fall.reason.clone()) }
            }
            None => Standing { mode: promoted.mode, since: promoted.at, threshold, fell: None },
        };
        labels.entry(head.clone()).or_default().insert(label.clone(), standing);
    }
    InForce { open: false, labels }
}

/// The fall that counts: one since the promotion.
fn fall<'a>(head: &str, label: &str, promoted: &Promoted, fallen: &'a [Demotion]) -> Option<&'a Demotion> {
    fallen.iter().find(|fall| fall.head == head && fall.label == label && fall.at >= promoted.at)
}
