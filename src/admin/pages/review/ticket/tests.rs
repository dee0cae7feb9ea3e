use super::*;

fn questions() -> Vec<Question> {
    let question = |head: &str, kind, labels: &[&str]| Question {
        head: head.to_owned(),
        kind,
        labels: labels.iter().map(|label| (*label).to_owned()).collect(),
    };
    vec![
        question("category", HeadKind::Single, &["billing", "sales"]),
        question("priority", HeadKind::Single, &["high", "low"]),
        question("topics", HeadKind::Multi, &["invoice", "refund"]),
    ]
}

fn said(form: &[(&str, &str)]) -> Result<Value, String> {
    let form: Vec<_> = form.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    labels(&questions(), &form).map(Value::Object)
}

#[test]
fn what_is_left_out_is_not_guessed() {
    let all = [
        ("head.category", "sales"),
        ("head.priority", ""),
        ("say.topics", "1"),
        ("head.topics", "refund"),
        ("head.topics", "invoice"),
    ];
    assert_eq!(said(&all), Ok(serde_json::json!({ "category": "sales", "topics": "refund|invoice" })));
    let none_of_them = [("head.category", "billing"), ("say.topics", "1")];
    assert_eq!(said(&none_of_them), Ok(serde_json::json!({ "category": "billing", "topics": "" })));
    assert_eq!(said(&[("head.category", "billing")]), Ok(serde_json::json!({ "category": "billing" })));
}

#[test]
fn a_stranger_is_one_for_every_head() {
    let form = [("scope", "out_of_scope"), ("head.category", "sales"), ("say.topics", "1")];
    let expected = serde_json::json!({ "category": "out_of_scope", "priority": "out_of_scope" });
    assert_eq!(said(&form), Ok(expected));
}

#[test]
fn labels_that_there_are_not_are_refused() {
    assert!(said(&[("head.category", "bling")]).unwrap_err().contains("has no label \"bling\""));
    assert!(said(&[]).unwrap_err().contains("nothing to save"));
}
