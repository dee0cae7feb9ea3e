//! A body as it may have been before something on the way wrote it anew: other line ends, other white space, other order,
//! other escapes. Numbers and values stay as they are written: what was lost in them cannot be had back.

use serde_json::Value;

/// Larger bodies are not tried in every form: a platform's are a fraction of it.
const MOST_BYTES: usize = 512 * 1024;

/// A JSON value as tokens: texts decoded, all other scalars as written.
#[derive(Clone, Debug)]
enum Json {
    Raw(String),
    Text(String),
    List(Vec<Json>),
    Map(Vec<(String, Json)>),
}

/// One way of writing JSON.
#[derive(Clone, Copy, Debug)]
struct Style {
    sorted: bool,
    space: Space,
    unicode: Unicode,
    slashes: bool,
    markup: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Space {
    None,
    Both,
    Colon,
    Indent(&'static str),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unicode {
    Raw,
    Lower,
    Upper,
}

/// The first form of the body that `signed` accepts, in words: `its JSON written compact and \u escapes`.
pub fn search(body: &[u8], mut signed: impl FnMut(&[u8]) -> bool) -> Option<String> {
    if let Some((how, _)) = plain(body).into_iter().find(|(_, bytes)| signed(bytes)) {
        return Some(how.to_owned());
    }
    let text = std::str::from_utf8(body).ok().filter(|_| body.len() <= MOST_BYTES)?;
    let text = text.trim_start_matches('\u{feff}');
    // Its depth is bounded by the parser, and after it the tokens are known to be well formed.
    serde_json::from_str::<Value>(text).ok()?;
    let json = Reader { text, at: 0 }.value()?;
    for style in styles() {
        let mut written = String::with_capacity(text.len() + text.len() / 4);
        style.write(&json, 0, &mut written);
        for (end, how) in [("", ""), ("\n", " and a newline at its end"), ("\r\n", " and CR LF at its end")] {
            written.push_str(end);
            if signed(written.as_bytes()) {
                return Some(format!("{}{how}", style.words()));
            }
            written.truncate(written.len() - end.len());
        }
    }
    None
}

/// Forms that need no JSON.
fn plain(body: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let mut forms = Vec::new();
    let trimmed = body.strip_suffix(b"\n").map(|rest| rest.strip_suffix(b"\r").unwrap_or(rest));
    if let Some(trimmed) = trimmed {
        forms.push(("the newline at its end left out", trimmed.to_vec()));
    }
    forms.push(("a newline added at its end", [body, b"\n"].concat()));
    forms.push(("CR LF added at its end", [body, b"\r\n"].concat()));
    forms.push(("the white space around it left out", body.trim_ascii().to_vec()));
    let Ok(text) = std::str::from_utf8(body) else { return forms };
    let unix = text.replace("\r\n", "\n");
    forms.push(("CR LF line ends instead of LF", unix.replace('\n', "\r\n").into_bytes()));
    if let Some(trimmed) = unix.strip_suffix('\n') {
        forms.push(("LF line ends and the newline at its end left out", trimmed.as_bytes().to_vec()));
    }
    forms.push(("LF line ends instead of CR LF", unix.into_bytes()));
    if let Some(rest) = text.strip_prefix('\u{feff}') {
        forms.push(("the byte order mark left out", rest.as_bytes().to_vec()));
    }
    // UTF-8 that was taken for Latin-1 and encoded once more.
    if let Some(bytes) = text.chars().map(|c| u8::try_from(u32::from(c)).ok()).collect::<Option<Vec<u8>>>() {
        forms.push(("its text encoded in UTF-8 once and not twice", bytes));
    }
    forms
}

/// The likely ways first: most of what rewrites a body changes the white space alone.
fn styles() -> impl Iterator<Item = Style> {
    let spaces = [
        Space::None,
        Space::Both,
        Space::Colon,
        Space::Indent("  "),
        Space::Indent("    "),
        Space::Indent("\t"),
    ];
    let unicodes = [Unicode::Raw, Unicode::Lower, Unicode::Upper];
    [false, true].into_iter().flat_map(move |sorted| {
        [(false, false), (true, false), (false, true), (true, true)].into_iter().flat_map(
            move |(slashes, markup)| {
                unicodes.into_iter().flat_map(move |unicode| {
                    spaces.into_iter().map(move |space| Style { sorted, space, unicode, slashes, markup })
                })
            },
        )
    })
}

impl Style {
    fn words(self) -> String {
        let mut words = vec![match self.space {
            Space::None => "compact",
            Space::Both => "with `, ` and `: ` between its parts",
            Space::Colon => "with `: ` after its names",
            Space::Indent(_) => "indented",
        }];
        words.extend(self.sorted.then_some("with sorted names"));
        match self.unicode {
            Unicode::Raw => {}
            Unicode::Lower => words.push("with \\u escapes for what is not ASCII"),
            Unicode::Upper => words.push("with \\u escapes in capitals for what is not ASCII"),
        }
        words.extend(self.slashes.then_some("with `\\/` for each slash"));
        words.extend(self.markup.then_some("with \\u escapes for `<`, `>` and `&`"));
        format!("its JSON written {}", words.join(", "))
    }

    fn write(self, json: &Json, depth: usize, out: &mut String) {
        match json {
            Json::Raw(raw) => out.push_str(raw),
            Json::Text(text) => self.text(text, out),
            Json::List(items) => {
                let each = |item: &Json, out: &mut String| self.write(item, depth + 1, out);
                self.group(['[', ']'], items.iter(), depth, out, each);
            }
            Json::Map(entries) => {
                let mut entries: Vec<&(String, Json)> = entries.iter().collect();
                if self.sorted {
                    entries.sort_by(|a, b| a.0.cmp(&b.0));
                }
                let each = |(name, value): &(String, Json), out: &mut String| {
                    self.text(name, out);
                    out.push_str(if self.space == Space::None { ":" } else { ": " });
                    self.write(value, depth + 1, out);
                };
                self.group(['{', '}'], entries.into_iter(), depth, out, each);
            }
        }
    }

    fn group<T>(
        self,
        [open, close]: [char; 2],
        items: impl ExactSizeIterator<Item = T>,
        depth: usize,
        out: &mut String,
        each: impl Fn(T, &mut String),
    ) {
        out.push(open);
        let empty = items.len() == 0;
        for (at, item) in items.enumerate() {
            if at > 0 {
                out.push(',');
            }
            match self.space {
                Space::Both if at > 0 => out.push(' '),
                Space::Indent(by) => line(by, depth + 1, out),
                _ => {}
            }
            each(item, out);
        }
        if let (Space::Indent(by), false) = (self.space, empty) {
            line(by, depth, out);
        }
        out.push(close);
    }

    fn text(self, text: &str, out: &mut String) {
        out.push('"');
        for c in text.chars() {
            match c {
                '"' => out.push_str("\\\""),
                '\\' => out.push_str("\\\\"),
                '\n' => out.push_str("\\n"),
                '\r' => out.push_str("\\r"),
                '\t' => out.push_str("\\t"),
                '\u{8}' => out.push_str("\\b"),
                '\u{c}' => out.push_str("\\f"),
                '/' if self.slashes => out.push_str("\\/"),
                '<' | '>' | '&' | '\u{2028}' | '\u{2029}' if self.markup => self.escape(c, out),
                c if u32::from(c) < 0x20 => self.escape(c, out),
                c if self.unicode != Unicode::Raw && !c.is_ascii() => self.escape(c, out),
                c => out.push(c),
            }
        }
        out.push('"');
    }

    fn escape(self, c: char, out: &mut String) {
        for unit in c.encode_utf16(&mut [0; 2]) {
            match self.unicode {
                Unicode::Upper => out.push_str(&format!("\\u{unit:04X}")),
                Unicode::Raw | Unicode::Lower => out.push_str(&format!("\\u{unit:04x}")),
            }
        }
    }
}

fn line(by: &str, depth: usize, out: &mut String) {
    out.push('\n');
    (0..depth).for_each(|_| out.push_str(by));
}

/// Reads text that is known to be JSON; `None` where it is none after all.
struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl Reader<'_> {
    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn skip(&mut self) {
        self.at = self.text.len() - self.rest().trim_start_matches([' ', '\t', '\n', '\r']).len();
    }

    fn take(&mut self, wanted: char) -> bool {
        self.skip();
        let found = self.rest().starts_with(wanted);
        self.at += usize::from(found);
        found
    }

    fn value(&mut self) -> Option<Json> {
        if self.take('{') {
            let mut entries = Vec::new();
            while !self.take('}') {
                self.skip();
                let name = self.string()?;
                self.take(':').then_some(())?;
                entries.push((name, self.value()?));
                self.take(',');
            }
            return Some(Json::Map(entries));
        }
        if self.take('[') {
            let mut items = Vec::new();
            while !self.take(']') {
                items.push(self.value()?);
                self.take(',');
            }
            return Some(Json::List(items));
        }
        if self.rest().starts_with('"') {
            return Some(Json::Text(self.string()?));
        }
        let rest = self.rest();
        let length = rest.find([',', ']', '}', ' ', '\t', '\n', '\r']).unwrap_or(rest.len());
        let raw = rest.get(..length).filter(|raw| !raw.is_empty())?.to_owned();
        self.at += length;
        Some(Json::Raw(raw))
    }

    fn string(&mut self) -> Option<String> {
        let rest = self.rest();
        let mut escaped = true;
        let mut end = None;
        // The opening quote counts as escaped, so that the loop goes on to the closing one.
        for (at, byte) in rest.bytes().enumerate() {
            match byte {
                b'"' if !escaped => {
                    end = Some(at + 1);
                    break;
                }
                b'\\' if !escaped => escaped = true,
                _ => escaped = false,
            }
        }
        let raw = rest.get(..end?)?;
        let text = serde_json::from_str(raw).ok()?;
        self.at += raw.len();
        Some(text)
    }
}
