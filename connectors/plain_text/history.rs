//! Cuts what was said before from what is said now.
//!
//! Works on lines, by the marks that mail programs write in the languages we know; it knows nothing of
//! content. It never returns nothing for something: where a cut would leave no text, there was nothing to cut.

/// How an answer introduces what it quotes: the first word, and what stands before the colon (or before the
/// name, in languages that put it last).
const ATTRIBUTIONS: [(&str, &[&str]); 7] = [
    ("on ", &["wrote"]),
    ("am ", &["schrieb"]),
    ("le ", &["a écrit"]),
    ("el ", &["escribió"]),
    ("il ", &["ha scritto"]),
    ("em ", &["escreveu"]),
    ("op ", &["schreef"]),
];

/// What stands between the dashes of a separator line.
const SEPARATORS: [&str; 6] = [
    "original message",
    "ursprüngliche nachricht",
    "message d'origine",
    "message d’origine",
    "mensaje original",
    "messaggio originale",
];

/// Names of the lines of a quoted header block: who, then when and to whom.
const SENDERS: [&str; 3] = ["from", "von", "de"];
const HEADERS: [&str; 20] = [
    "sent",
    "date",
    "to",
    "cc",
    "subject",
    "gesendet",
    "datum",
    "an",
    "betreff",
    "envoyé",
    "envoyé le",
    "à",
    "objet",
    "enviado",
    "enviado el",
    "fecha",
    "para",
    "asunto",
    "reply-to",
    "importance",
];

/// Lines that a device writes under every mail.
const DEVICE_LINES: [&str; 10] = [
    "sent from my ",
    "sent from outlook for ",
    "sent from mail for ",
    "sent from yahoo mail",
    "get outlook for ",
    "von meinem ",
    "gesendet von ",
    "envoyé de mon ",
    "enviado desde mi ",
    "inviato da ",
];

/// The text without quoted history, signature and device lines, its white space folded.
pub(super) fn cut(text: &str) -> String {
    let lines: Vec<String> = text.lines().map(folded).collect();
    let kept = fold_blank_lines(&kept(&lines));
    if kept.is_empty() {
        fold_blank_lines(&lines.iter().map(String::as_str).collect::<Vec<_>>())
    } else {
        kept
    }
}

/// Returns whether marked text is a forwarded mail. That is no history: the customer wants it to be read.
pub(super) fn is_forward(marked: &str) -> bool {
    marked
        .lines()
        .map(str::trim)
        .find(|line| !line.is_empty())
        .is_some_and(|line| line.contains("Forwarded message"))
}

fn kept(lines: &[String]) -> Vec<&str> {
    let mut kept = Vec::new();
    let mut at = 0;
    while let Some(line) = lines.get(at) {
        let quoted = line.starts_with('>');
        if let Some(next) = attribution(&lines[at..]) {
            // Whoever answers below the quotation introduces it too: then only the quotation goes.
            let below = lines[at + next..].iter().find(|line| !line.is_empty());
            if !below.is_some_and(|line| line.starts_with('>')) {
                break;
            }
            at += next;
        } else if is_separator(line) || is_header_block(&lines[at..]) || is_signature(line) {
            break;
        } else {
            if !quoted && !is_device_line(line) {
                kept.push(line.as_str());
            }
            at += 1;
        }
    }
    // Outlook draws a line of underscores above the header block.
    while kept.last().is_some_and(|line| line.chars().all(|c| matches!(c, '_' | '-' | '─' | '*'))) {
        kept.pop();
    }
    kept
}

/// How many lines an attribution takes that starts here, if one does. Mail programs wrap it, so up to three.
fn attribution(lines: &[String]) -> Option<usize> {
    let first = lines.first()?.to_lowercase();
    let (_, verbs) = ATTRIBUTIONS.iter().find(|(word, _)| first.starts_with(word))?;
    let mut whole = String::new();
    for (count, line) in lines.iter().take(3).take_while(|line| !line.is_empty()).enumerate() {
        whole.push_str(&line.to_lowercase());
        whole.push(' ');
        let ends = whole.trim_end().ends_with(':');
        // A date has digits; "On the phone your colleague wrote:" has none.
        if ends && whole.len() <= 300 && whole.contains(|c: char| c.is_ascii_digit()) {
            return verbs.iter().any(|verb| whole.contains(verb)).then_some(count + 1);
        }
    }
    None
}

fn is_separator(line: &str) -> bool {
    let lower = line.to_lowercase();
    let dashed = lower.starts_with("--") && SEPARATORS.iter().any(|words| lower.contains(words));
    dashed || lower.starts_with("##- ")
}

fn is_header_block(lines: &[String]) -> bool {
    let name = |line: &String| -> Option<String> {
        // Rendered bold: `*From:*`.
        let line = line.trim_start_matches('*');
        line.split_once(':').map(|(name, _)| name.trim().to_lowercase())
    };
    let Some(sender) = lines.first().and_then(name) else { return false };
    let follow = || lines[1..].iter().filter(|line| !line.is_empty()).take(4);
    SENDERS.contains(&sender.as_str())
        && follow().filter_map(name).filter(|name| HEADERS.contains(&name.as_str())).count() >= 2
}

fn is_signature(line: &str) -> bool {
    line == "--" || line == "—"
}

fn is_device_line(line: &str) -> bool {
    let lower = line.to_lowercase();
    let starts = DEVICE_LINES.iter().any(|start| lower.starts_with(start));
    // "Von meinem Konto wurde doppelt abgebucht" is a customer's sentence.
    let german = lower.starts_with("von meinem ") && !lower.trim_end_matches('.').ends_with(" gesendet");
    starts && !german && line.chars().count() <= 60
}

/// One line without white space at its ends, runs of it folded, invisible characters dropped.
fn folded(line: &str) -> String {
    let visible: String = line
        .chars()
        .filter(|c| !matches!(c, '\u{200b}'..='\u{200f}' | '\u{feff}' | '\u{2060}' | '\0'))
        .collect();
    visible.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn fold_blank_lines(lines: &[&str]) -> String {
    let mut out = String::new();
    for line in lines {
        if line.is_empty() && (out.is_empty() || out.ends_with("\n\n")) {
            continue;
        }
        out.push_str(line);
        out.push('\n');
    }
    out.trim().to_owned()
}
