//! What decisions pass: how far each label may go, promotions and falls taken together.

use std::collections::BTreeMap;

use super::{Promoted, Promotions};
use crate::domain::mode::Mode;
use crate::evidence::report::in_force::{InForce, Standing};
use crate::store::Demotion;

/// How far each label may go.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Gate {
    /// `None` holds nothing back.
    labels: Option<BTreeMap<String, BTreeMap<String, Mode>>>,
}

impl Gate {
    /// A gate that holds nothing back.
    pub const OPEN: Self = Self { labels: None };

    /// The gate of these promotions, less what has fallen since. `None` for promotions: open.
    pub fn of(promotions: Option<&Promotions>, fallen: &[Demotion]) -> Self {
        let Some(promotions) = promotions else { return Self::OPEN };
        let mut labels: BTreeMap<String, BTreeMap<String, Mode>> = BTreeMap::new();
        for ((head, label), promoted) in &promotions.0 {
            let fell = fall(head, label, promoted, fallen).is_some();
            let mode = if fell { Mode::Shadow } else { promoted.mode };
            labels.entry(head.clone()).or_default().insert(label.clone(), mode);
        }
        Self { labels: Some(labels) }
    }

    /// Whether nothing is held back.
    pub fn is_open(&self) -> bool {
        self.labels.is_none()
    }

    /// How far a label may go; shadow for one that was not promoted.
    pub fn mode(&self, head: &str, label: &str) -> Mode {
        let Some(labels) = &self.labels else { return Mode::Live };
        labels.get(head).and_then(|labels| labels.get(label)).copied().unwrap_or(Mode::Shadow)
    }
}

/// The same for people: what the file names, since when, and what fell back and why.
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
