//! A question to a service of one's own: a number found in the ticket, put into a fixed address.
//!
//! The host is written in the rulebook and nowhere else. What is found in the ticket becomes part of the path or the
//! query, percent-encoded, so that no ticket can choose who is asked. Asking is the driver's business.

use deskbridge_connectors::Ticket;
use deskbridge_connectors::ticket::Author;

use crate::diagnostics::yaml::{Node, Problems, Value};
use crate::rulebook::condition::{Pattern, warn_if_changed};
use crate::rulebook::template::Template;

/// A number longer than this is none.
const MOST_FOUND: usize = 128;

/// What is asked, and what is made of the answer.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::rulebook) struct Question {
    /// As written, with its `{{ … }}`.
    pub(in crate::rulebook) url: String,
    pub(in crate::rulebook) host: String,
    pub(in crate::rulebook) encrypted: bool,
    /// What is sought in the ticket, by name.
    sought: Vec<(String, Pattern)>,
    pub(in crate::rulebook) note: Template,
}

impl Question {
    pub(super) fn read(node: &Node, problems: &mut Problems) -> Option<Self> {
        let entries = problems.entries(node, "`lookup`");
        let (mut url, mut note, mut sought) = (None, None, Vec::new());
        for (key, value) in entries {
            let text = problems.word(value, &format!("`lookup.{}`", key.name))?;
            match key.name.as_str() {
                "url" => url = Some((value.at, text.trim().to_owned())),
                "note" => note = Some(Template::new(text)),
                name => match Pattern::new(text) {
                    Ok(pattern) => {
                        warn_if_changed(value.at, text, problems);
                        sought.push((key.at, name.to_owned(), pattern));
                    }
                    Err(message) => problems.error(value.at, message),
                },
            }
        }
        if url.is_none() || note.is_none() {
            if matches!(node.value, Value::Map(_) | Value::Null) {
                problems.error(node.at, "`lookup` needs `url` and `note`");
            }
            return None;
        }
        let ((at, url), note) = (url?, note?);
        let (host, encrypted) = match address(&url) {
            Ok(parts) => parts,
            Err(message) => {
                problems.error(at, message);
                return None;
            }
        };
        let used = names(&url);
        for name in &used {
            if !sought.iter().any(|(_, known, _)| known == name) {
                let help = format!("add what to seek in the ticket: {name}: \"#?(\\\\d{{5,}})\"");
                problems.error_with(at, format!("nothing says where `{name}` comes from"), Some(help));
            }
        }
        for (at, name, _) in &sought {
            if !used.contains(&name.as_str()) {
                problems
                    .error(*at, format!("the address does not use `{name}`; write {{{{ {name} }}}} into it"));
            }
        }
        let sought = sought.into_iter().map(|(_, name, pattern)| (name, pattern)).collect();
        Some(Self { host, encrypted, sought, note, url: url.clone() })
    }

    /// The address for one ticket.
    ///
    /// # Errors
    /// What is not in the ticket.
    pub(in crate::rulebook) fn address(&self, ticket: &Ticket) -> Result<String, String> {
        let mut filled = String::with_capacity(self.url.len() + 16);
        let mut rest = self.url.as_str();
        while let Some((before, name, after)) = placeholder(rest) {
            filled.push_str(before);
            filled.push_str(&encoded(self.find(name, ticket)?));
            rest = after;
        }
        filled.push_str(rest);
        Ok(filled)
    }

    fn find<'t>(&self, name: &str, ticket: &'t Ticket) -> Result<&'t str, String> {
        let nothing = || format!("the ticket has no `{name}`");
        let (_, pattern) = self.sought.iter().find(|(known, _)| known == name).ok_or_else(nothing)?;
        let wrote = ticket.messages.iter().filter(|one| one.author == Author::Customer && one.public);
        std::iter::once(ticket.subject.as_str())
            .chain(wrote.map(|message| message.text.as_str()))
            .find_map(|text| pattern.capture(text))
            // Dots alone would climb out of the path, encoded or not.
            .filter(|found| found.len() <= MOST_FOUND && found.chars().any(|c| c != '.'))
            .ok_or_else(nothing)
    }
}

/// The host, and whether the line is encrypted.
fn address(url: &str) -> Result<(String, bool), &'static str> {
    const SHAPE: &str =
        "`lookup.url` is https://, a fixed host and a path, as in https://orders.example/api/{{ order }}";
    let (encrypted, rest) = match url.split_once("://") {
        Some(("https", rest)) => (true, rest),
        Some(("http", rest)) => (false, rest),
        _ => return Err(SHAPE),
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if authority.contains(['{', '@', '\\']) {
        return Err("the host of `lookup.url` is fixed: no template and no credentials before the path");
    }
    let uri: http::Uri = filled_with_noughts(url).parse().map_err(|_| SHAPE)?;
    let host = uri.host().filter(|host| !host.is_empty()).ok_or(SHAPE)?;
    Ok((host.trim_matches(['[', ']']).to_ascii_lowercase(), encrypted))
}

fn filled_with_noughts(url: &str) -> String {
    let mut rest = url;
    let mut filled = String::new();
    while let Some((before, _, after)) = placeholder(rest) {
        filled.push_str(before);
        filled.push('0');
        rest = after;
    }
    filled + rest
}

/// The next `{{ name }}`, with what stands before and after it.
fn placeholder(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once("{{")?;
    let (name, after) = rest.split_once("}}")?;
    Some((before, name.trim(), after))
}

fn names(url: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = url;
    while let Some((_, name, after)) = placeholder(rest) {
        found.push(name);
        rest = after;
    }
    found
}

/// Percent-encodes everything but unreserved characters.
/// <https://www.rfc-editor.org/rfc/rfc3986#section-2.3>
fn encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                char::from(byte).to_string()
            }
            byte => format!("%{byte:02X}"),
        })
        .collect()
}
