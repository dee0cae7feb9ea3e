//! What decisions pass: how far each label may go, promotions and falls taken together.

use std::collections::BTreeMap;

use super::Promotions;
use crate::mode::Mode;
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
            let fell = fallen
                .iter()
                .any(|fall| fall.head == *head && fall.label == *label && fall.at >= promoted.at);
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
