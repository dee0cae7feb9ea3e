//! Finds where a signature begins: at a ruler, at a closing formula, or where a block of contact details stands.

use super::lines::{LINE_BYTES, Line, Part, substance, words};
use super::shape::Marks;
use super::words::Words;

/// The most lines of a signature; longer ones are no signature but text.
const LINES: usize = 24;
/// More words than this in a line are a sentence.
const SENTENCE: usize = 9;

/// Formulas that close a letter.
const FORMULAS: Words = Words(
    "regards | kind regards | best regards | warm regards | warmest regards | kindest regards | with kind \
     regards | with best regards | best wishes | with best wishes | all the best | best | sincerely | yours \
     sincerely | sincerely yours | yours faithfully | yours truly | yours | cheers | respectfully | cordially \
     | br | thanks and regards | thanks & regards | thank you and regards | thanks and best regards | mit \
     freundlichen grüßen | mit freundlichen grüssen | mit freundlichen gruessen | mit freundlichem gruß | \
     freundliche grüße | freundliche grüsse | viele grüße | viele grüsse | viele gruesse | beste grüße | \
     beste grüsse | liebe grüße | schöne grüße | herzliche grüße | mit besten grüßen | besten gruß | gruß | \
     grüße | mfg | lg | vg | hochachtungsvoll | danke und gruß | vielen dank und viele grüße | vielen dank \
     und freundliche grüße | cordialement | bien cordialement | très cordialement | bien à vous | sincères \
     salutations | salutations | salutations distinguées | meilleures salutations | respectueusement | \
     amicalement | cdt | cdlt | bien à toi | saludos | un saludo | saludos cordiales | un cordial saludo | \
     atentamente | atte | cordialmente | reciba un cordial saludo | gracias y saludos | salutacions | \
     atentament | cumprimentos | melhores cumprimentos | com os melhores cumprimentos | com cumprimentos | \
     atenciosamente | att | abraço | abraços | cordiali saluti | distinti saluti | saluti | un saluto | un \
     cordiale saluto | grazie e saluti | grazie e cordiali saluti | cu stimă | cu respect | met vriendelijke \
     groet | met vriendelijke groeten | vriendelijke groet | vriendelijke groeten | hartelijke groet | \
     hartelijke groeten | met groet | groet | groeten | groetjes | mvg | hoogachtend | med vänliga hälsningar \
     | med vänlig hälsning | vänliga hälsningar | hälsningar | mvh | bästa hälsningar | många hälsningar | vänligen | med venlig hilsen | med \
     vennlig hilsen | venlig hilsen | vennlig hilsen | hilsen | mange hilsner | bedste hilsner | ystävällisin \
     terveisin | terveisin | parhain terveisin | kunnioittaen | pozdrawiam | pozdrawiam serdecznie | \
     serdecznie pozdrawiam | z poważaniem | z wyrazami szacunku | z pozdrowieniami | pozdrowienia | s \
     pozdravem | s pozdravom | s přátelským pozdravem | se srdečným pozdravem | s úctou | с уважением | с \
     наилучшими пожеланиями | всего доброго | з повагою | с уважение | srdačan pozdrav",
);
const FORMULAS_MORE: Words = Words(
    "lijep pozdrav | lep pozdrav | s poštovanjem | pozdrav | saygılarımla | saygılarımızla | iyi çalışmalar | \
     sevgiler | üdvözlettel | tisztelettel | üdv | με εκτίμηση | pagarbiai | ar cieņu | lugupidamisega | \
     salam | hormat saya | trân trọng | 敬具 | 以上 | 宜しくお願いいたします | よろしくお願いいたします | よろしくお願いします | どうぞよろしくお願いいたします | \
     何卒よろしくお願いいたします | 此致 | 敬礼 | 祝好 | مع التحية | בברכה",
);

/// Beginnings of the sentences that close a formal letter.
const SENTENCES: Words = Words(
    "je vous prie d'agréer | je vous prie d’agréer | nous vous prions d'agréer | nous vous prions d’agréer | veuillez agréer | \
     je vous prie de recevoir | veuillez recevoir | sin otro particular | porgo distinti | porgo cordiali | in attesa di un riscontro | \
     con osservanza | se despide atentamente",
);

/// Thanks that close a letter where only a name stands below.
const THANKS: Words = Words(
    "thanks | thank you | many thanks | thanks a lot | thanks so much | thx | thanks in advance | danke | \
     vielen dank | besten dank | merci | merci beaucoup | merci d'avance | gracias | muchas gracias | grazie \
     | grazie mille | obrigado | obrigada | dank | bedankt | alvast bedankt | dziękuję | děkuji | tack | \
     kiitos | спасибо | teşekkürler",
);

