//! YAML as a tree in which every key and every value knows its place.
//!
//! The tree is built from the parser's events and not through serde, because a mistake is to be shown where it
//! stands, at every level, and all mistakes at once. Plain scalars stay text until a reader asks for a type: `no`
//! is a word, and `2.10` keeps its zero. Tags, several documents and merge keys are refused; aliases are copied
//! within a bound, so that no small file grows without end.

use std::collections::{HashMap, HashSet};

use granit_parser::{Event, Parser, ScalarStyle, Span};

use crate::diagnostics::{Diagnostic, Place, Severity, Sheet};

mod read;

pub(crate) use read::{Problems, Table};

/// A tree of more nodes than this is refused.
const MAX_NODES: usize = 100_000;

/// A value and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Node {
    /// Its first character.
    pub(crate) at: Place,
    /// The line of its last character.
    pub(crate) last_line: usize,
    /// What it is.
    pub(crate) value: Value,
}

/// What a node holds.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    /// Nothing, `null` or `~`.
    Null,
    /// A scalar. `plain` ones may still be read as a number or a truth value.
    Scalar { text: String, plain: bool },
    /// A sequence.
    List(Vec<Node>),
    /// A mapping, in written order.
    Map(Vec<(Key, Node)>),
}

/// A key and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    /// Its first character.
    pub(crate) at: Place,
    /// The key.
    pub(crate) name: String,
}

impl Node {
    /// What kind of value this is, in words.
    pub(crate) fn kind(&self) -> &'static str {
        match self.value {
            Value::Null => "nothing",
            Value::Scalar { .. } => "a single value",
            Value::List(_) => "a list",
            Value::Map(_) => "a map",
        }
    }
}

/// Reads one document. An empty one is [`Value::Null`].
///
/// # Errors
/// The first syntax error, or every key that stands twice.
pub(crate) fn parse(sheet: &Sheet, text: &str) -> Result<Node, Vec<Diagnostic>> {
    let mut builder = Builder {
        parser: Parser::new_from_str(text),
        sheet,
        anchors: HashMap::new(),
        nodes: 0,
        problems: Vec::new(),
    };
    match builder.document() {
        Ok(_) if !builder.problems.is_empty() => Err(builder.problems),
        Ok(root) => Ok(root),
        Err(fatal) => {
            let fatal = indented_by_tab(sheet, text, &fatal).unwrap_or(*fatal);
            builder.problems.push(fatal);
            Err(builder.problems)
        }
    }
}

/// The parser notices a tab at the end of the line above it; people look for it where it stands.
fn indented_by_tab(sheet: &Sheet, text: &str, found: &Diagnostic) -> Option<Diagnostic> {
    if !found.message.contains("tab") {
        return None;
    }
    let above = found.line.saturating_sub(1);
    let (line, column) = text.lines().enumerate().skip(above).find_map(|(at, line)| {
        let indent = &line[..line.len() - line.trim_start().len()];
        indent.find('\t').map(|column| (at + 1, column + 1))
    })?;
    let at = Place { line, column, variable: 0 };
    let message = "not valid YAML: a tab indents this line";
    let help = "indent with spaces".to_owned();
    Some(sheet.diagnostic(Severity::Error, at, message).with_help(Some(help)))
}

type Fatal = Box<Diagnostic>;

struct Builder<'t> {
    parser: Parser<'t, granit_parser::StrInput<'t>>,
    sheet: &'t Sheet,
    anchors: HashMap<usize, (Node, usize)>,
    nodes: usize,
    problems: Vec<Diagnostic>,
}

impl<'t> Builder<'t> {
    fn document(&mut self) -> Result<Node, Fatal> {
        let mut root =
            Node { at: Place { line: 1, column: 1, variable: 0 }, last_line: 1, value: Value::Null };
        let mut documents = 0;
        while let Some((event, span)) = self.next()? {
            match event {
                Event::DocumentStart(..) => {
                    documents += 1;
                    if documents > 1 {
                        return Err(
                            self.fatal(place(&span), "a second document starts here; one file holds one")
                        );
                    }
                }
                Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => {}
                event => root = self.node(event, span)?,
            }
        }
        Ok(root)
    }

