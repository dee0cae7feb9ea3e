//! Cuts what was said before from what is said now, and reads what was forwarded.
//!
//! A message is a sequence of turns: what the customer writes, then maybe a mail that is quoted or forwarded, and so on.
//! Each turn is found by the shape of the lines that introduce it ([`super::shape`]). It never returns nothing for
//! something: where a cut would leave no text, there was nothing to cut.

use super::About;
use super::closing::{is_postscript, signature};
use super::lines::{Line, Part, substance};
use super::notices::{behind_banners, is_device, last_written};
use super::shape::{announcement, attribution, headers, labelled};
use super::words::{self, Prefix};

/// Mails forwarded inside each other, at most.
const FORWARDS: usize = 8;
/// So few words above a forwarded mail say nothing but that it is one.
const FEW_WORDS: usize = 3;
/// A longer text is a message of its own, whatever it points to.
const MANY_WORDS: usize = 40;

/// Where an older mail begins.
#[derive(Clone, Copy, Debug)]
struct Turn {
    /// The first line that introduces it.
    start: usize,
    /// The line behind the last one that introduces it.
    body: usize,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// "On … wrote:", with the quotation below.
    Attribution { quoted: bool },
    /// Header lines; `certain` where their shape leaves no doubt, `forwarded` where something announces a forward.
    Headers { certain: bool, forwarded: bool },
    /// A mark that says no more.
    Mark,
}

/// The text that the customer wants read.
pub(super) fn read(lines: &[Line<'_>], about: About<'_>) -> String {
    let kept = fold(&kept(lines, about));
    if kept.is_empty() { whole(lines) } else { kept }
}

/// Every line, for a message in which nothing else stands.
fn whole(lines: &[Line<'_>]) -> String {
    let mut out = String::new();
    for line in lines {
        if line.depth > 0 && !line.is_blank() {
            out.push_str("> ");
        }
        out.push_str(line.text);
        out.push('\n');
    }
    out.trim().to_owned()
}

fn kept<'t>(lines: &[Line<'t>], about: About<'_>) -> Vec<&'t str> {
    let mut kept = Vec::new();
    let (mut at, mut inside, mut forwards) = (0, Inside::default(), 0);
    loop {
        let turn = next_turn(lines, at, inside);
        let end = turn.map_or(lines.len(), |turn| turn.start);
        let own: Vec<Line<'t>> = own(&lines[at..end], inside, about);
        let trimmed = trimmed(&own);
        let introduces = introduces(&trimmed, about);
        kept.extend(trimmed.iter().map(|line| line.text));
        kept.push("");
        let Some(turn) = turn else { break };
        match turn.kind {
            // Answers may stand between quotations and below them.
            Kind::Attribution { quoted: true } => at = turn.body,
            Kind::Attribution { quoted: false } => {
                if !kept.iter().all(|line| line.is_empty()) {
                    break;
                }
                return Vec::new();
            }
            Kind::Headers { certain, forwarded } => {
                let nothing = kept.iter().all(|line| line.is_empty());
                let form = introduces == Introduction::Form && !forwarded;
                let forward = forwarded
                    || nothing
                    || introduces == Introduction::Said
                    || certain && introduces == Introduction::Few;
                let line = &lines[turn.start];
                if !(form || forward) && line.depth > inside.depth {
                    // A quotation with its own header lines: answers may stand below it.
                    at = turn.body;
                    continue;
                }
                if !(form || forward) || forwards >= FORWARDS {
                    break;
                }
                if form {
                    kept.extend(lines[turn.start..turn.body].iter().map(|line| line.text));
                } else {
                    drop_announcement(&mut kept);
                }
                forwards += 1;
                (at, inside) = (turn.body, Inside { depth: line.depth, part: line.part });
            }
            Kind::Mark => {
                if kept.iter().all(|line| line.is_empty()) && forwards < FORWARDS {
                    forwards += 1;
                    at = turn.body;
                } else {
                    break;
                }
            }
        }
    }
    kept
}

/// Takes off a last line that only announces the mail below it: "Begin forwarded message:".
fn drop_announcement(kept: &mut Vec<&str>) {
    let last = kept.iter().rposition(|line| !line.is_empty());
    let announces =
        |line: &str| line.ends_with([':', '：']) && line.len() <= 80 && words::names_forward(line);
    if let Some(at) = last.filter(|at| announces(kept[*at])) {
        kept.truncate(at);
    }
}

/// What the lines above a header block say of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Introduction {
    /// They are a message of their own: the block is history.
    None,
    /// They, or the subject, say that it is a forwarded mail.
    Said,
    /// They are so few words that they say no more than that.
    Few,
    /// They say that a form sent it.
    Form,
}

