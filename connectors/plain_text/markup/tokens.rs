//! Reads markup as a stream of tokens: text, element starts and element ends.
//!
//! html5gum follows the state machine of the HTML standard
//! (<https://html.spec.whatwg.org/multipage/parsing.html#tokenization>) and keeps nothing. This layer keeps one tag at
//! a time, and of it only a short name and the few attributes that decide how text is read. No tree is ever built, so
//! neither time nor memory depends on how elements nest.

use html5gum::{Emitter, Error, Readable, State, Tokenizer};

/// The longest element or attribute name that is known.
const NAME_BYTES: usize = 24;
/// The part of an attribute's value that is kept.
const VALUE_BYTES: usize = 1024;

/// Receives the tokens of one message in their order.
pub(super) trait Sink {
    /// Takes a piece of text with its entities decoded. A piece may end inside a character.
    fn text(&mut self, bytes: &[u8]);
    /// Takes the start of an element.
    fn start(&mut self, name: &[u8], attributes: &Attributes);
    /// Takes the end of an element.
    fn end(&mut self, name: &[u8]);
    /// Returns whether nothing more is wanted.
    fn is_full(&self) -> bool;
}

/// Feeds the sink with every token of the markup, until the sink is full.
pub(super) fn tokenize<'a>(markup: impl Readable<'a>, sink: &mut impl Sink) {
    let feed = Feed {
        sink,
        tag: None,
        name: Name::default(),
        opened: Name::default(),
        attributes: Attributes::default(),
    };
    // The feed returns one token, when the sink is full. Reading from memory cannot fail.
    let _ = Tokenizer::new_with_emitter(markup, feed).next();
}

/// A name in lower case, cut where it is longer than any known one.
#[derive(Default, PartialEq)]
struct Name {
    bytes: [u8; NAME_BYTES],
    length: usize,
}

impl Name {
    fn push(&mut self, more: &[u8]) {
        let taken = more.len().min(NAME_BYTES - self.length);
        self.bytes[self.length..self.length + taken].copy_from_slice(&more[..taken]);
        self.length += taken;
    }

    fn clear(&mut self) {
        self.length = 0;
        self.bytes = [0; NAME_BYTES];
    }

    fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

/// The attributes that decide how an element's text is read. The first of a name counts, as in the standard.
#[derive(Default)]
pub(super) struct Attributes {
    class: Option<Vec<u8>>,
    id: Option<Vec<u8>>,
    style: Option<Vec<u8>>,
    hidden: bool,
    self_closing: bool,
    /// The name of the attribute that is being read.
    name: Name,
    /// The attribute that is being read, where it is kept.
    current: Option<Kept>,
}

#[derive(Clone, Copy)]
enum Kept {
    Class,
    Id,
    Style,
}

impl Attributes {
    /// Returns the `class` in lower case.
    pub(super) fn class(&self) -> &[u8] {
        self.class.as_deref().unwrap_or_default()
    }

    /// Returns the `id` (or else the `name`) in lower case.
    pub(super) fn id(&self) -> &[u8] {
        self.id.as_deref().unwrap_or_default()
    }

    /// Returns the `style` in lower case and without white space.
    pub(super) fn style(&self) -> &[u8] {
        self.style.as_deref().unwrap_or_default()
    }

    /// Returns whether the `hidden` attribute is set.
    pub(super) fn hidden(&self) -> bool {
        self.hidden
    }

    /// Returns whether the tag ends with `/>`.
    pub(super) fn self_closing(&self) -> bool {
        self.self_closing
    }

    fn clear(&mut self) {
        *self = Self::default();
    }

    /// Decides by its complete name what becomes of the attribute.
    fn named(&mut self) {
        self.current = match self.name.as_bytes() {
            b"class" if self.class.is_none() => Some(Kept::Class),
            b"id" | b"name" if self.id.is_none() => Some(Kept::Id),
            b"style" if self.style.is_none() => Some(Kept::Style),
            b"hidden" => {
                self.hidden = true;
                None
            }
            _ => None,
        };
        match self.current {
            Some(Kept::Class) => self.class = Some(Vec::new()),
            Some(Kept::Id) => self.id = Some(Vec::new()),
            Some(Kept::Style) => self.style = Some(Vec::new()),
            None => {}
        }
        self.name.clear();
    }

    fn push(&mut self, more: &[u8]) {
        let (value, spaced) = match self.current {
            Some(Kept::Class) => (&mut self.class, true),
            Some(Kept::Id) => (&mut self.id, true),
            Some(Kept::Style) => (&mut self.style, false),
            None => return,
        };
        let Some(value) = value else { return };
        let room = VALUE_BYTES - value.len();
        let more = more.iter().filter(|byte| spaced || !byte.is_ascii_whitespace()).take(room);
        value.extend(more.map(u8::to_ascii_lowercase));
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Tag {
    Start,
    End,
}

struct Feed<'s, S> {
    sink: &'s mut S,
    tag: Option<Tag>,
    name: Name,
    /// The name of the last start tag, which alone can end raw text.
    opened: Name,
    attributes: Attributes,
}

impl<S> Feed<'_, S> {
    fn init(&mut self, tag: Tag) {
        self.tag = Some(tag);
        self.name.clear();
        self.attributes.clear();
    }
}

impl<S: Sink> Emitter for Feed<'_, S> {
    type Token = ();

