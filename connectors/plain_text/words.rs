//! Words that support a shape where the shape alone leaves doubt.
//!
//! Nothing is cut because of one word. A language that is missing here is still read by shape; a word that is here
//! settles what the shape leaves open. All words are in lower case.

/// A list of words, parted by `|`.
#[derive(Clone, Copy)]
pub(super) struct Words(pub(super) &'static str);

impl Words {
    /// Returns each word.
    pub(super) fn all(self) -> impl Iterator<Item = &'static str> {
        self.0.split('|').map(str::trim)
    }

    /// Returns whether one of them is this word.
    pub(super) fn has(self, word: &str) -> bool {
        self.all().any(|known| known == word)
    }

    /// Returns whether the text contains any of them, also inside other words.
    pub(super) fn touch(self, text: &str) -> bool {
        self.all().any(|word| text.contains(word))
    }

    /// Returns the number of them that are in the text as whole words.
    pub(super) fn count(self, text: &str) -> usize {
        let part = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '\'');
        let whole = |word: &str| {
            text.match_indices(word).any(|(at, _)| {
                !part(text[..at].chars().next_back()) && !part(text[at + word.len()..].chars().next())
            })
        };
        self.all().filter(|word| whole(word)).count()
    }

    /// Returns whether any of them is in the text as a whole word.
    pub(super) fn meet(self, text: &str) -> bool {
        self.count(text) > 0
    }
}

/// What the subject says of a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Prefix {
    /// An answer: `Re:`.
    Reply,
    /// A forwarded mail: `Fwd:`.
    Forward,
}

const REPLIES: Words = Words(
    "re | aw | antw | antwort | sv | rif | r | res | odp | odpověď | ynt | yan | vá | atb | bls | отв | ответ \
     | 回复 | 答复 | 回覆 | 返信 | 회신",
);
const FORWARDS: Words = Words(
    "fw | fwd | wg | weitergeleitet | tr | rv | rv reenviar | i | enc | doorst | fs | vl | vb | pd | podaj \
     dalej | přeposlat | ilt | i̇lt | továbbítás | tov | пересл | 转发 | 轉寄 | 転送 | 전달 | reenv | reenviado | \
     inoltro | videresend",
);

/// Returns what the first prefix of a subject says. Tags such as `[EXTERNAL]` may stand before it.
pub(super) fn prefix(subject: &str) -> Option<Prefix> {
    let mut subject = subject.trim_start();
    while let Some((_, rest)) = subject.strip_prefix('[').and_then(|tag| tag.split_once(']')) {
        subject = rest.trim_start();
    }
    let colon = subject.find([':', '：']).filter(|at| *at <= 24)?;
    let word = subject[..colon].split(['[', '(']).next().unwrap_or_default().trim().to_lowercase();
    if REPLIES.has(&word) {
        Some(Prefix::Reply)
    } else if FORWARDS.has(&word) {
        Some(Prefix::Forward)
    } else {
        None
    }
}

/// Labels of the line that names the sender.
const SENDERS: Words = Words(
    "from | von | de | da | van | od | från | fra | lähettäjä | от | від | kimden | gönderen | feladó | de la \
     | από | 差出人 | 送信者 | 发件人 | 寄件者 | 寄件人 | 보낸 사람 | 보낸사람 | מאת | من | dari | từ | nuo | no | saatja | \
     отправитель | от кого | expéditeur | remitente | mittente",
);

/// Labels of the other lines of a header block.
const HEADERS: Words = Words(
    "sent | date | to | cc | bcc | subject | reply-to | importance | attachments | sent at | gesendet | datum \
     | an | betreff | kopie | envoyé | envoyé le | date d'envoi | à | objet | enviado | enviado el | enviado \
     em | enviada em | enviada | fecha | data | para | asunto | assunto | inviato | a | oggetto | verzonden | \
     aan | onderwerp | wysłano | do | temat | odesláno | komu | předmět | odoslané | dátum | predmet | \
     skickat | till | ämne | kopia | sendt | til | emne | dato | lähetetty | vastaanottaja | aihe | \
     päivämäärä | отправлено | дата | кому | тема | копия | надіслано | gönderildi | gönderme tarihi | tarih \
     | kime | konu | bilgi | elküldve | küldve | címzett | tárgy | trimis | către | catre | subiect | \
     στάλθηκε | ημερομηνία | προς | θέμα | 送信日時 | 日時 | 日付 | 宛先 | 件名 | 发送时间 | 发送日期 | 日期 | 收件人 | 主题 | 抄送 | 寄件日期 \
     | 收件者 | 主旨 | 副本 | 보낸 날짜 | 날짜 | 받는 사람 | 제목 | נשלח | אל | נושא | التاريخ",
);

/// Returns whether a label names the sender of a mail.
pub(super) fn is_sender(label: &str) -> bool {
    SENDERS.has(&label.trim().to_lowercase())
}

/// Returns whether a label is one of a header block's other lines.
pub(super) fn is_header(label: &str) -> bool {
    HEADERS.has(&label.trim().to_lowercase())
}

