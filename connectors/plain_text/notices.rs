//! Knows the lines that no customer wrote: banners of mail servers, disclaimers, imprints, lines of devices.
//!
//! A notice is known by several of its ideas together (this message, its recipient, a mistake, to delete it), each said
//! in many languages, and by where it stands. One idea alone is a customer's sentence.

use super::lines::{Line, substance, words};
use super::words::{Words, is_personal};

/// A longer paragraph is not looked at whole.
const PARAGRAPH_BYTES: usize = 2048;
/// The most notices and lines of devices at the end that are looked at one by one.
const ENDINGS: usize = 24;
/// The most paragraphs from the top in which a banner may stand.
const TOP: usize = 3;

/// The ideas of which disclaimers are made.
const MAIL: Words = Words(
    "e-mail | email | message | nachricht | courriel | mensaje | correo | messaggio | mensagem | bericht | \
     wiadomo | zpráv | správ | meddelande | besked | melding | viesti | sähköposti | сообщени | письм | \
     повідомлення | лист | mesaj | e-posta | üzenet | メール | 邮件 | 郵件 | 메일 | μήνυμα | transmission",
);
const CONFIDENTIAL: Words = Words(
    "confidential | vertraulich | confidentiel | confidencial | riservat | vertrouwelijk | poufn | důvěrn | \
     dôvern | konfidenti | fortrolig | luottamuksell | конфиденциал | конфіденц | gizli | bizalmas | \
     εμπιστευτικ | 機密 | 秘密 | 保密 | 机密 | 기밀 | privileged | سري | חסוי | konfidenc | sekretess | povjerljiv | \
     zaupn | tajn",
);
const RECIPIENT: Words = Words(
    "recipient | addressee | intended | empfänger | adressat | destinataire | destinatari | destinatár | \
     ontvanger | geadresseerde | adresat | příjemc | adresát | mottagare | modtager | mottaker | \
     vastaanottaja | адресат | получател | одержувач | alıcı | címzett | παραλήπτ | 受信者 | 宛先 | 收件人 | 收件者 | \
     수신자 | bestimmt | bestemd | beregnet | přijemc",
);
const MISTAKE: Words = Words(
    "in error | by mistake | not the intended | irrtümlich | versehentlich | fehlgeleitet | par erreur | \
     erreur | por error | erróneamente | per errore | erroneamente | por engano | por erro | abusievelijk | \
     per vergissing | ten onrechte | omyłkow | przez pomyłkę | omylem | nedopatřením | misstag | fejl | feil \
     | vahingossa | erehdyksessä | ошиб | помилк | yanlış | tévedés | 誤って | 错误",
);
const DELETE: Words = Words(
    "delete | destroy | lösch | vernicht | supprim | détrui | elimin | borr | destrui | cancell | distrugg | \
     apag | verwijder | vernietig | usuń | usuni | smaz | odstra | radera | ta bort | slet | poista | tuho | \
     удал | видал | silin | 削除 | 删除 | 삭제",
);
const FORBIDDEN: Words = Words(
    "unauthori | prohibited | strictly | disclos | legal action | unbefugt | untersagt | nicht gestattet | \
     unzulässig | interdit | strictement | prohib | no autoriz | vietat | proibid | verboden | niet \
     toegestaan | zabron | zakáz | förbjud | otillåt | forbud | ulovlig | kielletty | запрещ | yasak | \
     liability | haftung",
);
const ATTACHED: Words = Words(
    "attachment | anhäng | anlagen | pièces jointes | pièce jointe | adjunt | allegat | anexo | bijlage | \
     załącznik | příloh | bilag | bilagor | liite | вложен | ek dosya | ekleri | csatol | 添付 | 附件",
);
const VIRUS: Words = Words("virus | viren | malware | вирус | ウイルス | 病毒");
const OPINION: Words = Words(
    "views expressed | opinions expressed | views or opinions | binding | verbindlich | opinions | opiniones \
     | standpunten",
);
const PRINT: Words = Words(
    "print | drucken | ausdruck | imprim | stampa | afdruk | printen | wydruk | druk | tisk | vytiskn | skriv \
     ut | udskriv | tulost | печат | yazdır",
);
const NATURE: Words = Words(
    "environment | umwelt | environnement | medio ambiente | medioambiente | ambiente | milieu | środowisk | \
     životní prostředí | miljö | miljø | ympäristö | окружающ | çevre",
);
/// What the law asks a company to name.
const COMPANY: Words = Words(
    "geschäftsführ | geschaeftsfuehr | handelsregister | amtsgericht | registergericht | ust-id | ust.-id | \
     umsatzsteuer | aufsichtsrat | vorstand: | sitz der gesellschaft | firmenbuch | steuernummer | capital \
     social | au capital de | tva intracom | registered in | registered office | company no | company number \
     | company registration | vat no | vat reg | registro mercantil | partita iva | p.iva | p. iva | c.f. | \
     org.nr | org nr | y-tunnus | organisationsnummer | reg. imprese | registrato al | handelsregisternummer \
     | kamer van koophandel",
);
/// The short words of it.
const COMPANY_WORDS: Words = Words(
    "hrb | hra | vat | siret | siren | rcs | cif | nif | nipc | kvk | btw | nip | regon | krs | ičo | dič | \
     cvr | инн | огрн | кпп | cnpj | cui",
);

