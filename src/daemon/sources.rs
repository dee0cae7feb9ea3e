//! Wires settings, rulebook and bundle into the places where each account's heads find the agents'
//! own choice.

use crate::evidence::settling::{Sources, sources_of};
use crate::inference::brain::Brain;
use crate::settings::Settings;

/// Resolves where each account of the settings finds the agents' choice, for this bundle and
/// rulebook.
pub fn sources(settings: &Settings, brain: &Brain) -> Sources {
    let heads = brain.classifier.vocabulary();
    sources_of(settings, &brain.rulebook, &heads.into_keys().collect::<Vec<_>>())
}
