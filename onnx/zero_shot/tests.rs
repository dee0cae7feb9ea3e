use super::*;
use crate::classifier::Classifier;
use crate::fixtures;

fn heads() -> Vec<Described> {
    let of =
        |labels: &[(&str, &str)]| labels.iter().map(|(l, a)| ((*l).to_owned(), (*a).to_owned())).collect();
    vec![
        Described {
            name: "category".into(),
            kind: HeadKind::Single,
            labels: of(&[
                ("billing", "Invoices, charges, refunds and payments. Not: the app crashes."),
                ("technical", "The app or the website shows an error, crashes or does not load."),
                ("shipping", "Where a parcel is, late deliveries, the delivery address."),
                (
                    "out_of_scope",
                    "Advertising, search engine optimisation offers, newsletters, job applications.",
                ),
            ]),
        },
        Described {
            name: "topics".into(),
            kind: HeadKind::Multi,
            labels: of(&[("refund", "The customer wants money back."), ("mobile", "The phone app.")]),
        },
    ]
}

#[test]
fn descriptions_alone_make_a_bundle_that_serves_and_says_what_it_is() {
    let out = tempfile::tempdir().unwrap();
    zero_shot(&heads(), &fixtures::encoder(), out.path(), "2026-01-02", &fixtures::runtime()).unwrap();
    let classifier = Classifier::load(out.path(), &fixtures::runtime(), 1).unwrap();
    let manifest = classifier.manifest();
    assert_eq!((manifest.training.made, manifest.training.tickets), (Made::ZeroShot, 0));
    assert!(manifest.caveat().unwrap().contains("zero-shot"));
    assert_eq!(classifier.vocabulary()["category"], ["billing", "technical", "shipping"]);
    let best = |subject: &str, body: &str| {
        let said = classifier.classify(subject, body).unwrap();
        (said.heads["category"].best().unwrap().0.to_owned(), said.out_of_scope.unwrap())
    };
    for (body, label) in [
        ("I was charged twice on my card this month, please refund one of the payments", "billing"),
        ("The app crashes with an error message whenever I open the settings page", "technical"),
        ("My parcel should have been delivered on Monday, where is it?", "shipping"),
    ] {
        let (found, scope) = best("", body);
        assert_eq!(found, label);
        assert!(!scope.is, "{body}: {scope:?}");
    }
    let advert = "We offer search engine optimisation and backlinks, be first on every search page! Newsletter inside.";
    assert!(best("Rank higher", advert).1.is);
    assert!(!out.path().join(".building").exists());
}

#[test]
fn what_does_not_belong_to_a_label_is_left_out_of_its_words() {
    assert_eq!(
        without_not("Invoices and charges. Not: prices before buying. Refunds too."),
        "Invoices and charges. Refunds too."
    );
    assert_eq!(without_not("Nothing works; not the price."), "Nothing works;");
    assert_eq!(told("refund_request", "Money back."), "refund request. Money back.");
}

#[test]
fn a_head_that_tells_nothing_apart_is_refused() {
    let one = vec![Described {
        name: "category".into(),
        kind: HeadKind::Single,
        labels: vec![("billing".into(), "Money.".into()), ("out_of_scope".into(), "Spam.".into())],
    }];
    let out = tempfile::tempdir().unwrap();
    let told = |heads: &[Described]| {
        zero_shot(heads, &fixtures::encoder(), out.path(), "", &fixtures::runtime()).unwrap_err()[0]
            .to_string()
    };
    assert!(told(&one).contains("head category has fewer than two labels"));
    assert!(told(&[]).contains("no head"));
    assert_eq!(std::fs::read_dir(out.path()).unwrap().count(), 0, "nothing is left behind");
}

#[test]
fn a_trained_bundle_has_no_caveat() {
    let folder = fixtures::bundle();
    let classifier = Classifier::load(folder.path(), &fixtures::runtime(), 1).unwrap();
    assert_eq!(classifier.manifest().training.made, Made::Trained);
    assert_eq!(classifier.manifest().caveat(), None);
    let text = std::fs::read_to_string(folder.path().join("manifest.json")).unwrap();
    assert!(!text.contains("\"made\""), "said only where it is not the usual");
}
