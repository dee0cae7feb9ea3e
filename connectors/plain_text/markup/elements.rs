//! Says how elements shape text: which break lines, which are not shown, and which hold what was said before.

use super::super::lines::Part;
use super::tokens::Attributes;

/// An element by what it does to the lines around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Element {
    /// Words inside a line.
    Inline,
    /// Raised words inside a line.
    Raised,
    /// A line break.
    Break,
    /// An element without content.
    Void,
    /// A part with blank lines around it that cannot hold another part.
    Paragraph,
    /// A heading.
    Heading,
    /// Lines that keep their breaks.
    Preformatted,
    /// Lines of their own.
    Block,
    /// A list.
    List,
    /// An item of a list.
    Item,
    /// A quotation.
    Quotation,
    /// A table.
    Table,
    /// A row of a table.
    Row,
    /// A cell of a row.
    Cell,
    /// Content that is never shown as text.
    Unseen,
}

/// The number of elements.
pub(super) const ELEMENTS: usize = Element::Unseen as usize + 1;

impl Element {
    /// Returns the element of a name in lower case. Unknown elements are inline, as in browsers.
    pub(super) fn of(name: &[u8]) -> Self {
        match name {
            b"br" => Self::Break,
            b"sup" => Self::Raised,
            b"area" | b"base" | b"basefont" | b"bgsound" | b"col" | b"embed" | b"frame" | b"hr" | b"img"
            | b"input" | b"keygen" | b"link" | b"meta" | b"param" | b"source" | b"track" | b"wbr" => {
                Self::Void
            }
            b"p" => Self::Paragraph,
            b"h1" | b"h2" | b"h3" | b"h4" | b"h5" | b"h6" => Self::Heading,
            b"pre" | b"listing" | b"xmp" | b"textarea" | b"plaintext" => Self::Preformatted,
            b"ul" | b"ol" | b"menu" | b"dir" | b"dl" => Self::List,
            b"li" => Self::Item,
            b"blockquote" => Self::Quotation,
            b"table" => Self::Table,
            b"tr" => Self::Row,
            b"td" | b"th" => Self::Cell,
            b"script" | b"style" | b"title" | b"template" | b"iframe" | b"noembed" | b"noframes"
            | b"audio" | b"video" | b"canvas" | b"datalist" => Self::Unseen,
            b"address" | b"article" | b"aside" | b"body" | b"caption" | b"center" | b"dd" | b"details"
            | b"dialog" | b"div" | b"dt" | b"fieldset" | b"figcaption" | b"figure" | b"footer" | b"form"
            | b"header" | b"hgroup" | b"html" | b"legend" | b"main" | b"nav" | b"optgroup" | b"option"
            | b"search" | b"section" | b"select" | b"summary" | b"tbody" | b"tfoot" | b"thead" => Self::Block,
            _ => Self::Inline,
        }
    }

    /// Returns whether the element has no content and so no end.
    pub(super) fn is_empty(self) -> bool {
        matches!(self, Self::Break | Self::Void)
    }

    /// Returns whether the element holds others, so that its end also ends what is still open in it.
    pub(super) fn is_container(self) -> bool {
        matches!(
            self,
            Self::Block | Self::List | Self::Quotation | Self::Table | Self::Cell | Self::Preformatted
        )
    }

    /// Returns whether an end tag or an implied end of `inner` stops at this element.
    pub(super) fn keeps(self, inner: Self) -> bool {
        match inner {
            Self::Table => false,
            Self::Cell | Self::Row => self == Self::Table,
            Self::Item => matches!(self, Self::List | Self::Cell | Self::Table),
            Self::Inline | Self::Raised => self.is_container(),
            _ => matches!(self, Self::Cell | Self::Table),
        }
    }

    /// Returns the open elements that the start of this one ends.
    pub(super) fn ends(self) -> &'static [Self] {
        match self {
            Self::Inline | Self::Raised | Self::Break | Self::Void | Self::Unseen => &[],
            Self::Item => &[Self::Paragraph, Self::Item],
            Self::Cell => &[Self::Cell],
            Self::Row => &[Self::Row, Self::Cell],
            Self::Heading => &[Self::Paragraph, Self::Heading],
            _ => &[Self::Paragraph],
        }
    }
}

/// What the marks that mail programs leave on an element say of its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    /// The text is of this part.
    Is(Part),
    /// What is answered begins here, and goes on behind the element.
    Divider,
}

