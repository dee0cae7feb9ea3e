//! Names the shape of every figure that a report gives per head and label.

use std::collections::BTreeMap;

/// A figure by head and label.
pub type ByLabel<T> = BTreeMap<String, BTreeMap<String, T>>;
