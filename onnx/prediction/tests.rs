use super::*;

fn scored(kind: HeadKind, ranked: &[(&str, f32)], chosen: &[&str]) -> Scored {
    Scored {
        kind,
        ranked: ranked.iter().map(|(l, c)| ((*l).to_owned(), *c)).collect(),
        chosen: chosen.iter().map(|l| (*l).to_owned()).collect(),
        threshold: BTreeMap::new(),
    }
}

#[test]
fn a_head_knows_its_best_its_margin_and_whether_it_abstains() {
    let head = scored(HeadKind::Single, &[("billing", 0.7), ("technical", 0.25)], &[]);
    assert_eq!(head.best(), Some(("billing", 0.7)));
    assert!((head.margin() - 0.45).abs() < 1e-6);
    assert!((head.confidence("technical") - 0.25).abs() < 1e-6);
    assert!(head.confidence("unheard of").abs() < 1e-9);
    assert!(head.abstains());
    assert!((scored(HeadKind::Single, &[("only", 0.6)], &["only"]).margin() - 0.6).abs() < 1e-6);
}

#[test]
fn the_printed_line_has_the_promised_shape() {
    let heads = BTreeMap::from([
        (
            "category".to_owned(),
            scored(HeadKind::Single, &[("billing", 0.9), ("technical", 0.06)], &["billing"]),
        ),
        ("topics".to_owned(), scored(HeadKind::Multi, &[("refund", 0.8), ("card", 0.1)], &["refund"])),
    ]);
    let language = Language { code: "en".into(), confidence: 1.0 };
    let out_of_scope = Some(OutOfScope { score: 0.1234567, is: false });
    let mut prediction = Prediction { heads, language, model: "d".into(), out_of_scope };
    assert_eq!(
        contract_json("7", &prediction),
        json!({"id": "7", "language": {"code": "en", "confidence": 1.0}, "heads": {
            "category": {"label": "billing", "confidence": 0.9, "runner_up": {"label": "technical", "confidence": 0.06},
                         "abstained": false},
            "topics": {"labels": [{"label": "refund", "confidence": 0.8}], "abstained": false},
        }, "out_of_scope": {"score": 0.1235, "is": false}})
    );
    let written = serde_json::to_string(&prediction).unwrap();
    assert_eq!(serde_json::from_str::<Prediction>(&written).unwrap(), prediction);
    let mut earlier: Value = serde_json::from_str(&written).unwrap();
    earlier.as_object_mut().unwrap().remove(OUT_OF_SCOPE);
    prediction.out_of_scope = None;
    assert_eq!(serde_json::from_value::<Prediction>(earlier).unwrap(), prediction);
    assert!(contract_json("7", &prediction).get(OUT_OF_SCOPE).is_none());
}
