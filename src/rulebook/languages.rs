//! Language tags as people write them, compared with the codes that the language detector gives.

use deskbridge_onnx::{known_code, language_codes};

use crate::diagnostics::yaml::Problems;
use crate::diagnostics::{Place, nearest};

/// English names of the languages, for whoever writes one in place of a code.
const NAMES: [(&str, &str); 26] = [
    ("arabic", "ar"),
    ("chinese", "zh"),
    ("czech", "cs"),
    ("danish", "da"),
    ("dutch", "nl"),
    ("english", "en"),
    ("finnish", "fi"),
    ("french", "fr"),
    ("german", "de"),
    ("greek", "el"),
    ("hebrew", "he"),
    ("hungarian", "hu"),
    ("italian", "it"),
    ("japanese", "ja"),
    ("korean", "ko"),
    ("mandarin", "zh"),
    ("norwegian", "nb"),
    ("polish", "pl"),
    ("portuguese", "pt"),
    ("romanian", "ro"),
    ("russian", "ru"),
    ("spanish", "es"),
    ("swedish", "sv"),
    ("turkish", "tr"),
    ("ukrainian", "uk"),
    ("unknown", "und"),
];

/// Reads a language tag as the detector's code. An unknown tag is an error with the nearest code and the list of all; a
/// tag with a region or script is a warning, because the detector does not tell those apart.
pub(super) fn read(at: Place, tag: &str, problems: &mut Problems) -> Option<&'static str> {
    let Some(code) = known_code(tag) else {
        let all: Vec<_> = language_codes().collect();
        let by_name = by_name(tag).map(str::to_owned);
        let near = by_name.or_else(|| nearest(&tag.to_ascii_lowercase(), all.iter().copied()));
        let near = near.map(|near| format!("did you mean `{near}`? ")).unwrap_or_default();
        let help = format!("{near}known languages: {}", all.join(", "));
        problems.error_with(at, format!("unknown language `{tag}`"), Some(help));
        return None;
    };
    if tag.contains(['-', '_']) {
        let message = format!("`{tag}` matches every `{code}`: regions and scripts are not told apart");
        problems.warning(at, message, Some(format!("write `{code}`")));
    }
    Some(code)
}

/// Finds the code of a language by the beginning of its English name.
fn by_name(word: &str) -> Option<&'static str> {
    let word = word.trim().to_ascii_lowercase();
    let found = NAMES.iter().find(|(name, _)| word.len() >= 4 && name.starts_with(&word));
    found.map(|(_, code)| *code).or_else(|| {
        let near = nearest(&word, NAMES.iter().map(|(name, _)| *name))?;
        NAMES.iter().find(|(name, _)| *name == near).map(|(_, code)| *code)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_leads_to_a_code() {
        for (name, code) in NAMES {
            assert!(language_codes().any(|known| known == code), "{name}");
        }
        assert_eq!(
            [by_name("German"), by_name("port"), by_name("frensh")],
            [Some("de"), Some("pt"), Some("fr")]
        );
    }
}