/// The number of ideas of a disclaimer in a text in lower case.
fn ideas(lower: &str) -> (usize, bool, bool) {
    let has = |words: Words| words.touch(lower);
    let (mail, confidential, recipient) = (has(MAIL), has(CONFIDENTIAL), has(RECIPIENT));
    let others = [has(MISTAKE), has(DELETE), has(FORBIDDEN), has(ATTACHED), has(VIRUS), has(OPINION)];
    let others = others.into_iter().filter(|idea| *idea).count();
    let count = others + usize::from(mail) + usize::from(confidential) + usize::from(recipient);
    (count, mail, confidential || recipient)
}

/// Returns whether a text is a disclaimer, an imprint or a request not to print, in whatever language.
pub(super) fn is_notice(text: &str) -> bool {
    let lower = bounded(text).to_lowercase();
    let company = COMPANY.all().filter(|word| lower.contains(word)).count() + COMPANY_WORDS.count(&lower);
    let (count, mail, closed) = ideas(&lower);
    let asks = text.contains(['?', '？']);
    let personal = is_personal(&lower);
    let printing = PRINT.touch(&lower) && NATURE.touch(&lower);
    (mail && closed && count >= 3 && !(asks || personal))
        || (count >= 4 && !(asks || personal))
        || (mail && closed && company > 0)
        || (company >= 2 && !asks)
        || (printing && lower.len() <= 400)
        || is_service(&lower)
}

/// Words of such lines.
const SERVICES: Words = Words(
    "virus-free | virenfrei | avast.com | scanned by | mailscanner | sans virus | libre de virus | privo di virus",
);

/// Lines that scanners and list servers add.
fn is_service(lower: &str) -> bool {
    lower.len() <= 200 && SERVICES.touch(lower) && !lower.contains('?')
}

fn bounded(text: &str) -> &str {
    &text[..text.floor_char_boundary(PARAGRAPH_BYTES)]
}