/// Words for writing that end an attribution without an address.
const WROTE: Words = Words(
    "wrote | schrieb | a écrit | escribió | escribio | ha scritto | scritto: | escreveu | schreef | \
     geschreven | skrev | kirjoitti | napisał | napsal | napísal | пише | писал | yazdı | yazdi | írta | a \
     scris | έγραψε | написа | пиша | je napisa | je napísal | va escriure | rašė | rakstīja | kirjutas | 写道 \
     | 寫道 | 작성 | のメッセージ",
);

/// Returns whether a line says that somebody wrote.
pub(super) fn says_wrote(text: &str) -> bool {
    WROTE.touch(&text.to_lowercase())
}

/// Words of an announcement for what is answered. Any other announcement above a header block is of a forward.
const ORIGINALS: Words = Words(
    "origin | ursprüng | ursprung | oorspronkelijk | oprindelig | opprinnelig | alkuperäinen | oryginal | \
     původní | pôvodn | исходн | orijinal | eredeti | 元の | 原始 | 원본",
);

/// Returns whether an announcement is of the message that is answered.
pub(super) fn names_original(announcement: &str) -> bool {
    ORIGINALS.touch(&announcement.to_lowercase())
}

/// Words for forwarding, in an announcement.
const FORWARDED: Words = Words(
    "forward | weitergeleitet | transféré | transf | reenviado | reenvi | inoltrat | encaminhad | reencaminh \
     | doorgestuurd | przekazan | przesłan | přeposlan | vidarebefordr | videresend | välitetty | пересл | \
     iletilen | iletildi | továbbított | yönlendir | переслан | 転送 | 转发 | 轉寄 | 전달",
);

/// Returns whether an announcement is of a forwarded mail.
pub(super) fn names_forward(announcement: &str) -> bool {
    FORWARDED.touch(&announcement.to_lowercase())
}

/// Words with which people point to what stands below. "I look forward to" and a bank's "transfer" are none.
const BELOW: Words = Words(
    "below | fyi | underneath | attached mail | pass this on | passing this | passing on | forwarding | \
     forwarded | forward this | fwd | unten | leite ich | ich leite | weitergeleitete | zur info | zur \
     kenntnis | zur weiteren bearbeitung | ci-dessous | ci dessous | plus bas | transfère | transférons | \
     pour info | abajo | a continuación | le reenvío | os reenvío | reenviamos | para su información | qui \
     sotto | sotto riportat | di seguito | inoltro | inoltriamo | in calce | per conoscenza | abaixo | \
     encaminho | encaminhamos | para conhecimento | hieronder | onderstaand | doorgestuurd | stuur ik | ter \
     info | poniżej | przesyłam | przekazuję | do wiadomości | níže | přeposílám | nedan | vidarebefordrar | \
     för kännedom | nedenfor | videresender | til orientering | alla oleva | välitän | tiedoksi | ниже | \
     пересылаю | для сведения | this one | this customer | this client | our customer | our client | diesen \
     kunden | dieser kunde | unser kunde | ce client | notre client | este cliente | nuestro cliente | questo \
     cliente | nostro cliente | nosso cliente | deze klant | onze klant | tego klienta | naszego klienta | \
     tohoto zákazníka | denna kund | vår kund | vores kunde | aşağıda | iletiyorum | bilginize | 下記 | 以下 | 転送 \
     | 如下 | 转发 | 轉寄 | 아래 | 전달 | mai jos | alább",
);

/// Returns whether a text points to what stands below it.
pub(super) fn points_below(text: &str) -> bool {
    BELOW.touch(&text.to_lowercase())
}

/// Stems of "form" in the languages that have one of their own.
const FORMS: Words = Words(
    "formular | formulair | formulier | formulář | modulo di contatto | modulo contatti | contact form | web \
     form | lomak | kontaktskjema | обратной связи | форма | формы | フォーム | 表单 | 表單 | 양식 | website contact | \
     contact page",
);

/// Words with which somebody speaks of themselves, which no system and no notice does.
const PERSONAL: Words = Words(
    "i'm | i've | i'd | my | me | ich | mein | meine | meinen | meiner | je | mon | ma | mes | yo | mi | mis \
     | mio | mia | ho | ik | mijn | eu | meu | minha | jag | mitt | jeg | mój | moje | moja | мой | мне | моя \
     | мои | я",
);
/// The same in two words, because a lone `i` is a word of many languages.
const PERSONAL_PAIRS: Words = Words(
    "i am | i have | i had | i got | i received | i was | i did | i will | i can | i want | i need | shall i \
     | should i | did i",
);

/// Returns whether somebody speaks of themselves in a text in lower case.
pub(super) fn is_personal(lower: &str) -> bool {
    PERSONAL.meet(lower) || PERSONAL_PAIRS.meet(lower)
}

/// Returns whether a text says that a form sent the message, and nobody speaks in it.
pub(super) fn names_form(text: &str) -> bool {
    let text = text.to_lowercase();
    let named = FORMS.touch(&text) || Words("form | webform").meet(&text);
    named && !is_personal(&text)
}