    fn next(&mut self) -> Result<Option<(Event<'t>, Span)>, Fatal> {
        match self.parser.next_event() {
            None => Ok(None),
            Some(Ok(pair)) => Ok(Some(pair)),
            Some(Err(error)) => {
                let mark = error.marker();
                let at = Place { line: mark.line(), column: mark.col() + 1, variable: 0 };
                Err(self.fatal(at, &format!("not valid YAML: {}", error.info())))
            }
        }
    }

    fn fatal(&self, at: Place, message: &str) -> Fatal {
        Box::new(self.sheet.diagnostic(Severity::Error, at, message))
    }

    fn expect_next(&mut self, from: Place) -> Result<(Event<'t>, Span), Fatal> {
        self.next()?.ok_or_else(|| self.fatal(from, "not valid YAML: the file ends inside this value"))
    }

    fn node(&mut self, event: Event<'t>, span: Span) -> Result<Node, Fatal> {
        let at = place(&span);
        self.count(1, at)?;
        if event.tag().is_some() {
            return Err(self.fatal(at, "YAML tags (`!word`) are not used here; remove it or quote the value"));
        }
        let before = self.nodes;
        let anchor = event.anchor_id();
        let (value, last_line) = match event {
            Event::Scalar(text, style, ..) => (scalar(&text, style), span.end.line().max(at.line)),
            Event::Alias(id) => {
                let Some((node, size)) = self.anchors.get(&id).cloned() else {
                    return Err(self.fatal(at, "this alias refers to the value it stands in"));
                };
                self.count(size, at)?;
                return Ok(node);
            }
            Event::SequenceStart(..) => self.list(at)?,
            Event::MappingStart(..) => self.map(at)?,
            _ => return Err(self.fatal(at, "not valid YAML: a value was expected here")),
        };
        let node = Node { at, last_line, value };
        if let Some(id) = anchor {
            self.anchors.insert(id, (node.clone(), 1 + self.nodes - before));
        }
        Ok(node)
    }

    fn list(&mut self, at: Place) -> Result<(Value, usize), Fatal> {
        let mut items = Vec::new();
        loop {
            match self.expect_next(at)? {
                (Event::SequenceEnd, span) => {
                    let last = items.last().map_or(at.line, |item: &Node| item.last_line);
                    return Ok((Value::List(items), end_of(&span, last)));
                }
                (event, span) => items.push(self.node(event, span)?),
            }
        }
    }

    fn map(&mut self, at: Place) -> Result<(Value, usize), Fatal> {
        let mut entries: Vec<(Key, Node)> = Vec::new();
        let mut seen = HashSet::new();
        loop {
            let (event, span) = self.expect_next(at)?;
            if matches!(event, Event::MappingEnd) {
                let last = entries.last().map_or(at.line, |(_, node)| node.last_line);
                return Ok((Value::Map(entries), end_of(&span, last)));
            }
            let name = self.node(event, span)?;
            let Value::Scalar { text, .. } = name.value else {
                return Err(self.fatal(name.at, &format!("a key is a word, this is {}", name.kind())));
            };
            let key = Key { at: name.at, name: text };
            let (event, span) = self.expect_next(at)?;
            let value = self.node(event, span)?;
            if seen.insert(key.name.clone()) {
                entries.push((key, value));
            } else {
                let message = format!("the key `{}` stands twice in this map", key.name);
                self.problems.push(self.sheet.diagnostic(Severity::Error, key.at, message));
            }
        }
    }

    fn count(&mut self, nodes: usize, at: Place) -> Result<(), Fatal> {
        self.nodes = self.nodes.saturating_add(nodes);
        if self.nodes > MAX_NODES {
            return Err(self.fatal(at, &format!("the file has more than {MAX_NODES} values")));
        }
        Ok(())
    }
}

fn scalar(text: &str, style: ScalarStyle) -> Value {
    let plain = style == ScalarStyle::Plain;
    if plain && matches!(text, "" | "~" | "null" | "Null" | "NULL") {
        Value::Null
    } else {
        Value::Scalar { text: text.to_owned(), plain }
    }
}

fn place(span: &Span) -> Place {
    Place { line: span.start.line(), column: span.start.col() + 1, variable: 0 }
}

/// A flow collection's end is its bracket; a block collection's end event stands where the next token begins, so
/// there the last value decides.
fn end_of(span: &Span, last_value: usize) -> usize {
    if span.start.index() == span.end.index() { last_value } else { span.end.line().max(last_value) }
}

#[cfg(test)]
mod tests;
