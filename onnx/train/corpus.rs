//! Tickets files, read and checked: what a model is trained or measured on.
//!
//! CSV with a header or JSON Lines, told apart by the file's name. Of several files a later one may say something else about
//! a ticket of an earlier one, and is then believed. Everything wrong is reported at once, by row and
//! column, because a file of ten thousand rows is mended in a spreadsheet, not one error at a time.
//! Never repairs anything in silence.

mod read;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use super::problem::Problem;
use crate::normalise::text_of;
use crate::prediction::{HeadKind, OUT_OF_SCOPE};

/// Fewer examples than folds: the label would be missing from some of them.
pub(crate) const FEWEST_EXAMPLES: usize = 5;
/// Columns of a tickets file that are no heads.
const RESERVED: [&str; 7] = ["id", "subject", "body", "created_at", "requester", "language", "synthetic"];

/// One ticket, as far as a model sees it.
#[derive(Clone, Debug)]
pub(crate) struct Example {
    pub(crate) id: String,
    pub(crate) text: String,
}

/// One question, and each example's answer to it.
#[derive(Clone, Debug)]
pub(crate) struct HeadData {
    pub(crate) name: String,
    pub(crate) kind: HeadKind,
    /// Sorted, so that the order of rows does not show in the model.
    pub(crate) labels: Vec<String>,
    /// Per example: its labels' places in `labels`; none where the example does not say.
    pub(crate) answers: Vec<Option<Vec<usize>>>,
}

/// Everything there is to learn from.
#[derive(Clone, Debug)]
pub(crate) struct Corpus {
    pub(crate) examples: Vec<Example>,
    pub(crate) heads: Vec<HeadData>,
    /// Places of the examples that no label is for: a head says `out_of_scope`, or no head says anything.
    pub(crate) strangers: Vec<usize>,
}

/// Reads and checks.
///
/// # Errors
/// Every problem found.
pub(crate) fn load(files: &[PathBuf], single: &[String], multi: &[String]) -> Result<Corpus, Vec<Problem>> {
    let mut problems = Vec::new();
    let heads = heads_of(single, multi, &mut problems);
    let mut rows = Vec::new();
    for file in files {
        let mut told = Vec::new();
        let later = read::rows(file, &heads, &mut told);
        // A file that corrects another need not answer every head.
        told.retain(|problem: &Problem| rows.is_empty() || problem.what != read::NO_SUCH_KEY);
        problems.append(&mut told);
        supersede(&mut rows, later);
    }
    if files.is_empty() {
        problems.push(Problem::general("no tickets file given; name one with --tickets"));
    }
    check_rows(&rows, &mut problems);
    let strange: Vec<bool> = rows.iter().map(|row| is_strange(row, &heads)).collect();
    let of = |n: usize| {
        rows.iter().zip(&strange).map(move |(row, strange)| row.answers[n].as_deref().filter(|_| !strange))
    };
    let data: Vec<HeadData> =
        heads.iter().enumerate().map(|(n, (name, kind))| gather(name, *kind, of(n))).collect();
    // Counting labels of files that could not be read would blame the wrong thing.
    if problems.is_empty() {
        data.iter().for_each(|head| check_labels(head, &mut problems));
    }
    let examples = rows.into_iter().map(|row| Example { id: row.id, text: row.text }).collect();
    let strangers = (0..strange.len()).filter(|n| strange[*n]).collect();
    if problems.is_empty() { Ok(Corpus { examples, heads: data, strangers }) } else { Err(problems) }
}

/// Reads the texts of tickets files, whatever labels they have.
///
/// # Errors
/// Every problem found.
pub(crate) fn unlabelled(files: &[PathBuf]) -> Result<Vec<Example>, Vec<Problem>> {
    let (mut problems, mut rows) = (Vec::new(), Vec::new());
    for file in files {
        let later = read::rows(file, &[], &mut problems);
        supersede(&mut rows, later);
    }
    check_rows(&rows, &mut problems);
    let examples = rows.into_iter().map(|row| Example { id: row.id, text: row.text });
    if problems.is_empty() { Ok(examples.collect()) } else { Err(problems) }
}

/// One ticket to measure a model on.
#[derive(Clone, Debug)]
pub(crate) struct Measured {
    pub(crate) text: String,
    /// By head's name, its labels; none where the file does not say.
    pub(crate) answers: BTreeMap<String, Vec<String>>,
    /// Whether the file says that no label is for it.
    pub(crate) out_of_scope: bool,
}

/// Reads tickets to measure on, with those of the heads that the file has a column for.
///
/// # Errors
/// Every problem found.
pub(crate) fn measured(
    file: &Path,
    heads: &[(String, HeadKind)],
) -> Result<(Vec<Measured>, Vec<String>), Vec<Problem>> {
    let columns = read::columns(file);
    let (there, missing): (Vec<_>, Vec<_>) =
        heads.iter().cloned().partition(|(name, _)| columns.contains(name));
    let mut problems = Vec::new();
    let rows = read::rows(file, &there, &mut problems);
    check_rows(&rows, &mut problems);
    if !problems.is_empty() {
        return Err(problems);
    }
    let tickets = rows.into_iter().map(|row| {
        let out_of_scope = row.answers.iter().flatten().flatten().any(|label| label == OUT_OF_SCOPE);
        let named = there.iter().map(|(name, _)| name.clone()).zip(row.answers);
        let answers = named.filter_map(|(name, answer)| Some((name, answer?))).collect();
        Measured { text: row.text, answers, out_of_scope }
    });
    Ok((tickets.collect(), missing.into_iter().map(|(name, _)| name).collect()))
}