/// What a line is to the end of a letter.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Formula {
    Closing,
    Thanks,
}

/// The line at which the signature begins among these lines of one message, if it has one.
pub(super) fn signature(lines: &[Line<'_>]) -> Option<usize> {
    if let Some(marked) = lines.iter().position(|line| line.part == Part::Signature)
        && substance(&lines[..marked], 1) > 0
        && lines[marked..]
            .iter()
            .all(|line| line.part == Part::Signature || line.is_blank() || line.is_ruler())
    {
        return Some(closed_above(lines, marked));
    }
    let last = lines.iter().rposition(|line| !line.is_blank())?;
    // Nearer to the end than this, or it is a part of the text.
    let first = (last + 1).saturating_sub(LINES);
    for at in first..=last {
        let line = &lines[at];
        let below = &lines[at + 1..=last];
        let begins = if is_dashes(line.text) {
            substance(&lines[..at], 3) >= 3 && is_signed(below) && is_details(below)
        } else {
            match formula(line.text) {
                Some(Formula::Closing) => substance(&lines[..at], 1) > 0 && is_details(below),
                Some(Formula::Thanks) => substance(&lines[..at], 1) > 0 && is_sign_off(below),
                None => at > 0 && ends_by_shape(lines, at, last),
            }
        };
        if begins {
            return Some(closed_above(lines, at));
        }
    }
    None
}

/// Where a closing formula stands directly above a ruler or a marked signature, the signature begins with it.
fn closed_above(lines: &[Line<'_>], at: usize) -> usize {
    let above =
        lines[..at].iter().enumerate().rev().filter(|(_, line)| !line.is_blank() && !line.is_ruler()).take(3);
    above
        .filter(|(at, line)| formula(line.text) == Some(Formula::Closing) && substance(&lines[..*at], 1) > 0)
        .last()
        .map_or(at, |(at, _)| at)
}

/// The ruler that the mail standard puts above a signature, with or without its space.
fn is_dashes(text: &str) -> bool {
    matches!(text, "--" | "—" | "–" | "---" | "__" | "___")
}

fn formula(text: &str) -> Option<Formula> {
    if text.len() > 120 || text.contains('?') || text.contains(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let lower = text.to_lowercase();
    let bare = lower.trim_end_matches([',', '.', '!', '–', '-', '—', ';', ' ', '。', '，', '、', '！']);
    // A name may stand behind it on the same line.
    let begins = |formula: &&str| {
        let Some(rest) = bare.strip_prefix(formula) else { return false };
        let known = formula.split_whitespace().count();
        let behind: Vec<&str> = text.split_whitespace().skip(known).collect();
        rest.is_empty()
            || rest.starts_with([',', ' ', '-', '.', '!', '，', '、'])
                && behind.len() <= 4
                && is_name(&behind.join(" "))
    };
    if SENTENCES.all().any(|begins| lower.starts_with(begins))
        || FORMULAS.all().chain(FORMULAS_MORE.all()).any(|formula| begins(&formula))
    {
        Some(Formula::Closing)
    } else if THANKS.has(bare) || bare.strip_prefix("thanks,").is_some_and(|name| words(name) <= 2) {
        Some(Formula::Thanks)
    } else {
        None
    }
}

/// Returns whether a line may be somebody's name: few words, each with a capital where the script has capitals.
fn is_name(text: &str) -> bool {
    let mut words = text.split_whitespace();
    let plain = |word: &str| {
        word.chars().all(|c| c.is_alphabetic() || matches!(c, '.' | '-' | '\'' | '’' | ',' | '(' | ')' | '/'))
    };
    let capital = |word: &str| {
        let first = word.trim_start_matches('(').chars().next();
        first.is_some_and(|c| !c.is_lowercase())
            || matches!(
                word,
                "de" | "van"
                    | "von"
                    | "der"
                    | "den"
                    | "da"
                    | "di"
                    | "del"
                    | "la"
                    | "le"
                    | "af"
                    | "y"
                    | "e"
                    | "aus"
                    | "from"
                    | "z"
                    | "från"
                    | "fra"
                    | "uit"
                    | "dal"
                    | "im"
                    | "in"
            )
    };
    if text.len() > LINE_BYTES {
        return false;
    }
    let count = text.split_whitespace().count();
    (1..=5).contains(&count) && text.chars().count() <= 48 && words.all(|word| plain(word) && capital(word))
}

/// Marks of contact details and companies.
const CONTACT: Words = Words(
    "www. | http | @ | s.a. | s.r.l | s.l. | b.v. | a/s | sp. z o.o | s.r.o | 株式会社 | 電話 | 電話番号",
);
/// Words of contact details and companies.
const CONTACT_WORDS: Words = Words(
    "tel | phone | mobile | mob | mobil | fax | gsm | telefon | telefoon | teléfono | téléphone | telefone | \
     tél | handy | whatsapp | skype | linkedin | ltd | gmbh | inc | llc | ag | bv | ab | oy | kft | kg | sarl \
     | sas | spa | srl | plc | kvk | btw | hrb | siret | nip | ičo | vat | ооо | тел | şti | aş",
);

/// Returns whether a line gives an address, a number or a company.
fn is_contact(text: &str) -> bool {
    if text.len() > LINE_BYTES {
        return false;
    }
    let lower = text.to_lowercase();
    // A label of a letter or two may stand before a number.
    let letters = text.chars().filter(|c| c.is_alphabetic()).count();
    let number = text.chars().all(|c| c.is_alphanumeric() || c.is_whitespace() || "+-()/.:".contains(c));
    let phone = text.chars().filter(char::is_ascii_digit).count() >= 7 && letters <= 3 && number;
    CONTACT.touch(&lower) || CONTACT_WORDS.meet(&lower) || phone
}

/// Returns whether lines below a ruler begin like a signature: with a name, or with details somewhere.
fn is_signed(below: &[Line<'_>]) -> bool {
    let mut told = below.iter().filter(|line| !line.is_blank() && !line.is_ruler());
    told.next().is_some_and(|line| is_name(line.text) || is_contact(line.text))
        || told.any(|line| is_contact(line.text))
}

/// Returns whether a line is a sentence or a question, which a signature has none of.
fn is_prose(text: &str) -> bool {
    text.len() > LINE_BYTES
        || text.contains(['?', '？'])
        || words(text) > SENTENCE
            && !super::notices::is_notice(text)
            && (!is_contact(text) || text.ends_with(['.', '!', '。']))
}

/// Returns whether lines can be all of a signature: details, no sentences but a notice.
fn is_details(lines: &[Line<'_>]) -> bool {
    let told = || lines.iter().filter(|line| !line.is_blank());
    let postscript = |line: &&Line<'_>| is_postscript(line.text);
    if told().count() > LINES {
        return false;
    }
    let until = lines.iter().position(|line| postscript(&line)).unwrap_or(lines.len());
    // A wrapped notice is known by its paragraph, not by its lines.
    let notice = super::notices::first_notice(&lines[..until]).unwrap_or(until);
    !lines[..notice].iter().any(|line| is_prose(line.text))
}

/// Returns whether lines below thanks are a name and the like.
fn is_sign_off(lines: &[Line<'_>]) -> bool {
    let mut told = lines.iter().filter(|line| !line.is_blank() && !line.is_ruler());
    told.next().is_some_and(|line| is_name(line.text)) && is_details(lines)
}

/// Returns whether a line is said after the signature.
pub(super) fn is_postscript(text: &str) -> bool {
    let lower = text.to_lowercase();
    ["ps:", "p.s.", "ps.", "p.s:", "ps ", "ps,", "з.ы.", "p.d.", "追伸"]
        .iter()
        .any(|mark| lower.starts_with(mark))
}

/// Recognises endings whose words are not known: a short line with a comma and a name below it at the very end, or a
/// name above contact details.
fn ends_by_shape(lines: &[Line<'_>], at: usize, last: usize) -> bool {
    let line = &lines[at];
    if line.is_blank() || line.is_ruler() || substance(&lines[..at], 3) < 3 {
        return false;
    }
    let alone = lines[at - 1].is_blank();
    let below = || lines[at + 1..=last].iter().filter(|line| !line.is_blank());
    let comma = alone
        && line.text.ends_with([',', '，'])
        && words(line.text) <= 4
        && !line.text.contains(char::is_numeric);
    if comma && (1..=2).contains(&below().count()) && below().all(|line| is_name(line.text)) {
        return true;
    }
    let details = below().filter(|line| is_contact(line.text) || Marks::of(line.text).address).count();
    let phrase = alone
        && words(line.text) <= 4
        && !line.text.contains(char::is_numeric)
        && !line.text.ends_with(['.', '!', '?', ':', '。']);
    let named = below().next().is_some_and(|line| is_name(line.text));
    if phrase
        && named
        && details >= 1
        && is_details(&lines[at..=last])
        && !lines[..at]
            .iter()
            .rev()
            .find(|line| !line.is_blank())
            .is_some_and(|line| line.text.ends_with([':', '：']))
    {
        return true;
    }
    // "Please send it to:" introduces an address that is meant.
    let asked = lines[..at]
        .iter()
        .rev()
        .find(|line| !line.is_blank())
        .is_some_and(|line| line.text.ends_with([':', '：']));
    alone
        && !asked
        && is_name(line.text)
        && words(line.text) >= 2
        && details >= 2
        && is_details(&lines[at..=last])
}
