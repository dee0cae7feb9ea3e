//! What our own writing leaves on a ticket and how it is known again: an answer by its words, a follower that the
//! platform has no word for by a note and a tag, and which word on a tag is the last.
//!
//! Shared by the platforms, because none of them knows an idempotency key. It never reads more than it is given.

use std::collections::BTreeSet;

use crate::directory::Directory;
use crate::plan::{Effect, Note, Party, Plan, Reply};
use crate::ticket::{Status, Tag, Ticket};

/// An answer at least this long is known again even with a signature behind it. In bytes, without white space.
const UNMISTAKABLE: usize = 40;

/// Tags of followers are kept this short: 32 characters is the least that a platform takes.
const TAG: usize = 32;

/// How somebody follows a ticket where the platform has no followers: a private note names them, and a tag makes the
/// ticket findable in a view and says that the note was written.
pub(crate) struct Mention {
    pub(crate) note: Note,
    pub(crate) tag: Tag,
}

impl Mention {
    pub(crate) fn of(party: &Party) -> Self {
        let (Party::Group(name) | Party::Email(name)) = party;
        let tag: String = format!("cc-{}", slug(name)).chars().take(TAG).collect();
        let tag = tag.trim_end_matches('-').to_owned();
        let note = Note { text: format!("For the attention of {name}"), marker: format!("deskbridge:{tag}") };
        Self { note, tag }
    }
}

/// Lower-case letters and digits, with one `-` for whatever stands between them.
fn slug(name: &str) -> String {
    let words = name.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect::<Vec<_>>().join("-")
}

/// Whether a party is one that an account's people can be found under: a group by name, a person by an agent's address.
pub(crate) fn known(party: &Party, names: &Directory) -> Result<(), String> {
    match party {
        Party::Group(name) => names.group(name).map(drop).map_err(|unknown| unknown.to_string()),
        Party::Email(address) if names.agents.iter().any(|agent| is_at(agent.email.as_deref(), address)) => {
            Ok(())
        }
        Party::Email(address) => Err(format!(
            "`{address}` is no agent's address, and nobody else can follow a ticket on this platform; name an agent's \
             address or a group"
        )),
    }
}

/// Whether two addresses are one.
pub(crate) fn is_at(address: Option<&str>, wanted: &str) -> bool {
    address.is_some_and(|address| address.trim().eq_ignore_ascii_case(wanted.trim()))
}

/// Whether an answer may be sent to the customer at all.
pub(crate) fn may_reply(allowed: bool, reply: &Reply) -> Result<(), String> {
    if !allowed {
        return Err(
            "the account sends no public replies; set `allow_public_replies: true` to let it".to_owned()
        );
    }
    if reply.text.trim().is_empty() {
        return Err(format!("the answer `{}` has no text", reply.template));
    }
    Ok(())
}

/// Whether this ticket can still be answered.
pub(crate) fn answerable(on: &Ticket, done: &[Status]) -> Result<(), String> {
    if done.contains(&on.status) {
        Err("the ticket is closed; it is not answered".to_owned())
    } else {
        Ok(())
    }
}

/// Whether a message of a thread is this answer. White space and markup are left out, because every platform sets both
/// its own way; of a long answer the beginning will do, because some put a signature behind it.
pub(crate) fn is_reply(reply: &Reply, html: Option<&str>, plain: Option<&str>) -> bool {
    let wanted = squeezed(&reply.text);
    let is =
        |said: String| said == wanted || (wanted.len() >= UNMISTAKABLE && said.starts_with(wanted.as_str()));
    !wanted.is_empty()
        && (html.is_some_and(|html| is(squeezed(&unmarked(html))))
            || plain.is_some_and(|text| is(squeezed(text))))
}

fn squeezed(text: &str) -> String {
    text.replace('\u{a0}', "").split_whitespace().collect()
}

/// The text between tags, with the entities that [`crate::plain_text::to_html`] writes decoded.
fn unmarked(html: &str) -> String {
    let mut text = String::with_capacity(html.len());
    let mut inside = false;
    for c in html.chars() {
        match c {
            '<' => inside = true,
            '>' if inside => inside = false,
            c if !inside => text.push(c),
            _ => {}
        }
    }
    text.replace("&nbsp;", " ")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&#39;", "'")
        .replace("&amp;", "&")
}

/// For each effect of the plan the tags on which it has the last word: a tag that is added and removed in one plan is
/// what the later effect makes of it. `key` says when two tags are one.
pub(crate) fn last_words(plan: &Plan, key: impl Fn(&str) -> String) -> Vec<BTreeSet<Tag>> {
    let overruled = |at: usize, tag: &str| {
        plan.0[at + 1..].iter().any(|later| match (&plan.0[at], later) {
            (Effect::AddTags(_), Effect::RemoveTags(tags))
            | (Effect::RemoveTags(_), Effect::AddTags(tags)) => {
                tags.iter().any(|later| key(later) == key(tag))
            }
            _ => false,
        })
    };
    plan.0
        .iter()
        .enumerate()
        .map(|(at, effect)| match effect {
            Effect::AddTags(tags) | Effect::RemoveTags(tags) => {
                tags.iter().filter(|tag| !overruled(at, tag)).cloned().collect()
            }
            _ => BTreeSet::new(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plain_text::to_html;

    fn reply(text: &str) -> Reply {
        Reply { template: "ack".into(), text: text.into() }
    }

    #[test]
    fn an_answer_is_known_again_in_any_dress() {
        let text = "Hello \"Ines\" & co,\n\nwe look into it <today>.\n-- \nThe desk";
        let ours = reply(text);
        let html = to_html(text);
        assert!(is_reply(&ours, Some(&html), None));
        assert!(is_reply(
            &ours,
            Some(&format!("<div class=\"zd-comment\"><p>{html}</p><p>Sent by A</p></div>")),
            None
        ));
        assert!(is_reply(&ours, None, Some(&text.replace('\n', "\r\n"))));
        assert!(!is_reply(&ours, Some("<p>We look into it.</p>"), Some("We look into it.")));
        assert!(
            !is_reply(&reply("Thanks"), None, Some("Thanks for the invoice")),
            "short ones only as a whole"
        );
        assert!(!is_reply(&reply("  "), Some(""), Some("")));
    }

    #[test]
    fn a_follower_has_a_tag_that_every_platform_takes() {
        let tag = |name: &str| Mention::of(&Party::Group(name.to_owned())).tag;
        assert_eq!(tag("Technical Support (EMEA)"), "cc-technical-support-emea");
        assert_eq!(Mention::of(&Party::Email("Ada@Desk.example".into())).tag, "cc-ada-desk-example");
        assert!(tag("The group with the longest name that anybody ever gave to one").chars().count() <= TAG);
    }

    #[test]
    fn the_later_effect_has_the_last_word_on_a_tag() {
        let tags = |tags: &[&str]| tags.iter().map(|tag| (*tag).to_owned()).collect::<BTreeSet<_>>();
        let plan = Plan(vec![
            Effect::AddTags(tags(&["a", "b"])),
            Effect::RemoveTags(tags(&["B", "c"])),
            Effect::AddTags(tags(&["C"])),
        ]);
        let words = last_words(&plan, str::to_lowercase);
        assert_eq!(words, [tags(&["a"]), tags(&["B"]), tags(&["C"])]);
    }
}
