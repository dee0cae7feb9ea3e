//! Markup to lines of text, in one pass and without a tree.
//!
//! The tokenizer tells starts and ends of elements; a short stack of those that matter says what is hidden, quoted or
//! preformatted. Nothing here grows with more than the text that is shown, and no step looks at more than a fixed
//! number of open elements: time and memory are linear in the bytes of the markup.

mod elements;
mod tokens;

use elements::{ELEMENTS, Element, Mark};
use tokens::{Attributes, Sink, tokenize};

use super::LIMIT_BYTES;
use super::lines::{Lines, Part};

/// The most open elements that are told apart. Mail programs nest tables to a few dozen, long threads to hundreds.
const DEPTH: usize = 1024;

/// The most open elements that an end tag looks at to find its start.
const LOOK_BACK: usize = 64;

/// The digits as they are written above the line: `10<sup>2</sup>` is not 102.
const RAISED: [char; 10] = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];

/// Reads the lines that the markup shows. Only what is shown counts towards the limit on text.
pub(super) fn lines(html: &str) -> Lines {
    let mut page = Page::default();
    tokenize(html, &mut page);
    page.finish()
}

/// Returns the steps that it takes to render the markup, and the bytes that the tokenizer reads for it.
#[cfg(test)]
pub(super) fn work(html: &str) -> (usize, usize) {
    let (read, mut page) = (std::cell::Cell::new(0), Page::default());
    tokenize(tokens::Counted::new(html, &read), &mut page);
    (page.steps, read.get())
}

/// What an open element says about the text in it.
#[derive(Clone, Copy, Default)]
struct Context {
    gone: bool,
    sizeless: bool,
    invisible: bool,
    preformatted: bool,
    raised: bool,
    /// How many quotations are open.
    depth: u8,
    part: Part,
}

impl Context {
    fn is_shown(self) -> bool {
        !(self.gone || self.sizeless || self.invisible)
    }
}

/// White space that is written before the next word.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Gap {
    #[default]
    None,
    Space,
    Line,
    Blank,
}

#[derive(Default)]
struct Page {
    lines: Lines,
    /// The line that is being read, and where it stands.
    line: Vec<u8>,
    place: (u8, Part),
    gap: Gap,
    item: bool,
    open: Vec<(Element, Context)>,
    /// The number of open elements of each kind.
    counts: [u32; ELEMENTS],
    /// The number of open elements beyond the depth that are not told apart.
    beyond: usize,
    #[cfg(test)]
    steps: usize,
}

impl Sink for Page {
    fn text(&mut self, bytes: &[u8]) {
        self.count(bytes.len());
        let context = self.context();
        if !context.is_shown() {
            return;
        }
        for &byte in bytes {
            if self.is_full() {
                break;
            }
            match byte {
                b'\n' if context.preformatted => self.break_line(),
                b' ' | b'\t' | b'\n' | b'\r' | b'\x0c' => self.gap = self.gap.max(Gap::Space),
                0 => {}
                _ => self.push(byte, context),
            }
        }
    }

    fn start(&mut self, name: &[u8], attributes: &Attributes) {
        self.count(1);
        let element = Element::of(name);
        for ended in element.ends() {
            self.close(*ended);
        }
        let before = self.context();
        if before.is_shown() {
            self.gap_around(element);
            if name == b"hr" {
                self.gap = self.gap.max(Gap::Line);
            }
            match element {
                Element::Break => self.break_line(),
                Element::Item => self.item = true,
                _ => {}
            }
        }
        let mark = elements::mark(attributes);
        if mark.is_some() && before.is_shown() {
            self.end_line();
        }
        if mark == Some(Mark::Divider) {
            self.lines.divide();
        }
        if element.is_empty() || (attributes.self_closing() && element == Element::Inline) {
            return;
        }
        self.open(element, before, attributes, mark);
    }

    fn end(&mut self, name: &[u8]) {
        self.count(1);
        let element = Element::of(name);
        match element {
            // The standard reads a stray `</br>` as `<br>`.
            Element::Break if self.context().is_shown() => self.break_line(),
            Element::Break | Element::Void => {}
            _ => {
                if self.context().is_shown() {
                    self.gap_around(element);
                }
                let part = self.context().part;
                if self.beyond > 0 && element.is_container() {
                    self.beyond -= 1;
                } else {
                    self.close(element);
                }
                if self.context().part != part {
                    self.end_line();
                }
                if self.context().is_shown() {
                    self.gap_around(element);
                }
            }
        }
    }

