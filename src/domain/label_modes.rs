//! Holds the mode that each label may reach, and the record of a label that fell back to shadow.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::mode::Mode;

/// The mode that each label of each head may reach.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LabelModes {
    /// By head and label; `None` holds nothing back.
    labels: Option<BTreeMap<String, BTreeMap<String, Mode>>>,
}

impl LabelModes {
    /// Holds nothing back.
    pub const OPEN: Self = Self { labels: None };

    /// Restricts every label to the mode given here, by head and label. A label that is not listed
    /// stays in shadow.
    pub const fn restricted(labels: BTreeMap<String, BTreeMap<String, Mode>>) -> Self {
        Self { labels: Some(labels) }
    }

    /// Returns true if nothing is held back.
    pub const fn is_open(&self) -> bool {
        self.labels.is_none()
    }

    /// Returns the mode that a label may reach: shadow for one that was not promoted.
    pub fn mode(&self, head: &str, label: &str) -> Mode {
        let Some(labels) = &self.labels else { return Mode::Live };
        labels.get(head).and_then(|labels| labels.get(label)).copied().unwrap_or(Mode::Shadow)
    }
}

/// Records that a label fell back to shadow by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Demotion {
    /// The head.
    pub head: String,
    /// The label.
    pub label: String,
    /// The time of the fall.
    pub at: Timestamp,
    /// The reason, with the figures.
    pub reason: String,
}
