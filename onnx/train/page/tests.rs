use super::*;

#[test]
fn what_a_label_or_id_holds_cannot_become_markup() {
    assert_eq!(escape("<b title=\"x\">&"), "&lt;b title=&quot;x&quot;&gt;&amp;");
    let study = Study {
        labels: vec!["<i>".into(), "b".into()],
        confusion: vec![vec![3, 1], vec![0, 4]],
        overlapping: vec![],
        small: vec![],
        suspects: vec![],
        learning_curve: vec![],
        forecast: None,
    };
    let mut out = String::new();
    confusion(&mut out, &study);
    curve(&mut out, &study);
    findings(&mut out, &study);
    assert!(out.contains("&lt;i&gt;") && !out.contains("<i>"), "{out}");
    assert!(out.contains("var(--mark) 75%") && !out.contains("<svg"), "{out}");
}