    fn is_full(&self) -> bool {
        self.lines.is_full() || self.line.len() >= LIMIT_BYTES
    }
}

impl Page {
    fn context(&self) -> Context {
        self.open.last().map(|(_, context)| *context).unwrap_or_default()
    }

    /// Puts an element on the stack, if what is in it is read otherwise or if its end must be known.
    fn open(&mut self, element: Element, before: Context, attributes: &Attributes, mark: Option<Mark>) {
        let sight = elements::sight(attributes);
        let context = Context {
            gone: before.gone || sight.gone || element == Element::Unseen,
            sizeless: sight.size.map_or(before.sizeless, |some| !some),
            invisible: sight.visible.map_or(before.invisible, |visible| !visible),
            preformatted: before.preformatted || element == Element::Preformatted,
            raised: before.raised || element == Element::Raised,
            depth: before.depth.saturating_add(u8::from(element == Element::Quotation)),
            part: match mark {
                Some(Mark::Is(part)) if before.part == Part::Message => part,
                _ => before.part,
            },
        };
        let changes = context.part != before.part
            || context.is_shown() != before.is_shown()
            || sight != elements::Sight::default();
        let nested = self.counts[element as usize] > 0;
        let told_apart = matches!(element, Element::Unseen | Element::Raised) || element.is_container();
        if !(told_apart || changes || nested) {
            return;
        }
        // What is never shown is known at any depth; it adds no more than one.
        if self.open.len() >= DEPTH && (element != Element::Unseen || before.gone) {
            self.beyond += usize::from(element.is_container());
            return;
        }
        self.counts[element as usize] += 1;
        self.open.push((element, context));
    }

    /// Ends the innermost open element of its kind, and whatever is open inside it.
    fn close(&mut self, element: Element) {
        if self.counts[element as usize] == 0 {
            return;
        }
        let mut looked = 0;
        let found = self
            .open
            .iter()
            .rev()
            .take(LOOK_BACK)
            .inspect(|_| looked += 1)
            .take_while(|(open, _)| *open == element || !open.keeps(element))
            .position(|(open, _)| *open == element);
        self.count(looked);
        if let Some(above) = found {
            for (open, _) in self.open.drain(self.open.len() - above - 1..) {
                self.counts[open as usize] -= 1;
            }
        }
    }

    /// Counts work, so that tests can hold it against the size of the markup.
    fn count(&mut self, steps: usize) {
        #[cfg(test)]
        {
            self.steps += steps;
        }
        #[cfg(not(test))]
        let _ = steps;
    }

    /// Asks for the white space that stands before and behind an element.
    fn gap_around(&mut self, element: Element) {
        let gap = match element {
            Element::Paragraph | Element::Heading | Element::Preformatted | Element::Quotation => Gap::Blank,
            Element::List if self.counts[Element::List as usize] == 0 => Gap::Blank,
            Element::List | Element::Block | Element::Item | Element::Table | Element::Row => Gap::Line,
            Element::Cell => Gap::Space,
            Element::Inline | Element::Raised | Element::Break | Element::Void | Element::Unseen => Gap::None,
        };
        self.gap = self.gap.max(gap);
    }

    /// Ends the line; on an empty line, leaves a blank one.
    fn break_line(&mut self) {
        self.gap = if self.gap >= Gap::Line { Gap::Blank } else { Gap::Line };
    }

    fn push(&mut self, byte: u8, context: Context) {
        match std::mem::take(&mut self.gap) {
            Gap::None => {}
            Gap::Space if self.line.is_empty() => {}
            Gap::Space => self.line.push(b' '),
            Gap::Line => self.end_line(),
            Gap::Blank => {
                self.end_line();
                self.lines.push("", context.depth, context.part);
            }
        }
        if self.line.is_empty() {
            self.place = (context.depth, context.part);
            if std::mem::take(&mut self.item) {
                self.line.extend_from_slice(b"- ");
            }
        }
        match byte {
            b'0'..=b'9' if context.raised => {
                let digit = RAISED[usize::from(byte - b'0')];
                self.line.extend_from_slice(digit.encode_utf8(&mut [0; 4]).as_bytes());
            }
            _ => self.line.push(byte),
        }
    }

    fn end_line(&mut self) {
        if !self.line.is_empty() {
            let (depth, part) = self.place;
            // The limit may lie inside a character; everything else is whole.
            self.lines.push(String::from_utf8_lossy(&self.line).trim_end_matches('\u{fffd}'), depth, part);
            self.line.clear();
        }
    }

    fn finish(mut self) -> Lines {
        self.end_line();
        self.lines
    }
}