/// Classes of elements that hold what is answered in quotations, or a forwarded mail.
const ANSWERED: [&[u8]; 2] = [b"gmail_quote", b"protonmail_quote"];
/// Classes and ids of elements that hold what is answered, whatever is in them.
const HISTORY: [&[u8]; 6] = [
    b"yahoo_quoted",
    b"moz-cite-prefix",
    b"zmail_extra",
    b"olk_src_body_section",
    b"messagereplysection",
    b"mail-quote-collapse",
];
/// Ids of elements behind which everything is what is answered.
const DIVIDERS: [&[u8]; 4] = [b"divrplyfwdmsg", b"appendonsend", b"zwchr", b"zendesk-reply-marker"];
/// Classes and ids of signatures.
const SIGNATURES: [&[u8]; 9] = [
    b"gmail_signature",
    b"gmail_signature_prefix",
    b"moz-signature",
    b"signature",
    b"ms-outlook-mobile-signature",
    b"composer_signature",
    b"protonmail_signature_block",
    b"applemailsignature",
    b"zmail_signature_below",
];

/// Returns what the class and the id of an element say of its text.
pub(super) fn mark(attributes: &Attributes) -> Option<Mark> {
    // Outlook puts `x_` before what it takes over, once a turn.
    let mut id = attributes.id();
    while let Some(rest) = id.strip_prefix(b"x_") {
        id = rest;
    }
    let names = attributes.class().split(u8::is_ascii_whitespace).chain([id]).filter(|name| !name.is_empty());
    let is = |known: &[&[u8]]| names.clone().any(|name| known.contains(&name));
    if is(&DIVIDERS) {
        Some(Mark::Divider)
    } else if is(&ANSWERED) {
        Some(Mark::Is(Part::Answered))
    } else if is(&HISTORY) {
        Some(Mark::Is(Part::History))
    } else {
        is(&SIGNATURES).then_some(Mark::Is(Part::Signature))
    }
}

/// How an element changes whether its text can be seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sight {
    /// Nothing in the element is shown.
    pub(super) gone: bool,
    /// The size of the font: none at all, or some again.
    pub(super) size: Option<bool>,
    /// The visibility, which an inner element can turn on again.
    pub(super) visible: Option<bool>,
}

/// Reads `hidden`, `class` and `style` of an element.
pub(super) fn sight(attributes: &Attributes) -> Sight {
    let mut sight = Sight { gone: attributes.hidden() || names_preheader(attributes), ..Sight::default() };
    let (mut flat, mut clipped) = (false, false);
    for rule in attributes.style().split(|byte| *byte == b';') {
        let Some(colon) = rule.iter().position(|byte| *byte == b':') else { continue };
        let value = rule[colon + 1..].strip_suffix(b"!important").unwrap_or(&rule[colon + 1..]);
        match &rule[..colon] {
            b"display" => sight.gone |= value == b"none",
            b"visibility" => sight.visible = Some(!matches!(value, b"hidden" | b"collapse")),
            b"opacity" => sight.gone |= is_zero(value),
            b"font-size" if is_zero(value) => sight.size = Some(false),
            // A share of nothing is nothing.
            b"font-size" if !value.ends_with(b"%") && !value.ends_with(b"em") => sight.size = Some(true),
            b"font-size" if value.ends_with(b"rem") => sight.size = Some(true),
            b"max-height" | b"height" | b"max-width" | b"width" => flat |= is_zero(value),
            b"overflow" => clipped |= value == b"hidden",
            _ => {}
        }
    }
    sight.gone |= flat && clipped;
    sight
}

/// A line for previews in mailboxes is hidden by a style sheet under such a class.
fn names_preheader(attributes: &Attributes) -> bool {
    let names = |value: &[u8]| value.windows(9).any(|name| name == b"preheader");
    names(attributes.class()) || names(attributes.id())
}

/// Returns whether a length or number is zero, in any unit.
fn is_zero(value: &[u8]) -> bool {
    let number = value.iter().take_while(|byte| byte.is_ascii_digit() || **byte == b'.').count();
    number > 0
        && value[..number].iter().all(|byte| matches!(byte, b'0' | b'.'))
        && value[number..].iter().all(|byte| byte.is_ascii_alphabetic() || *byte == b'%')
}
