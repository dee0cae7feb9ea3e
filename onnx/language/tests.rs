use super::*;

#[test]
fn sentences_are_told_apart() {
    for (text, code) in [
        ("I was charged twice for my subscription this month, please refund one of the payments.", "en"),
        ("Ich kann mich seit gestern nicht mehr in mein Konto einloggen, bitte helfen Sie mir.", "de"),
        ("Bonjour, je n'ai toujours pas reçu ma commande, pouvez-vous vérifier la livraison ?", "fr"),
        ("No puedo cambiar mi contraseña porque el enlace del correo electrónico ha caducado.", "es"),
        ("Здравствуйте, мне не пришло письмо с подтверждением заказа, проверьте пожалуйста.", "ru"),
        ("注文した商品がまだ届いていません。配送状況を教えてください。", "ja"),
        ("我的订单还没有发货，请帮我查询一下物流信息。", "zh"),
    ] {
        assert_eq!(detect(text).code, code, "{text}");
    }
}

#[test]
fn what_says_nothing_is_undetermined() {
    for text in ["", "   ", "12345 67890", "???"] {
        assert_eq!(detect(text), Language { code: "und".into(), confidence: 0.0 }, "{text:?}");
    }
}

#[test]
fn a_cut_never_falls_inside_a_letter() {
    let long = "ü".repeat(ENOUGH_CHARS * 2);
    detect(&long);
}

#[test]
fn every_code_of_a_known_language_is_the_detectors_own() {
    for (tag, code) in [
        ("de", Some("de")),
        (" DE ", Some("de")),
        ("no", Some("nb")),
        ("nn-NO", Some("nb")),
        ("zh-Hant-TW", Some("zh")),
        ("pt_PT", Some("pt")),
        ("fre", Some("fr")),
        ("cze", Some("cs")),
        ("iw", Some("he")),
        ("und", Some("und")),
        ("en-", None),
        ("en-toolongsubtag", None),
        ("elvish", None),
        ("", None),
        ("xx", None),
    ] {
        assert_eq!(known_code(tag), code, "{tag:?}");
    }
}

#[test]
fn aliases_lead_to_codes_that_are_detected_and_hide_none() {
    for (written, code) in ALIASES {
        assert!(codes().any(|known| known == code), "{written} leads nowhere");
        assert!(codes().all(|known| known != written), "{written} is a code itself");
    }
}