fn introduces(own: &[Line<'_>], about: About<'_>) -> Introduction {
    let said = substance(own, MANY_WORDS + 1);
    let text = || own.iter().map(|line| line.text).collect::<Vec<_>>().join(" ");
    let prefix = words::prefix(about.subject).filter(|_| about.is_first);
    if prefix == Some(Prefix::Reply) {
        return Introduction::None;
    }
    if said <= MANY_WORDS && said > 0 && words::names_form(&text()) {
        return Introduction::Form;
    }
    let last = own.iter().rev().find(|line| !line.is_blank());
    let points = said <= MANY_WORDS
        && (words::points_below(&text()) || last.is_some_and(|line| line.text.ends_with([':', '：'])));
    match prefix {
        Some(Prefix::Forward) => Introduction::Said,
        _ if points => Introduction::Said,
        _ if said <= FEW_WORDS && about.is_first => Introduction::Few,
        _ => Introduction::None,
    }
}

/// Where the text that is read stands: deeper than this is quoted, and another part is not the message's own.
#[derive(Clone, Copy, Debug, Default)]
struct Inside {
    depth: u8,
    part: Part,
}

/// The lines of the customer's own: not quoted, and not in an element that holds history.
fn own<'t>(lines: &[Line<'t>], inside: Inside, about: About<'_>) -> Vec<Line<'t>> {
    let mut own: Vec<Line<'t>> = Vec::new();
    // "Your page says:" introduces what a first message quotes to make its point.
    let may_cite = about.is_first && words::prefix(about.subject).is_none();
    let (mut quotes, mut cites) = (false, false);
    for line in lines {
        match line.part {
            part if part == inside.part => {}
            Part::History => continue,
            Part::Answered => {
                quotes |= line.depth > inside.depth;
                if !quotes {
                    continue;
                }
            }
            Part::Message | Part::Signature => quotes = false,
        }
        if line.depth <= inside.depth {
            // A blank line between quoted ones is not quoted everywhere.
            cites = line.text.ends_with([':', '：']) || cites && line.is_blank();
            own.push(*line);
        } else if may_cite && cites {
            own.push(*line);
        }
    }
    own
}

/// The lines without banner, signature, notices and lines of devices.
fn trimmed<'t>(own: &[Line<'t>]) -> Vec<Line<'t>> {
    let lines = &own[behind_banners(own)..];
    let lines = &lines[..last_written(lines)];
    let Some(end) = signature(lines) else { return without_rulers(lines) };
    let mut kept = without_rulers(&lines[..last_written(&lines[..end])]);
    if let Some(postscript) = lines[end..].iter().position(|line| is_postscript(line.text)) {
        let said = lines[end + postscript..].iter().take_while(|line| !line.is_blank());
        kept.extend(said.copied());
    }
    kept
}

fn without_rulers<'t>(lines: &[Line<'t>]) -> Vec<Line<'t>> {
    lines.iter().filter(|line| !line.is_ruler() && !is_device(line.text)).copied().collect()
}

