//! Kinds of mail, each with other examples than the corpus has.

use super::{About, from_html, from_plain, normalised};

fn plain(input: &str, expected: &str) {
    about("", input, expected);
}

fn about(subject: &str, input: &str, expected: &str) {
    let about = About { subject, is_first: true };
    assert_eq!(from_plain(input, about), expected, "from {input:?}, subject {subject:?}");
}

fn html(input: &str, expected: &str) {
    assert_eq!(from_html(input, About::default()), expected, "from {input:?}");
}

#[test]
fn a_forward_is_read_whatever_program_and_language_announces_it() {
    for (announcement, headers) in [
        (
            "---------- Forwarded message ---------",
            "From: Al <al@al.example>\nDate: Tue, Dec 1, 2026 at 9:12 AM\nSubject: pump\nTo: Jo <jo@r.example>",
        ),
        (
            "-------- Weitergeleitete Nachricht --------",
            "Betreff: Pumpe\nDatum: Tue, 1 Dec 2026 09:12:00 +0100\nVon: Al <al@al.example>\nAn: Jo <jo@r.example>",
        ),
        (
            "-------- Videresendt meddelelse --------",
            "Emne: pumpe\nDato: Tue, 1 Dec 2026 09:12:00 +0100\nFra: Al <al@al.example>\nTil: Jo <jo@r.example>",
        ),
        (
            "----- Zprosledkovaná zpráva -----",
            "Odesilatel: Al <al@al.example>\nOdeslano: 1. 12. 2026 9:12\nKomu: Jo <jo@r.example>",
        ),
        (
            "Begin forwarded message:",
            "From: Al <al@al.example>\nSubject: pump\nDate: 1 December 2026 at 09:12:33 GMT\nTo: jo@r.example",
        ),
    ] {
        for above in ["", "FYI", "Could you please look at it? The customer has called three times already."]
        {
            let expected = format!("{above}\n\nThe pump leaks.");
            let mail = format!("{above}\n\n{announcement}\n{headers}\n\nThe pump leaks.\n");
            let text = from_plain(&mail, About { subject: "Fwd: pump", is_first: true });
            let announced = text.replace("Begin forwarded message:", "").replace("\n\n\n\n", "\n\n");
            assert_eq!(announced.trim(), expected.trim(), "from {mail:?}");
        }
    }
}

#[test]
fn the_subject_tells_a_forward_from_an_answer() {
    let mail = "We had the same trouble last week, and nobody could say why it happened.\n\nVan: Al <al@al.example>\nVerzonden: dinsdag 1 december 2026 09:12\nAan: Jo <jo@r.example>\nOnderwerp: pomp\n\nDe pomp lekt.";
    let own = "We had the same trouble last week, and nobody could say why it happened.";
    let both = format!("{own}\n\nDe pomp lekt.");
    for (subject, expected) in [
        ("FW: pomp", both.as_str()),
        ("[EXTERNAL] Fwd: pomp", &both),
        ("WG: pomp", &both),
        ("TR: pomp", &both),
        ("RV: pomp", &both),
        ("PD: pomp", &both),
        ("转发：pomp", &both),
        ("Re: pomp", own),
        ("AW: FW: pomp", own),
        ("SV[2]: pomp", own),
        ("pomp", own),
    ] {
        about(subject, mail, expected);
    }
    let later = About { subject: "FW: pomp", is_first: false };
    assert_eq!(from_plain(mail, later), own, "the subject is of the first message");
}

#[test]
fn forwards_inside_forwards_are_read_to_the_end() {
    let one = |name: &str, text: &str| {
        format!(
            "---------- Forwarded message ---------\nFrom: {name} <{name}@r.example>\nDate: Tue, Dec 1, 2026 at 9:12 AM\nSubject: pump\nTo: Jo <jo@r.example>\n\n{text}\n\n"
        )
    };
    plain(
        &format!("See below.\n\n{}{}", one("kim", "FYI"), one("al", "The pump leaks.")),
        "See below.\n\nFYI\n\nThe pump leaks.",
    );
    // No more than a few, whoever nests them.
    let deep = one("a", "x").repeat(1000);
    assert!(from_plain(&deep, About::default()).lines().count() < 50);
}

