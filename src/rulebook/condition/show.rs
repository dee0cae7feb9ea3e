//! Conditions in words, for `explain`.

use std::fmt;

use super::bound::in_words;
use super::sight::status_word;
use super::{Bound, FieldTest, HeadTest, Test, TextPart};

impl fmt::Display for Test {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |f: &mut fmt::Formatter<'_>, what: &str, words: &[String]| {
            write!(f, "{what} {}", words.join(" or "))
        };
        match self {
            Self::Head(asked) => asked.fmt(f),
            Self::Language { is, confidence } => {
                list(f, "language is", is)?;
                with(f, "confidence", *confidence)
            }
            Self::Platform(of) => {
                write!(f, "platform is {}", of.iter().map(|p| p.as_str()).collect::<Vec<_>>().join(" or "))
            }
            Self::Account(of) => list(f, "account is", of),
            Self::Segment(of) => list(f, "segment is", of),
            Self::Channel(of) => list(f, "channel is", of),
            Self::Brand(of) => list(f, "brand is", of),
            Self::Tag(of) => list(f, "tagged", of),
            Self::Field(asked) => asked.fmt(f),
            Self::Status(of) => {
                write!(f, "status is {}", of.iter().map(|s| status_word(*s)).collect::<Vec<_>>().join(" or "))
            }
            Self::Priority(of) => {
                write!(f, "priority is {}", of.iter().map(|p| p.as_str()).collect::<Vec<_>>().join(" or "))
            }
            Self::Group(of) => list(f, "group is", of),
            Self::Requester { email, domain } => {
                let domains = domain.iter().map(|domain| format!("at {domain}"));
                let all: Vec<String> = email.iter().cloned().chain(domains).collect();
                list(f, "requester is", &all)
            }
            Self::Text { patterns, part } => {
                let place = match part {
                    TextPart::Subject => "subject",
                    TextPart::Body => "body",
                    TextPart::Any => "text",
                };
                let sources: Vec<_> =
                    patterns.iter().map(|pattern| format!("/{}/", pattern.as_str())).collect();
                write!(f, "{place} has {}", sources.join(" or "))
            }
            Self::Contacts { count, within } => {
                write!(f, "contacts {count} within {}", in_words(*within))
            }
            Self::Hours(hours) => {
                let windows: Vec<_> = hours.open.iter().map(|window| window.text.as_str()).collect();
                let wanted = if hours.is_open { "open" } else { "closed" };
                write!(f, "{wanted} by {} {}", windows.join(", "), hours.zone_name)
            }
            Self::Age(bound) => write!(f, "age {bound}"),
        }
    }
}

impl fmt::Display for HeadTest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.head)?;
        match self.abstains {
            Some(true) => f.write_str(" abstains")?,
            Some(false) => f.write_str(" does not abstain")?,
            None => {}
        }
        for (word, labels, between) in
            [("is", &self.is, " or "), ("has", &self.all_of, " and "), ("is not", &self.is_not, " or ")]
        {
            if !labels.is_empty() {
                write!(f, " {word} {}", labels.join(between))?;
            }
        }
        with(f, "confidence", self.confidence)?;
        with(f, "margin", self.margin)
    }
}

impl fmt::Display for FieldTest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "field {}", self.field)?;
        match self.exists {
            Some(true) => f.write_str(" is set")?,
            Some(false) => f.write_str(" is not set")?,
            None => {}
        }
        for (word, values) in [("is", &self.is), ("is not", &self.is_not)] {
            if !values.is_empty() {
                write!(f, " {word} {}", values.join(" or "))?;
            }
        }
        Ok(())
    }
}

fn with(f: &mut fmt::Formatter<'_>, what: &str, bound: Option<Bound>) -> fmt::Result {
    bound.map_or(Ok(()), |bound| write!(f, " with {what} {bound}"))
}
