//! Tests of what is recognised, by which sign, and of what people write that must not be.

use std::collections::{BTreeMap, BTreeSet};

use super::{Marks, recognise};
use crate::machine::MachineMail::{AutoReply, Bounce, DeliveryReport, Newsletter, Thanks};
use crate::machine::{MachineMail, Sign};
use crate::ticket::{Author, Message, Requester, Status, Ticket, TicketId, Version};

fn ticket(from: &str, subject: &str, text: &str) -> Ticket {
    Ticket {
        id: TicketId::new("7").unwrap(),
        version: Version("1".into()),
        subject: crate::plain_text::subject(subject),
        messages: vec![Message { author: Author::Customer, public: true, text: text.into() }],
        requester: Requester { id: None, email: Some(from.into()) },
        status: Status::New,
        priority: None,
        priority_is_default: false,
        tags: BTreeSet::new(),
        group: None,
        assignee: None,
        fields: BTreeMap::new(),
        profile: BTreeMap::new(),
        followers: Vec::new(),
        channel: None,
        brand: None,
        created_at: None,
        machine: None,
    }
}

fn seen(from: &str, subject: &str, text: &str) -> Option<(MachineMail, Sign)> {
    recognise(&ticket(from, subject, text), &Marks::default()).map(|found| (found.mail, found.sign))
}

const WHO: &str = "Lena@kunde.example";

#[test]
fn subjects_of_automatic_replies_in_many_languages() {
    for subject in [
        "Automatic reply: Your order 4471",
        "Out of Office: Re: Rückfrage",
        "[EXTERNAL] Auto-Reply: hello",
        "[Auto-Reply] Ihre Anfrage",
        "Abwesenheitsnotiz: Bestellung",
        "Automatische Antwort: Lieferung",
        "Réponse automatique\u{a0}: votre demande",
        "Respuesta automática: su pedido",
        "Risposta automatica: ordine",
        "Resposta automática: pedido",
        "Automatisch antwoord: bestelling",
        "Odpowiedź automatyczna: zamówienie",
        "Automatiskt svar: beställning",
        "Automatisk svar: ordre",
        "Automaattinen vastaus: tilaus",
        "Automatická odpověď: objednávka",
        "Automatikus válasz: rendelés",
        "Otomatik yanıt: sipariş",
        "Автоматический ответ: заказ",
        "Автоматична відповідь: замовлення",
        "自動応答: 注文について",
        "自动答复：订单",
        "자동 회신: 주문",
    ] {
        assert_eq!(seen(WHO, subject, "…"), Some((AutoReply, Sign::Subject)), "{subject}");
    }
}

#[test]
fn senders_that_only_machines_write_from() {
    for (sender, mail) in [
        ("MAILER-DAEMON@mx1.example", Bounce),
        ("postmaster@kunde.example", Bounce),
        ("bounces+81-lena=kunde.example@sender.example", Bounce),
        ("MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@kunde.example", Bounce),
        ("no-reply@shop.example", AutoReply),
        ("orders-noreply@shop.example", AutoReply),
        ("do_not_reply+4@shop.example", AutoReply),
        ("nicht-antworten@amt.example", AutoReply),
        ("newsletter@magazin.example", Newsletter),
    ] {
        assert_eq!(seen(sender, "Hallo", "Guten Tag"), Some((mail, Sign::Sender)), "{sender}");
    }
    for sender in
        ["rebounce@kunde.example", "reply@kunde.example", "noor@kunde.example", "post@kunde.example"]
    {
        assert_eq!(seen(sender, "Hallo", "Guten Tag, wo ist mein Paket?"), None, "{sender}");
    }
    // The mail's own `From` counts before the requester, who may be somebody else's entry.
    let marks = Marks { sender: Some("mailer-daemon@mx.example"), ..Marks::default() };
    let found = recognise(&ticket(WHO, "Hi", "there"), &marks).unwrap();
    assert_eq!((found.mail, found.sign), (Bounce, Sign::Sender));
}

#[test]
fn headers_of_every_kind() {
    for (name, value, mail) in [
        ("Auto-Submitted", "auto-replied (vacation)", Some(AutoReply)),
        ("auto-submitted", "auto-generated", Some(AutoReply)),
        ("Auto-Submitted", "no", None),
        ("X-Autoreply", "yes", Some(AutoReply)),
        ("Precedence", "bulk", Some(Newsletter)),
        ("Precedence", "auto_reply", Some(AutoReply)),
        ("Precedence", "first-class", None),
        ("List-Unsubscribe", "<mailto:leave@list.example>", Some(Newsletter)),
        ("List-Id", "<weekly.list.example>", Some(Newsletter)),
        ("Return-Path", "<>", Some(AutoReply)),
        ("Return-Path", "<lena@kunde.example>", None),
        ("Content-Type", "multipart/report; report-type=delivery-status; boundary=x", Some(Bounce)),
        ("Content-Type", "multipart/report; report-type=disposition-notification", Some(DeliveryReport)),
        ("Content-Type", "multipart/alternative", None),
        ("X-Failed-Recipients", "nobody@kunde.example", Some(Bounce)),
    ] {
        let headers = [(name.to_owned(), value.to_owned())];
        let found = recognise(
            &ticket(WHO, "Hello", "Where is it?"),
            &Marks { headers: &headers, ..Marks::default() },
        );
        assert_eq!(found.map(|found| found.mail), mail, "{name}: {value}");
        assert!(found.is_none_or(|found| found.sign == Sign::Header));
    }
}

