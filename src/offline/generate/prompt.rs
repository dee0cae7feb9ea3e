//! What the endpoint is asked: a few tickets of one label, each of another kind. Pure; the same seed asks the same.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::labels::{Label, Labels};

/// Tickets a request. More come out alike, fewer cost more.
pub(super) const PER_REQUEST: usize = 5;
/// Other labels of the head that are told as what a ticket is not.
const MOST_OTHERS: usize = 40;

const COMPANIES: [&str; 16] = [
    "an online clothes shop",
    "a maker of accounting software",
    "a phone and internet provider",
    "a furniture store that delivers",
    "a bank's mobile app",
    "a language school with online courses",
    "a hosting company",
    "a bike and e-scooter dealer",
    "a hotel booking site",
    "a payroll service for small firms",
    "a food box subscription",
    "a maker of smart home devices",
    "a ticket shop for concerts",
    "a marketplace for used goods",
    "a gym chain with an app",
    "a supplier of spare parts to workshops",
];
const LENGTHS: [&str; 5] = [
    "one short sentence",
    "two sentences",
    "three to four sentences",
    "two short paragraphs",
    "a long and rambling text",
];
const TONES: [&str; 9] = [
    "polite",
    "annoyed",
    "matter-of-fact",
    "worried",
    "in a hurry",
    "confused",
    "friendly and chatty",
    "angry after a second attempt",
    "formal, on behalf of a company",
];
const TYPING: [&str; 6] = [
    "spelt well",
    "spelt well",
    "with two or three typos",
    "all in lower case and with little punctuation",
    "typed on a phone, with abbreviations",
    "by somebody who is not a native speaker",
];
const CHANNELS: [&str; 5] = [
    "an e-mail with greeting and signature",
    "an e-mail without any greeting",
    "a web form",
    "a chat message (the subject is empty)",
    "a reply to an automatic mail that they quote in part",
];

/// The body of a request for `count` tickets of `label` in `language`. `turn` tells requests of one label apart.
pub(super) fn request(
    model: Option<&str>,
    labels: &Labels,
    label: &Label,
    language: &str,
    count: usize,
    (seed, turn): (u64, u64),
) -> Value {
    let mut rng = fastrand::Rng::with_seed(mix(seed, &label.head, &label.name, turn));
    let mut text = format!(
        "Write {count} support tickets that customers might send to a helpdesk. Every one of them belongs to the {} `{}`: {}\n",
        label.head, label.name, label.about
    );
    let others: Vec<&Label> = labels
        .0
        .iter()
        .filter(|other| other.head == label.head && other.name != label.name)
        .take(MOST_OTHERS)
        .collect();
    if !others.is_empty() {
        text.push_str("\nNone of them may belong to one of these instead:\n");
        for other in others {
            let _ = writeln!(text, "- {}: {}", other.name, other.about);
        }
    }
    let _ =
        writeln!(text, "\nThe language of all of them, by its ISO 639-1 code: {language}\n\nThey differ:");
    for number in 1..=count {
        let mut one = |of: &[&'static str]| of[rng.usize(..of.len())];
        let (company, length, tone) = (one(&COMPANIES), one(&LENGTHS), one(&TONES));
        let (typing, channel) = (one(&TYPING), one(&CHANNELS));
        let _ = writeln!(text, "{number}. to {company}; {length}; {tone}; {typing}; {channel}");
    }
    text.push_str(
        "\nUse made-up names and numbers, never placeholders such as [name]. Do not name the label. Each tells another story.\n\
         Answer with nothing but a JSON array of objects with the keys \"subject\" and \"body\".",
    );
    let mut body = json!({
        "messages": [
            { "role": "system", "content": "You write realistic training data for a classifier of helpdesk tickets." },
            { "role": "user", "content": text },
        ],
        "stream": false,
    });
    if let Some(model) = model {
        body["model"] = model.into();
    }
    body
}

/// FNV-1a: a seed that is the same on every machine and in every version.
fn mix(seed: u64, head: &str, label: &str, turn: u64) -> u64 {
    let (seed, turn) = (seed.to_le_bytes(), turn.to_le_bytes());
    let parts: [&[u8]; 6] = [&seed, head.as_bytes(), &[0], label.as_bytes(), &[0], &turn];
    parts.concat().iter().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(model: Option<&str>, language: &str, count: usize, seed: (u64, u64)) -> Value {
        let label = |head: &str, name: &str| Label {
            head: head.into(),
            name: name.into(),
            about: format!("About {name}."),
        };
        let labels = Labels(vec![
            label("category", "billing"),
            label("category", "returns"),
            label("priority", "high"),
        ]);
        request(model, &labels, &labels.0[0], language, count, seed)
    }

    #[test]
    fn a_request_names_its_label_and_what_it_is_not() {
        let body = asked(Some("m"), "de", 3, (1, 0));
        assert_eq!(body["model"], "m");
        let text = body["messages"][1]["content"].as_str().unwrap();
        assert!(text.contains("Write 3 ") && text.contains("`billing`: About billing."), "{text}");
        assert!(text.contains("- returns: About returns.") && !text.contains("high"), "{text}");
        assert!(text.contains("code: de") && text.contains("3. to ") && !text.contains("4. to "), "{text}");
        assert!(asked(None, "en", 1, (1, 0)).get("model").is_none());
    }

    #[test]
    fn the_same_seed_asks_the_same_and_another_turn_another_thing() {
        assert_eq!(asked(None, "en", 5, (1, 0)), asked(None, "en", 5, (1, 0)));
        assert_ne!(asked(None, "en", 5, (1, 0)), asked(None, "en", 5, (1, 1)));
        assert_ne!(asked(None, "en", 5, (1, 0)), asked(None, "en", 5, (2, 0)));
    }
}
