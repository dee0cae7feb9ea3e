//! What a cluster's tickets say and others do not: its distinctive words, and a name made of them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Shorter words of Latin letters say little.
const SHORTEST: usize = 3;
/// A distinctive word is this many times as common here as elsewhere.
const RARER: f64 = 3.0;
/// A name has at most so many words.
const NAME_WORDS: usize = 2;

/// By cluster: its words, the most distinctive first. A word counts by how many of the cluster's tickets hold it, and by
/// how many times more often that is than elsewhere: what everybody writes is as common here as there and drops out.
pub(super) fn distinctive(texts: &[&str], clusters: &[Option<usize>], most: usize) -> Vec<Vec<String>> {
    let count = clusters.iter().flatten().max().map_or(0, |last| last + 1);
    let mut sizes = vec![0usize; count];
    let mut holding: HashMap<String, (usize, Vec<(usize, usize)>)> = HashMap::new();
    for (text, cluster) in texts.iter().zip(clusters) {
        if let Some(at) = cluster {
            sizes[*at] += 1;
        }
        for word in words(text) {
            let (all, by) = holding.entry(word).or_default();
            *all += 1;
            if let Some(at) = cluster {
                match by.iter_mut().find(|(known, _)| known == at) {
                    Some((_, n)) => *n += 1,
                    None => by.push((*at, 1)),
                }
            }
        }
    }
    let mut scored: Vec<Vec<(f64, String)>> = vec![Vec::new(); count];
    for (word, (all, by)) in holding {
        for (at, here) in by {
            // One ticket's word is nobody else's.
            if here < 2 {
                continue;
            }
            let own = here as f64 / sizes[at] as f64;
            let elsewhere = (all - here) as f64 + 1.0;
            let others = elsewhere / (texts.len() - sizes[at]).max(1) as f64;
            let times = own / others;
            if times >= RARER {
                scored[at].push((own * times.ln(), word.clone()));
            }
        }
    }
    scored
        .into_iter()
        .map(|mut words| {
            words.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
            let mut kept: Vec<String> = Vec::new();
            for (_, word) in words {
                if kept.len() < most && !kept.iter().any(|known| alike(known, &word)) {
                    kept.push(word);
                }
            }
            kept
        })
        .collect()
}

/// Names for clusters of these words, no two the same.
pub(super) fn names<'a>(clusters: impl Iterator<Item = &'a [String]>) -> Vec<String> {
    let mut taken = BTreeSet::new();
    let mut names = Vec::new();
    for (at, words) in clusters.enumerate() {
        let of = |n: usize| words.iter().take(n).cloned().collect::<Vec<_>>().join("_");
        let longer =
            (NAME_WORDS..=words.len()).map(of).find(|name| !name.is_empty() && !taken.contains(name));
        let name = longer.unwrap_or_else(|| {
            let base = if words.is_empty() { "kind".to_owned() } else { of(NAME_WORDS) };
            format!("{base}_{}", at + 1)
        });
        taken.insert(name.clone());
        names.push(name);
    }
    names
}

/// The different words of a text, in small letters; placeholders of what was redacted, and numbers, are none.
fn words(text: &str) -> BTreeSet<String> {
    let mut counted = BTreeMap::new();
    for part in text.split(|c: char| c.is_whitespace()) {
        // `[email]` and the like stand for what was there.
        if part.starts_with('[') || part.contains(['@', '/']) {
            continue;
        }
        for word in part.split(|c: char| !c.is_alphanumeric() && c != '\'' && c != '’') {
            let word = word.trim_matches(['\'', '’']).to_lowercase();
            let letters = word.chars().filter(|c| c.is_alphabetic()).count();
            let enough = if word.is_ascii() { letters >= SHORTEST } else { letters >= 1 };
            if enough && letters * 2 > word.chars().count() {
                *counted.entry(word).or_insert(0) += 1;
            }
        }
    }
    counted.into_keys().collect()
}

/// Whether two words are forms of one: most of the shorter begins both.
fn alike(a: &str, b: &str) -> bool {
    let common = a.chars().zip(b.chars()).take_while(|(x, y)| x == y).count();
    let shorter = a.chars().count().min(b.chars().count());
    common >= 4 && common * 4 >= shorter * 3
}