#[test]
fn what_a_form_sends_is_read_whole() {
    for form in [
        "Sie haben eine neue Nachricht über das Kontaktformular erhalten.\n\nVon: Jo Schmidt\nDatum: 01.12.2026 09:12\nAn: laden@acme.example\nBetreff: Rechnung\n\nMir wurde doppelt abgebucht.",
        "You have a new enquiry from the contact form\n\nFrom: Ann Other <ann@other.example>\nDate: 1 December 2026 09:12\nTo: desk@acme.example\nSubject: Refund\n\nPlease refund me.",
        "Name: Ann Other\nE-mail: ann@other.example\nSent: 1 December 2026 09:12\nTo: billing\nMessage: I was charged twice.",
        "Order details:\n\nFrom: Berlin\nTo: Rome\nDate: 2026-12-01 09:12\nClass: second",
    ] {
        plain(form, form);
    }
}

#[test]
fn history_is_known_by_the_shape_of_what_introduces_it() {
    for introduction in [
        "Dana 1.12.2026. u 9:12 Acme <a@acme.example> je napisao/la:",
        "2026-12-01 09:12 GMT+02:00 Acme <a@acme.example>:",
        "Acme <a@acme.example> na 1 Des 2026, saa 09:12 aliandika:",
        "Acme Support (a@acme.example) 01.12.2026 09:12:",
        "Στις Τρί 1 Δεκ 2026 στις 9:12 π.μ., ο χρήστης Acme <a@acme.example> έγραψε:",
        "2026年12月1日(火) 9:12 アクメ <a@acme.example>:",
        "Sender: Acme <a@acme.example>\nAnytime: 1 December 2026 09:12\nWhom: Jo <jo@c.example>\nAbout: x",
        "Lähettäjä: Acme <a@acme.example>\nLähetetty: tiistai 1. joulukuuta 2026 9.12\nVastaanottaja: Jo <jo@c.example>\nAihe: x",
        "发件人: 商店 <a@acme.example>\n发送时间: 2026年12月1日 9:12\n收件人: 客户 <jo@c.example>\n主题: x",
        "Feladó: Acme [mailto:a@acme.example]\nElküldve: 2026. december 1., kedd 9:12\nCímzett: Jo\nTárgy: x",
        "-----Ursprungligt meddelande-----\nFrån: Acme\nSkickat: den 1 december 2026 09:12\nTill: Jo\nÄmne: x",
    ] {
        plain(
            &format!("My parcel has not arrived yet.\n\n{introduction}\n\nSale, sale!"),
            "My parcel has not arrived yet.",
        );
    }
}

#[test]
fn sentences_that_share_a_mark_with_history_stay() {
    for text in [
        "It was sent on 1 Dec 2026 at 09:12 to billing@acme.example. The answer was:\nno record of it.",
        "My details:\nStreet: Mill Lane 5\nTown: Leeds\nSince: 01.12.2026 09:12\nMail: jo@c.example",
        "Here is what I need:\n- a lamp\n- two screws",
        "Your colleague told me at 09:12:\nwe will call back.",
    ] {
        plain(text, text);
    }
}

#[test]
fn banners_are_not_read() {
    for banner in [
        "[EXTERNAL]",
        "ACHTUNG: Diese E-Mail stammt von einem externen Absender. Öffnen Sie keine Anhänge und klicken Sie keine Links.",
        "Attention : ce courriel provient de l'extérieur de l'entreprise. Ne cliquez sur aucun lien.",
        "UWAGA: Wiadomość pochodzi spoza organizacji. Nie klikaj w linki i nie otwieraj załączników.",
        "You don't often get email from jo@c.example. Learn why this is important",
    ] {
        plain(&format!("{banner}\n\nWo ist mein Paket?"), "Wo ist mein Paket?");
    }
    let own =
        "The external link in your e-mail does not open, the attachment neither.\n\nPlease send it again.";
    plain(own, own);
}