    fn pop_token(&mut self) -> Option<()> {
        self.sink.is_full().then_some(())
    }

    fn emit_string(&mut self, text: &[u8]) {
        self.sink.text(text);
    }

    fn init_start_tag(&mut self) {
        self.init(Tag::Start);
    }

    fn init_end_tag(&mut self) {
        self.init(Tag::End);
    }

    fn push_tag_name(&mut self, more: &[u8]) {
        self.name.push(more);
    }

    fn init_attribute(&mut self) {
        // The attribute before may have had no value.
        self.attributes.named();
    }

    fn push_attribute_name(&mut self, more: &[u8]) {
        self.attributes.name.push(more);
    }

    fn init_attribute_value(&mut self) {
        self.attributes.named();
    }

    fn push_attribute_value(&mut self, more: &[u8]) {
        self.attributes.push(more);
    }

    fn set_self_closing(&mut self) {
        self.attributes.self_closing = true;
    }

    fn emit_current_tag(&mut self) -> Option<State> {
        self.attributes.named();
        match self.tag {
            Some(Tag::Start) => {
                self.sink.start(self.name.as_bytes(), &self.attributes);
                std::mem::swap(&mut self.opened, &mut self.name);
                raw_text(self.opened.as_bytes())
            }
            Some(Tag::End) => {
                self.sink.end(self.name.as_bytes());
                None
            }
            None => None,
        }
    }

    fn current_is_appropriate_end_tag_token(&mut self) -> bool {
        self.tag == Some(Tag::End) && self.name == self.opened
    }

    fn should_emit_errors(&mut self) -> bool {
        false
    }

    fn set_last_start_tag(&mut self, name: Option<&[u8]>) {
        self.opened.clear();
        self.opened.push(name.unwrap_or_default());
    }

    // Comments, document types and errors say nothing to a reader.
    fn emit_eof(&mut self) {}
    fn emit_error(&mut self, _: Error) {}
    fn init_comment(&mut self) {}
    fn push_comment(&mut self, _: &[u8]) {}
    fn emit_current_comment(&mut self) {}
    fn init_doctype(&mut self) {}
    fn push_doctype_name(&mut self, _: &[u8]) {}
    fn set_doctype_public_identifier(&mut self, _: &[u8]) {}
    fn set_doctype_system_identifier(&mut self, _: &[u8]) {}
    fn push_doctype_public_identifier(&mut self, _: &[u8]) {}
    fn push_doctype_system_identifier(&mut self, _: &[u8]) {}
    fn set_force_quirks(&mut self) {}
    fn emit_current_doctype(&mut self) {}
}

/// Returns how the content of an element is tokenized that holds no markup.
fn raw_text(name: &[u8]) -> Option<State> {
    match name {
        b"title" | b"textarea" => Some(State::RcData),
        b"script" => Some(State::ScriptData),
        b"style" | b"xmp" | b"iframe" | b"noembed" | b"noframes" => Some(State::RawText),
        b"plaintext" => Some(State::PlainText),
        _ => None,
    }
}

/// A reader that counts the bytes that the tokenizer reads or compares.
#[cfg(test)]
pub(super) struct Counted<'a> {
    inner: html5gum::StringReader<'a>,
    read: &'a std::cell::Cell<usize>,
}

#[cfg(test)]
impl<'a> Counted<'a> {
    pub(super) fn new(markup: &'a str, read: &'a std::cell::Cell<usize>) -> Self {
        Self { inner: markup.to_reader(), read }
    }

    fn count(&self, bytes: usize) {
        self.read.set(self.read.get() + bytes);
    }
}

#[cfg(test)]
impl html5gum::Reader for Counted<'_> {
    type Error = std::convert::Infallible;

    fn read_byte(&mut self) -> Result<Option<u8>, Self::Error> {
        self.count(1);
        self.inner.read_byte()
    }

    fn try_read_string(&mut self, wanted: &[u8], case_sensitive: bool) -> Result<bool, Self::Error> {
        self.count(wanted.len());
        self.inner.try_read_string(wanted, case_sensitive)
    }

    fn read_until<'b>(
        &'b mut self,
        needles: &[u8],
        char_buf: &'b mut [u8; 4],
    ) -> Result<Option<&'b [u8]>, Self::Error> {
        let read = self.inner.read_until(needles, char_buf)?;
        self.read.set(self.read.get() + read.map_or(1, <[u8]>::len));
        Ok(read)
    }
}