#[test]
fn the_platforms_mark_decides_first() {
    let marks = Marks { platform: Some(Bounce), sender: Some("noreply@x.example"), headers: &[] };
    let found = recognise(&ticket(WHO, "Automatic reply: x", ""), &marks).unwrap();
    assert_eq!((found.mail, found.sign), (Bounce, Sign::Platform));
    let mut by_bot = ticket(WHO, "Nightly job", "done");
    by_bot.messages[0].author = Author::Bot;
    let found = recognise(&by_bot, &Marks::default()).unwrap();
    assert_eq!((found.mail, found.sign), (AutoReply, Sign::Platform));
}

#[test]
fn a_text_decides_together_with_the_subject() {
    for (subject, text, mail) in [
        (
            "Re: We have your message",
            "Thanks for your email. I am on annual leave until 9 May. In urgent cases call Jo.",
            AutoReply,
        ),
        ("AW: Ihre Anfrage", "Vielen Dank für Ihre Nachricht. Ich bin bis 3.6. im Urlaub.", AutoReply),
        ("RE : votre demande", "Merci pour votre message. Je suis en congé jusqu'au 12 août.", AutoReply),
        ("SV: Er henvendelse", "Tak for din mail. Jeg har ferie til uge 31.", AutoReply),
        ("Urlaub: Wieder da am Montag", "Ich bin nicht im Büro und lese keine Mails.", AutoReply),
        ("Отпуск", "Я в отпуске до 20 июля.", AutoReply),
        (
            "Undeliverable: Your receipt",
            "The remote server returned 550 5.1.1 RESOLVER.ADR.RecipNotFound",
            Bounce,
        ),
        ("Unzustellbar: Ihre Rechnung", "Das Postfach des Empfängers gibt es nicht (550 5.1.1).", Bounce),
        ("Failure notice", "Hi. This is the mail delivery system at mx. I wasn't able to deliver.", Bounce),
        ("Read: Your receipt", "Your message to Lena was read on 3 May at 10:00.", DeliveryReport),
        ("Gelesen: Rechnung", "Ihre Nachricht an Lena wurde am 3. Mai gelesen.", DeliveryReport),
    ] {
        assert_eq!(seen(WHO, subject, text), Some((mail, Sign::Text)), "{subject}");
    }
    let bulk = seen("news@magazin.example", "Ten ideas for May", "Ten ideas …\n\nUnsubscribe here.");
    assert_eq!(bulk, Some((Newsletter, Sign::Text)));
}

#[test]
fn people_who_write_about_machines_are_people() {
    for (subject, text) in [
        ("Out of office sign fell off the door", "The out of office sign that I bought has no magnet."),
        ("Automatic reply does not work", "I set an automatic reply in your app and nothing is sent."),
        ("Auto reply settings", "How do I switch the auto reply off?"),
        ("Re: Automatic reply", "I got an automatic reply. When does a person answer?"),
        ("Fwd: Undeliverable: invoice", "Your invoices bounce, see below: 550 5.1.1 user unknown."),
        ("My mail bounced", "I wrote to you and got 'Undelivered Mail Returned to Sender'."),
        ("Delivery failed: order 8812", "The courier says the address was not found. Please send it again."),
        ("Undeliverable: parcel 11", "The parcel could not be delivered to my neighbour."),
        ("Delivered: parcel 991", "The tracking shows delivered, but your message came and the box did not."),
        ("Read: the manual", "I have read the manual and the pump still stops."),
        ("Vacation: booking 5510", "I would like to change the dates of my booking."),
        ("Urlaub", "Ich möchte meinen Urlaub umbuchen, ich bin ab Juni nicht im Büro. Geht das?"),
        ("Re: Delivery on Friday", "I am away from the office on Friday, please deliver on Monday."),
        ("Re: Offer", "Thank you for your message. I would like to order twelve of them."),
        ("Newsletter", "Please unsubscribe me from the newsletter, I get it twice."),
        ("Ausente el martes", "Estaré fuera de la oficina el martes, ¿pueden venir el jueves?"),
        ("", "I am out of office next week and need the licence before."),
    ] {
        assert_eq!(seen(WHO, subject, text), None, "{subject}");
    }
}

#[test]
fn thanks_and_nothing_else() {
    for (subject, text) in [
        ("Re: Your order", "Thank you so much!"),
        ("", "thanks, it works now 👍"),
        ("AW: Anfrage", "Vielen Dank für die schnelle Antwort. Hat sich erledigt."),
        ("Re: commande", "Merci beaucoup !"),
        ("RES: pedido", "Muito obrigado!"),
        ("Odp: zamówienie", "Dziękuję bardzo, już działa."),
        ("Ynt: sipariş", "Çok teşekkürler."),
        ("Re: заказ", "Спасибо, всё работает!"),
        ("Re: 注文", "ありがとうございました。解決しました。"),
        ("Thank you", "Thanks a lot"),
    ] {
        assert_eq!(seen(WHO, subject, text), Some((Thanks, Sign::Text)), "{text}");
    }
    for (subject, text) in [
        ("Cancel order 5512", "Thanks"),
        ("Re: Your order", "Thanks, but the second box is missing."),
        ("", "Thanks, can you also send the invoice?"),
        ("", "ok"),
        ("Re: Your order", "It works now on the laptop and not on the phone"),
        ("Re: Your order", ""),
    ] {
        assert_eq!(seen(WHO, subject, text), None, "{text}");
    }
}

#[test]
fn whatever_comes_is_looked_at_within_bounds() {
    for text in ["\u{0}", "[", "[]", "[[[", "[a]b]c", "İİİ", "re:re:re:", "：", "\u{a0}\u{a0}", "?"] {
        let _ = seen(text, text, text);
    }
    let long = "thank you ".repeat(40_000);
    assert_eq!(seen(WHO, "Re: x", &long), None);
    assert_eq!(seen(WHO, &format!("Re: {long}"), &format!("out of office {long}")), None);
}