/// A paragraph: its first line, and the line behind its last one.
fn paragraphs<'l>(lines: &'l [Line<'_>]) -> impl Iterator<Item = (usize, usize)> + use<'l> {
    let mut at = 0;
    std::iter::from_fn(move || {
        while lines.get(at).is_some_and(|line| line.is_blank()) {
            at += 1;
        }
        let start = at;
        while lines.get(at).is_some_and(|line| !line.is_blank()) {
            at += 1;
        }
        (at > start).then_some((start, at))
    })
}

fn joined(lines: &[Line<'_>]) -> String {
    let mut text = String::new();
    for line in lines {
        if text.len() > PARAGRAPH_BYTES {
            break;
        }
        text.push_str(bounded(line.text));
        text.push(' ');
    }
    text
}

/// The first line of the first paragraph that is a notice.
pub(super) fn first_notice(lines: &[Line<'_>]) -> Option<usize> {
    paragraphs(lines).find(|(start, end)| is_notice(&joined(&lines[*start..*end]))).map(|(start, _)| start)
}

/// The line behind the last one that somebody wrote: notices, imprints and lines of devices at the end are left out.
pub(super) fn last_written(lines: &[Line<'_>]) -> usize {
    let mut end = lines.len();
    for _ in 0..ENDINGS {
        let trimmed =
            lines[..end].iter().rposition(|line| !line.is_blank() && !line.is_ruler()).map_or(0, |at| at + 1);
        let Some(last) = lines[..trimmed].last() else { return trimmed };
        let start = lines[..trimmed].iter().rposition(Line::is_blank).map_or(0, |blank| blank + 1);
        let whole = is_notice(&joined(&lines[start..trimmed])) && !is_notice_in_text(&lines[start..trimmed]);
        let line = is_device(last.text) || is_notice(last.text);
        if whole && substance(&lines[..start], 1) > 0 {
            end = start;
        } else if line && substance(&lines[..trimmed - 1], 1) > 0 {
            end = trimmed - 1;
        } else {
            return trimmed;
        }
    }
    end
}

/// A paragraph whose first line alone is none may be text with a notice in its last lines.
fn is_notice_in_text(paragraph: &[Line<'_>]) -> bool {
    let asked = paragraph.iter().position(|line| line.text.contains(['?', '？']));
    asked.is_some_and(|at| is_notice(&joined(&paragraph[at + 1..])))
}

/// Devices and apps that put a line under every mail.
const DEVICES: Words = Words(
    "iphone | ipad | android | samsung | galaxy | huawei | xiaomi | redmi | pixel | blackberry | windows \
     phone | outlook | mail for windows | mail for windows 10 | yahoo | gmx | web.de | aol | proton | mail.ru \
     | mymail | my mobile | smartphone | handy | móvil | cellulare | telefon | mobiel | puhelim | gmail | \
     bluemail | spark | mobil | mobile",
);
/// Words for sending, with what follows them in such a line.
const SENT: Words = Words(
    "sent from | sent via | sent with | sent using | gesendet von | gesendet mit | gesendet aus | gesendet \
     über | geschrieben mit | envoyé de | envoyé depuis | envoyé à partir | envoyé avec | enviado desde | \
     enviado do | enviado de | enviado con | enviado via | enviado a partir | enviada do | inviato da | \
     inviata da | inviato con | verzonden van | verzonden met | verstuurd van | verstuurd met | wysłane z | \
     wysłano z | wysłane ze | odesláno z | odesláno ze | odoslané z | skickat från | skickades från | sendt \
     fra | sendt via | lähetetty | отправлено с | отправлено из | надіслано з | enviat des | trimis de pe | \
     trimis din | elküldve",
);
/// The same at the end of the line, behind the device.
const SENT_BEHIND: Words = Words("gesendet | gönderildi | から送信 | から送信されました | küldve | 발송");
/// Apps that ask to be got.
const APPS: Words = Words("outlook | yahoo mail | yahoo | aol | bluemail | gmx | web.de | proton | edison");

/// Returns whether a line is one that a device or an app adds to every mail.
pub(super) fn is_device(text: &str) -> bool {
    if text.len() > 160 || text.contains(['?', '？']) || words(text) > 12 {
        return false;
    }
    let lower = text.to_lowercase();
    let bare = lower.trim_matches(|c: char| !c.is_alphanumeric());
    let named = DEVICES.touch(bare);
    let begins = SENT.all().any(|sent| bare.starts_with(sent));
    let behind = SENT_BEHIND.all().any(|sent| bare.ends_with(sent))
        && (Words("von mein | nachricht wurde").touch(bare)
            || words(bare) <= 5 && bare.split_whitespace().count() <= 2);
    let offered = APPS.touch(bare) && Words("ios | android").meet(bare) && words(bare) <= 7;
    named && (begins || behind)
        || offered
        || Words("发自我的 | 傳送自我的 | 来自我的 | 나의 iphone").touch(bare)
}

/// What banners warn of.
const OUTSIDE: Words = Words(
    "external | extern | outside | externe | externo | esterno | esterna | zewnętrz | extérieur | exterior | \
     fuera de | fora da | außerhalb | ausserhalb | buiten | spoza | zvenčí | utanför | uden for | utenfor | \
     ulkopuol | внешн | за пределами | dışından | dış | 外部 | 社外 | 외부",
);
const CAUTION: Words = Words(
    "caution | warning | attention | beware | be careful | achtung | vorsicht | warnung | prudence | \
     avertissement | precaución | atención | advertencia | cuidado | attenzione | atenção | let op | \
     waarschuwing | uwaga | ostrożn | upozorn | pozor | varning | advarsel | varoitus | внимание | осторожн | \
     dikkat | 注意",
);
const CLICK: Words = Words(
    "link | click | klick | cliqu | lien | enlace | clic | vínculo | collegament | koppeling | klik | odkaz | \
     länk | lenk | linkk | ссылк | bağlant | tıkla | リンク | 链接 | 連結 | open | öffnen | ouvr | abr",
);
const SENDER: Words = Words(
    "sender | absender | expéditeur | remitente | mittente | remetente | afzender | nadawc | odesílatel | \
     odosielat | avsändar | afsender | avsender | lähettäj | отправител | gönderen | 送信者 | 发件人 | 寄件者 | \
     originated | stammt von | provient | trust",
);
const ORGANISATION: Words = Words(
    "organization | organisation | organización | organizzazione | organização | organisatie | organizac | \
     company | unternehmen | firma | entreprise | empresa | azienda | организац | kurum | 組織",
);
/// Beginnings of the hint that a sender is new.
const SELDOM: Words = Words(
    "learnaboutsenderidentification | don't often get email | don’t often get email | nicht oft e-mail | \
     nicht oft eine e-mail | pas souvent | no suele recibir | non ricevi spesso | niet vaak e-mail | nie \
     często otrzymujesz | får inte ofta | não recebe frequentemente",
);

/// Returns whether a text is a banner of a mail server.
fn is_banner(text: &str) -> bool {
    let lower = bounded(text).to_lowercase();
    let has = |words: Words| words.touch(&lower);
    let tag = lower.trim_matches(|c: char| !c.is_alphanumeric());
    let tagged = matches!(
        tag,
        "external"
            | "ext"
            | "external email"
            | "external e-mail"
            | "external sender"
            | "extern"
            | "externe e-mail"
            | "externe mail"
            | "external mail"
            | "externo"
            | "esterno"
    );
    let outside = has(OUTSIDE);
    let ideas = [has(CAUTION), has(CLICK), has(ATTACHED), has(SENDER), has(ORGANISATION), has(MAIL)];
    let count = ideas.into_iter().filter(|idea| *idea).count();
    let (asks, personal) = (text.contains(['?', '？']), is_personal(&lower));
    tagged
        || (outside
            && count >= 3
            && (ideas[0] || ideas[3] || ideas[4])
            && lower.len() <= 700
            && !(asks || personal))
        || (ideas[0] && ideas[1] && ideas[2] && !(asks || personal) && lower.len() <= 700)
        || (has(SELDOM) && lower.len() <= 400)
}

/// The line behind the banners at the top; 0 where there is none. Banners alone are no message.
pub(super) fn behind_banners(lines: &[Line<'_>]) -> usize {
    let mut behind = 0;
    for (start, end) in paragraphs(lines).take(TOP) {
        let whole = &lines[start..end];
        if whole.iter().all(Line::is_ruler) {
            continue;
        }
        if is_banner(&joined(whole)) {
            // A paragraph may go on with text where the banner is one line of it.
            let shorter = (1..whole.len()).find(|at| {
                is_banner(&joined(&whole[..*at]))
                    && !is_banner(&joined(&whole[*at..]))
                    && whole[*at - 1].text.ends_with(['.', ']', '!', '。'])
            });
            behind = shorter.map_or(end, |at| start + at);
            if shorter.is_some() {
                break;
            }
        } else {
            break;
        }
    }
    if lines[behind..].iter().any(|line| !line.is_blank() && !line.is_ruler()) { behind } else { 0 }
}
