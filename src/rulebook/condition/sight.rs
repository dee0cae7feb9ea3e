//! Whether a condition holds for the facts, and what it saw.

use std::cell::OnceCell;
use std::time::Duration;

use deskbridge_connectors::ticket::Author;
use deskbridge_connectors::{FieldValue, RemoteId, Status};

use super::bound::in_words;
use super::pattern::{Pattern, digests};
use super::sieve::{Sieve, Sifted};
use super::{FieldTest, HeadTest, Test, chosen};
use crate::domain::texts::{TextPart, Texts};
use crate::rulebook::Facts;
use crate::rulebook::defaults::Defaults;
use crate::rulebook::names::{Kind, Names};

/// The facts, as conditions look at them: once for all rules of one decision.
pub(in crate::rulebook) struct Sight<'a> {
    facts: &'a Facts<'a>,
    defaults: Defaults,
    names: &'a Names,
    sieve: &'a Sieve,
    /// What may be in the subject, and in each message that the customer wrote.
    subject: OnceCell<Sifted>,
    wrote: OnceCell<Vec<(&'a str, Sifted)>>,
    /// The ticket's tags in lower case.
    tags: OnceCell<Vec<String>>,
}

impl<'a> Sight<'a> {
    pub(in crate::rulebook) fn new(
        facts: &'a Facts<'a>,
        defaults: Defaults,
        names: &'a Names,
        sieve: &'a Sieve,
    ) -> Self {
        let (subject, wrote, tags) = (OnceCell::new(), OnceCell::new(), OnceCell::new());
        Self { facts, defaults, names, sieve, subject, wrote, tags }
    }