fn is_strange(row: &read::Row, heads: &[(String, HeadKind)]) -> bool {
    let given = || row.answers.iter().flatten().flatten();
    let unlabelled = heads.iter().any(|(_, kind)| *kind == HeadKind::Single) && given().next().is_none();
    unlabelled || given().any(|label| label == OUT_OF_SCOPE)
}

fn heads_of(single: &[String], multi: &[String], problems: &mut Vec<Problem>) -> Vec<(String, HeadKind)> {
    let mut seen = BTreeSet::new();
    let mut heads = Vec::new();
    let kinds = [(single, HeadKind::Single), (multi, HeadKind::Multi)];
    for (name, kind) in kinds.iter().flat_map(|(names, kind)| names.iter().map(move |name| (name, *kind))) {
        if name == OUT_OF_SCOPE {
            problems.push(Problem::general(format!(
                "`{name}` is what a head says of a ticket it has no label for, and cannot be a head"
            )));
        } else if RESERVED.contains(&name.as_str()) {
            problems
                .push(Problem::general(format!("`{name}` is a ticket's own column and cannot be a head")));
        } else if !seen.insert(name) {
            problems.push(Problem::general(format!("head `{name}` is named twice")));
        } else {
            heads.push((name.clone(), kind));
        }
    }
    if seen.is_empty() {
        problems.push(Problem::general("no head to train; name one with --single or --multi"));
    }
    heads
}

/// Adds the rows of another file. One with an earlier file's id is a second opinion on that ticket: what it says of a head
/// counts, and where it says nothing the earlier answer stays. An id twice in one file stays the mistake it is.
fn supersede(rows: &mut Vec<read::Row>, later: Vec<read::Row>) {
    let mut known: HashMap<String, usize> =
        rows.iter().enumerate().map(|(at, row)| (row.id.clone(), at)).collect();
    for row in later {
        let Some(earlier) = known.remove(&row.id).filter(|_| !row.id.is_empty()) else {
            rows.push(row);
            continue;
        };
        let earlier = &mut rows[earlier];
        for (answer, second) in earlier.answers.iter_mut().zip(row.answers) {
            *answer = second.or(answer.take());
        }
        if !row.text.is_empty() {
            earlier.text = row.text;
        }
    }
}

fn check_rows(rows: &[read::Row], problems: &mut Vec<Problem>) {
    let mut first: HashMap<&str, &read::Row> = HashMap::new();
    for row in rows {
        if row.text.is_empty() {
            problems
                .push(row.problem("no text: subject and body are both empty; fill one or remove the row"));
        }
        if row.id.is_empty() {
            problems.push(row.problem("no id; give every ticket its own").column("id"));
        } else if let Some(earlier) = first.insert(&row.id, row) {
            let what = format!("id `{}` is also in {}:{}", row.id, earlier.file.display(), earlier.line);
            problems.push(row.problem(&what).column("id"));
        }
    }
}

fn gather<'a>(
    name: &str,
    kind: HeadKind,
    answers: impl Iterator<Item = Option<&'a [String]>> + Clone,
) -> HeadData {
    let labels: BTreeSet<&String> = answers.clone().flatten().flatten().collect();
    let labels: Vec<String> = labels.into_iter().cloned().collect();
    let place = |label: &String| labels.binary_search(label).ok();
    let answers = answers
        .map(|given| {
            given.map(|given| given.iter().filter_map(place).collect::<BTreeSet<_>>().into_iter().collect())
        })
        .collect();
    HeadData { name: name.into(), kind, labels, answers }
}

fn check_labels(head: &HeadData, problems: &mut Vec<Problem>) {
    let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
    for label in head.answers.iter().flatten().flatten() {
        *counts.entry(*label).or_default() += 1;
    }
    let mut say = |what: String| problems.push(Problem::general(what).column(&head.name));
    let least = if head.kind == HeadKind::Single { 2 } else { 1 };
    if head.labels.len() < least {
        say(format!("{} different labels, at least {least} are needed", head.labels.len()));
    }
    let answered = head.answers.iter().flatten().count();
    for (label, n) in counts {
        let label = &head.labels[label];
        if n < FEWEST_EXAMPLES {
            say(format!(
                "label `{label}` has {n} examples, at least {FEWEST_EXAMPLES} are needed; add some, or merge it into another"
            ));
        } else if head.kind == HeadKind::Multi && answered - n < FEWEST_EXAMPLES {
            say(format!(
                "label `{label}` is on all but {} tickets, so there is nothing to tell it from",
                answered - n
            ));
        }
    }
}

pub(crate) fn text(subject: &str, body: &str) -> String {
    text_of(subject, body)
}
