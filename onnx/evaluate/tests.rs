use super::*;
use crate::fixtures;

fn evaluated(content: &str) -> Result<Evaluation, Vec<Problem>> {
    let folder = fixtures::bundle();
    let classifier = Classifier::load(folder.path(), &fixtures::runtime(), 2).unwrap();
    let file = folder.path().join("measured.csv");
    std::fs::write(&file, content).unwrap();
    evaluate(&classifier, &file)
}

#[test]
fn known_tickets_are_known_and_the_json_has_the_promised_shape() {
    let evaluation = evaluated(&fixtures::tickets()).unwrap();
    let category = &evaluation.heads["category"];
    assert_eq!((category.n, category.labels["billing"].n), (21, 7));
    assert!(category.accuracy > 0.95 && evaluation.heads["topics"].macro_f1 > 0.8, "{evaluation}");
    let json = serde_json::to_value(&evaluation).unwrap();
    for key in ["n", "accuracy", "macro_f1", "ece", "target_precision", "coverage", "precision", "labels"] {
        assert!(json["heads"]["category"].get(key).is_some(), "{key}");
    }
    for key in ["n", "precision", "recall", "f1", "threshold"] {
        assert!(json["heads"]["category"]["labels"]["billing"][key].is_number(), "{key}");
    }
    assert!((category.target_precision - 0.7).abs() < 1e-9);
}

#[test]
fn what_the_bundle_lacks_is_said_and_counts_as_wrong() {
    let evaluation = evaluated(
        "id,body,category\n1,the invoice is wrong this month,billing\n2,the invoice is wrong again,legal\n3,win a cruise now,out_of_scope\n4,no label,\n",
    )
    .unwrap();
    assert_eq!(evaluation.missing_heads, ["topics"]);
    assert_eq!(evaluation.unknown_labels["category"]["legal"], 1);
    assert_eq!((evaluation.heads["category"].n, evaluation.out_of_scope.n), (2, 1));
    assert!((evaluation.heads["category"].accuracy - 0.5).abs() < 1e-9);
    let told = evaluation.to_string();
    assert!(told.contains("no such column") && told.contains("no label `legal`"), "{told}");
}

#[test]
fn problems_of_the_file_are_told_with_their_place() {
    let told = evaluated("id,body\n1,\n").unwrap_err();
    assert!(told[0].to_string().contains("measured.csv:2: no text"), "{told:?}");
    assert!(evaluated("id,subject\n1,x\n").unwrap_err()[0].to_string().contains("body: no such column"));
}