    /// The labels that answer what is asked of a head.
    pub(in crate::rulebook) fn labels(&self, asked: &HeadTest) -> Vec<&'a str> {
        let scored = self.facts.prediction.heads.get(&asked.head);
        scored.map(|scored| asked.labels(scored, self.defaults)).unwrap_or_default()
    }

    /// Whether the condition holds.
    pub(in crate::rulebook) fn holds(&self, test: &Test) -> bool {
        let Facts { ticket, prediction, .. } = self.facts;
        match test {
            Test::Head(asked) => {
                prediction.heads.get(&asked.head).is_some_and(|scored| asked.holds(scored, self.defaults))
            }
            Test::Language { is, confidence } => {
                any(is, &prediction.language.code)
                    && confidence.is_none_or(|bound| bound.holds(prediction.language.confidence))
            }
            Test::Platform(platforms) => platforms.contains(&self.facts.platform),
            Test::Account(accounts) => accounts.iter().any(|account| account == self.facts.account),
            Test::Segment(segments) => self.facts.segment.is_some_and(|segment| any(segments, segment)),
            Test::Channel(channels) => ticket.channel.as_ref().is_some_and(|channel| any(channels, channel)),
            Test::Brand(brands) => brands.iter().any(|word| self.of_brand(word)),
            Test::Tag(tags) => tags.iter().any(|tag| self.tags().contains(tag)),
            Test::Field(asked) => self.field_holds(asked),
            Test::Status(of) => of.contains(&ticket.status),
            Test::Priority(of) => ticket.priority.is_some_and(|priority| of.contains(&priority)),
            Test::Group(groups) => groups.iter().any(|group| self.in_group(group)),
            Test::Requester { email, domain } => ticket.requester.email.as_deref().is_some_and(|address| {
                any(email, address) || domain_of(address).is_some_and(|of| any(domain, of))
            }),
            Test::Text { patterns, part } => self.found(patterns, *part).is_some(),
            Test::Contacts { count, within } => count.holds(self.contacts(*within)),
            Test::Hours(hours) => hours.holds(self.facts.now),
            Test::Age(bound) => self.age().is_some_and(|age| bound.holds(age)),
        }
    }

    /// What it saw, for `explain`. Never what a customer wrote, and no address.
    pub(in crate::rulebook) fn seen(&self, test: &Test) -> String {
        let Facts { ticket, prediction, .. } = self.facts;
        match test {
            Test::Head(asked) => self.head_seen(&asked.head),
            Test::Language { .. } => {
                format!("{} {:.2}", prediction.language.code, prediction.language.confidence)
            }
            Test::Platform(_) => self.facts.platform.to_string(),
            Test::Account(_) => self.facts.account.to_owned(),
            Test::Segment(_) => self.facts.segment.unwrap_or("no segment").to_owned(),
            Test::Channel(_) => ticket.channel.clone().unwrap_or_else(|| "no channel".to_owned()),
            Test::Brand(_) => {
                let name = |brand: &RemoteId| {
                    let known = self.facts.directory.brands.iter().find(|known| known.id == *brand);
                    known.map_or_else(|| brand.0.clone(), |known| known.name.clone())
                };
                ticket.brand.as_ref().map_or_else(|| "no brand".to_owned(), name)
            }
            Test::Tag(_) if ticket.tags.is_empty() => "no tags".to_owned(),
            Test::Tag(_) => ticket.tags.iter().cloned().collect::<Vec<_>>().join(", "),
            Test::Field(asked) => match self.field(&asked.field) {
                None => "not set".to_owned(),
                // A field may hold anything, also what a customer wrote: only what the rule names is shown.
                Some(_) => asked
                    .is
                    .iter()
                    .chain(&asked.is_not)
                    .find(|word| self.field_is(&asked.field, word))
                    .map_or_else(|| "set to something else".to_owned(), |word| format!("set to {word}")),
            },
            Test::Status(_) => status_word(ticket.status).to_owned(),
            Test::Priority(_) => {
                ticket.priority.map_or_else(|| "no priority".to_owned(), |priority| priority.to_string())
            }
            Test::Group(_) => match &ticket.group {
                None => "no group".to_owned(),
                Some(id) => {
                    let known = self.facts.directory.groups.iter().find(|group| group.id == *id);
                    known.map_or_else(|| id.0.clone(), |group| group.name.clone())
                }
            },
            Test::Requester { .. } => match ticket.requester.email.as_deref().and_then(domain_of) {
                Some(domain) => format!("an address at {domain}"),
                None => "no address".to_owned(),
            },
            Test::Text { patterns, part } => self
                .found(patterns, *part)
                .map_or_else(|| "not found".to_owned(), |place| format!("in {place}")),
            Test::Contacts { within, .. } => {
                format!("{} in {}", self.contacts(*within), in_words(*within))
            }
            Test::Hours(hours) => hours.seen(self.facts.now),
            Test::Age(_) => self.age().map_or_else(
                || "the platform does not say when it was opened".to_owned(),
                |age| format!("opened {} min ago", age.as_secs() / 60),
            ),
        }
    }

    fn head_seen(&self, head: &str) -> String {
        let Some(scored) = self.facts.prediction.heads.get(head) else {
            return format!("the prediction has no head `{head}`");
        };
        let best: Vec<_> =
            scored.ranked.iter().take(2).map(|(label, value)| format!("{label} {value:.2}")).collect();
        let chosen = match chosen(scored, self.defaults) {
            none if none.is_empty() => "abstains".to_owned(),
            labels => format!("chose {}", labels.join(", ")),
        };
        format!("{} ({chosen})", best.join(", "))
    }

    fn tags(&self) -> &[String] {
        self.tags.get_or_init(|| self.facts.ticket.tags.iter().map(|tag| tag.to_lowercase()).collect())
    }

    /// A field's value, by our word, the platform's name or its id.
    fn field(&self, word: &str) -> Option<&'a FieldValue> {
        let Facts { ticket, directory, platform, .. } = self.facts;
        let name = self.names.resolve(Kind::Field, word, *platform).unwrap_or_else(|_| word.to_owned());
        match directory.field(&name) {
            Ok(known) => ticket.fields.get(&known.id),
            // Without the account's names (a text to explain, a case) fields go by the names they are given.
            Err(_) => {
                [name.as_str(), word].iter().find_map(|id| ticket.fields.get(&RemoteId((*id).to_owned())))
            }
        }
    }

    fn field_is(&self, field: &str, word: &str) -> bool {
        let Some(current) = self.field(field) else { return false };
        let Facts { directory, platform, .. } = self.facts;
        let name = self.names.resolve(Kind::Field, field, *platform).unwrap_or_else(|_| field.to_owned());
        // An option's label stands for its stored value.
        let stored = directory
            .field(&name)
            .ok()
            .and_then(|known| known.accept(&FieldValue::Text(word.to_owned())).ok())
            .map(|value| value.to_string());
        let same = |text: &str| {
            text.eq_ignore_ascii_case(word)
                || stored.as_deref().is_some_and(|stored| text.eq_ignore_ascii_case(stored))
        };
        match current {
            FieldValue::Many(items) => items.iter().any(|item| same(item)),
            FieldValue::Number(number) => word.parse::<f64>().ok() == number.as_f64(),
            other => same(&other.to_string()),
        }
    }

    fn field_holds(&self, asked: &FieldTest) -> bool {
        let set = self.field(&asked.field).is_some();
        asked.exists.is_none_or(|exists| exists == set)
            && (asked.is.is_empty() || asked.is.iter().any(|word| self.field_is(&asked.field, word)))
            && (asked.is_not.is_empty()
                || (set && !asked.is_not.iter().any(|word| self.field_is(&asked.field, word))))
    }

    fn in_group(&self, word: &str) -> bool {
        let Facts { ticket, directory, platform, .. } = self.facts;
        let Some(current) = &ticket.group else { return false };
        let name = self.names.resolve(Kind::Group, word, *platform).unwrap_or_else(|_| word.to_owned());
        match directory.group(&name) {
            Ok(group) => group.id == *current,
            Err(_) => current.0.eq_ignore_ascii_case(&name) || current.0.eq_ignore_ascii_case(word),
        }
    }

    /// Whether the ticket is of the brand with this name or id.
    fn of_brand(&self, word: &str) -> bool {
        let Some(current) = &self.facts.ticket.brand else { return false };
        self.facts.directory.brand(word).map_or_else(
            // Without the account's names (a case, a replay) a brand goes by the word it is given.
            |_| current.0.eq_ignore_ascii_case(word),
            |brand| brand.id == *current,
        )
    }

    /// Where one of the patterns is found.
    fn found(&self, patterns: &[Pattern], part: TextPart) -> Option<&'static str> {
        if let Some(known) = self.facts.texts {
            // What was not sought then is told by `unseen` before it is asked here.
            return known.found(&digests(patterns), part).flatten();
        }
        if part != TextPart::Body && self.in_subject(patterns) {
            return Some("the subject");
        }
        (part != TextPart::Subject && self.in_body(patterns)).then_some("the body")
    }

    /// Where each of these expressions is found.
    pub(in crate::rulebook) fn texts<'p>(&self, patterns: impl Iterator<Item = &'p Pattern>) -> Texts {
        let mut texts = Texts::default();
        for pattern in patterns {
            let one = std::slice::from_ref(pattern);
            texts.note(pattern.digest(), self.in_subject(one), self.in_body(one));
        }
        texts
    }

    fn in_subject(&self, patterns: &[Pattern]) -> bool {
        let text = &self.facts.ticket.subject;
        let sifted = self.subject.get_or_init(|| self.sieve.sift(text));
        patterns.iter().any(|pattern| sifted.has(pattern, text))
    }

    /// In whatever the customer wrote.
    fn in_body(&self, patterns: &[Pattern]) -> bool {
        let ticket = self.facts.ticket;
        let wrote = self.wrote.get_or_init(|| {
            let public = ticket.messages.iter().filter(|one| one.author == Author::Customer && one.public);
            public.map(|message| (message.text.as_str(), self.sieve.sift(&message.text))).collect()
        });
        wrote.iter().any(|(text, sifted)| patterns.iter().any(|pattern| sifted.has(pattern, text)))
    }

    /// The requester's tickets within the window, this one included where a person wrote it.
    fn contacts(&self, within: Duration) -> usize {
        let recent = |at: &&jiff::Timestamp| {
            Duration::try_from(self.facts.now.duration_since(**at)).is_ok_and(|ago| ago <= within)
        };
        usize::from(self.facts.ticket.machine.is_none()) + self.facts.contacts.iter().filter(recent).count()
    }

    fn age(&self) -> Option<Duration> {
        let opened = self.facts.ticket.created_at?;
        // A platform's clock may run ahead of ours.
        Some(Duration::try_from(self.facts.now.duration_since(opened)).unwrap_or_default())
    }
}

fn any(words: &[String], seen: &str) -> bool {
    words.iter().any(|word| word.eq_ignore_ascii_case(seen))
}

fn domain_of(address: &str) -> Option<&str> {
    address.rsplit_once('@').map(|(_, domain)| domain)
}

/// The word for a status in rulebooks.
pub(super) const fn status_word(status: Status) -> &'static str {
    match status {
        Status::New => "new",
        Status::Open => "open",
        Status::Pending => "pending",
        Status::Hold => "hold",
        Status::Solved => "solved",
        Status::Closed => "closed",
    }
}