/// The next older mail in these lines. Quoted lines are looked at only for a forwarded mail inside a quotation.
fn next_turn(lines: &[Line<'_>], from: usize, inside: Inside) -> Option<Turn> {
    // The last line before this one that is not blank.
    let mut above: Option<&Line<'_>> = lines[..from].iter().rev().find(|line| !line.is_blank());
    for (at, line) in lines.iter().enumerate().skip(from).filter(|(_, line)| !line.is_blank()) {
        let above = above.replace(line);
        if line.divided && at > from && above.is_none_or(|above| !above.divided) {
            return Some(marked(lines, at));
        }
        if matches!(line.part, Part::History | Part::Answered) && line.part != inside.part {
            // The element holds history, unless it begins with what announces a forwarded mail.
            let begins = above.is_none_or(|above| above.part != line.part);
            if begins && let Some(turn) = forward(lines, at) {
                return Some(turn);
            }
            continue;
        }
        if line.depth > inside.depth {
            let begins = at == from || above.is_none_or(|above| above.depth <= inside.depth);
            if begins && let Some(turn) = quoted_forward(lines, at) {
                return Some(turn);
            }
            continue;
        }
        if let Some(turn) = introduced(lines, at, from) {
            return Some(turn);
        }
    }
    None
}

/// The older mail that the lines from this one on introduce.
fn introduced(lines: &[Line<'_>], at: usize, from: usize) -> Option<Turn> {
    let line = &lines[at];
    if let Some(start) = attribution(lines, at).filter(|start| *start >= from) {
        let below = lines[at + 1..].iter().find(|line| !line.is_blank());
        let quoted = below.is_some_and(|below| below.depth > line.depth);
        return Some(Turn { start, body: at + 1, kind: Kind::Attribution { quoted } });
    }
    if let Some(turn) = announced(lines, at) {
        return Some(turn);
    }
    if line.text.starts_with("##") && line.text.ends_with("##") {
        return Some(Turn { start: at, body: at + 1, kind: Kind::Attribution { quoted: false } });
    }
    let ruled = line.divided
        || at > from
            && lines[from..at].iter().rev().find(|line| !line.is_blank()).is_some_and(Line::is_ruler);
    let block = headers(lines, at, ruled)?;
    Some(Turn {
        start: at,
        body: block.end,
        kind: Kind::Headers { certain: block.certain, forwarded: false },
    })
}

/// An announcement between dashes, with the header block or the attribution below it.
fn announced(lines: &[Line<'_>], at: usize) -> Option<Turn> {
    let words = announcement(lines[at].text)?;
    let original = words::names_original(words);
    let next = (at + 1..lines.len()).find(|next| !lines[*next].is_blank())?;
    let block = headers(lines, next, true);
    let single = labelled(lines[next].text)
        .is_some_and(|(label, _)| words::is_sender(label) || words::is_header(label));
    if let Some(block) = block {
        return Some(Turn {
            start: at,
            body: block.end,
            kind: Kind::Headers { certain: block.certain, forwarded: !original },
        });
    }
    if !(original || words::names_forward(words)) {
        return None;
    }
    let mut body = next;
    while single && lines.get(body).is_some_and(|line| labelled(line.text).is_some()) {
        body += 1;
    }
    let kind = Kind::Headers { certain: false, forwarded: !original };
    // "On … wrote:" below it says the same again.
    let wrote = (next..lines.len()).take(3).find(|end| attribution(lines, *end).is_some());
    Some(Turn { start: at, body: wrote.map_or(body, |end| end + 1), kind })
}

/// A forwarded mail at the beginning of an element that otherwise holds history.
fn forward(lines: &[Line<'_>], at: usize) -> Option<Turn> {
    announced(lines, at).filter(|turn| matches!(turn.kind, Kind::Headers { forwarded: true, .. }))
}

/// A forwarded mail that is quoted whole: its header block stands at the beginning of the quotation.
fn quoted_forward(lines: &[Line<'_>], at: usize) -> Option<Turn> {
    let beginning = (at..lines.len()).filter(|next| !lines[*next].is_blank()).take(3);
    let mut forwarded = false;
    for start in beginning {
        if lines[start].depth != lines[at].depth {
            return None;
        }
        if let Some(block) = headers(lines, start, true) {
            return Some(Turn {
                start: at,
                body: block.end,
                kind: Kind::Headers { certain: true, forwarded },
            });
        }
        if attribution(lines, start).is_some() {
            return None;
        }
        forwarded |= words::names_forward(lines[start].text) && !words::names_original(lines[start].text);
    }
    None
}

/// What stands behind an element that divides a mail.
fn marked(lines: &[Line<'_>], at: usize) -> Turn {
    match headers(lines, at, true) {
        Some(block) => Turn {
            start: at,
            body: block.end,
            kind: Kind::Headers { certain: block.certain, forwarded: false },
        },
        None => Turn { start: at, body: at, kind: Kind::Mark },
    }
}

/// Joins lines, with no more than one blank line in a row.
fn fold(lines: &[&str]) -> String {
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