#[test]
fn disclaimers_and_imprints_are_not_read() {
    for footer in [
        "This e-mail is intended only for the addressee and may be privileged. If you are not the intended recipient, please\nnotify the sender and destroy this message. Legal action may follow any disclosure.",
        "Bericht en bijlagen zijn vertrouwelijk. Bent u niet de geadresseerde, verwijder dit bericht dan.",
        "Denna e-post är konfidentiell och endast avsedd för mottagaren. Radera meddelandet om du fått det av misstag.",
        "Acme GmbH, Sitz der Gesellschaft: Bonn, Amtsgericht Bonn HRB 000, Geschäftsführer: Max Muster",
        "Informativa: questo messaggio è riservato al destinatario. Se ricevuto per errore va cancellato.",
        "Please consider the environment before printing this email.",
    ] {
        plain(&format!("Where is my parcel?\n\n{footer}"), "Where is my parcel?");
    }
    let own = "I received a confidential message of yours by mistake, it was meant for another recipient.\n\nShall I delete it?";
    plain(own, own);
    let own = "Hello,\n\nplease put our VAT number and company number on the invoice.";
    plain(own, own);
}

#[test]
fn a_signature_begins_at_its_formula_its_name_or_its_ruler() {
    for signature in [
        "Kind regards\nJo Smith\nBilling Department, Invoice Services Ltd",
        "Viele Grüße aus Bonn\nJo",
        "Hilsen\nJo Smith\nTlf. 00 00 00 00",
        "Med vennlig hilsen Jo Smith",
        "Thanks,\nJo",
        "Tout de bon,\nJo Smith",
        "--\nJo Smith\nChief Complaint Officer",
        "Jo Smith\nRefund Manager\nSmith Ltd, 12 High Street\nTel. 0113 496 0000\njo@smith.example",
    ] {
        plain(&format!("My parcel has not arrived.\n\n{signature}"), "My parcel has not arrived.");
    }
    plain(
        "Hi,\n\nplease resend it.\n\nBest,\nJo\n\nPS: to 5 Mill Lane.",
        "Hi,\n\nplease resend it.\nPS: to 5 Mill Lane.",
    );
    html(
        r#"<p>Please resend it.</p><div class="gmail_signature">Jo, Complaint Department</div>"#,
        "Please resend it.",
    );
}

#[test]
fn dashes_above_text_divide_and_cut_nothing() {
    plain("Hello,\n--\nthe order 4711 has not arrived", "Hello,\nthe order 4711 has not arrived");
    plain(
        "I have two questions about it.\n--\nWhere is order 4711?\n--\nWhen will order 4712 come, and can I still change the address?",
        "I have two questions about it.\nWhere is order 4711?\nWhen will order 4712 come, and can I still change the address?",
    );
}

#[test]
fn text_that_is_not_shown_is_not_read() {
    for hidden in [
        r#"<div style="display: none !important">x</div>"#,
        r#"<span class="preheader">x</span>"#,
        r#"<div style="max-height:0;overflow:hidden">x</div>"#,
        r#"<p style="font-size:0px">x</p>"#,
        r#"<span style="visibility:hidden">x</span>"#,
        r#"<p style="opacity:0">x</p>"#,
        "<div hidden>x</div>",
        r#"<td style="display:none">x<td>"#,
        r#"<div style="display:none"><div>x</div>x<p>x</div>"#,
    ] {
        html(&format!("{hidden}<p>Where is it?</p>"), "Where is it?");
    }
    html(r#"<div style="font-size:0"><div style="font-size:14px">Where is it?</div></div>"#, "Where is it?");
    html(
        r#"<div style="visibility:hidden"><p style="visibility:visible">Where is it?</p></div>"#,
        "Where is it?",
    );
    html("<p style='display:none'>x<p>Where is it?", "Where is it?");
}

#[test]
fn answers_between_quotations_are_read_in_markup_too() {
    html(
        r#"<div class="gmail_quote"><div class="gmail_attr">Am 1. Dez. 2026 schrieb Acme:</div><blockquote>Which order?</blockquote><div>4711</div><blockquote>Which address?</blockquote><div>The old one</div></div>"#,
        "4711\n\nThe old one",
    );
}

#[test]
fn text_has_one_form() {
    assert_eq!(
        normalised("  Cafe\u{301}\u{200b} \u{a0} pro\u{ad}blem\r\n\n\n\u{202e}x "),
        "Café problem\n\nx"
    );
    assert_eq!(normalised("\u{feff}\n \u{2003}\n"), "");
    plain("Cafe\u{301}  bar\u{200d}\n\u{3000}ou\u{ad}i", "Café bar\noui");
    html("<p>Cafe&#x301;&nbsp;&zwnj;bar&shy;s</p>", "Café bars");
}
