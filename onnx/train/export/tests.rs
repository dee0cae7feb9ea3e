use ndarray::array;

use super::*;
use crate::fixtures;
use crate::train::calibrate::confidences;

#[test]
fn the_graph_computes_what_was_fitted() {
    let linear =
        Linear { weights: array![[1.5f32, -0.5, 0.2], [0.3, 2.0, -1.0]], bias: array![0.1f32, -0.2, 0.0] };
    let entry = |name: &str, kind, temperature| HeadEntry {
        name: name.into(),
        kind,
        labels: ["a", "b", "c"].map(String::from).into(),
        temperature,
        thresholds: BTreeMap::new(),
        margin: 0.1,
    };
    let heads = [
        (entry("which one", HeadKind::Single, 1.7), linear.clone()),
        (entry("topics", HeadKind::Multi, 0.6), linear.clone()),
    ];
    let bytes = heads_graph(&heads).unwrap();
    assert_eq!(bytes, heads_graph(&heads).unwrap());
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(HEADS);
    std::fs::write(&file, bytes).unwrap();
    let mut session = HeadsSession::open(&file, &fixtures::runtime()).unwrap();
    assert_eq!(session.outputs(), ["which one", "topics"]);
    let scores = session.run(&[0.6, -0.8]).unwrap();
    let logits = linear.logits(array![[0.6f32, -0.8]].view());
    for ((entry, _), scores) in heads.iter().zip(scores) {
        let expected = confidences(entry.kind, logits.as_slice().unwrap(), entry.temperature);
        for (e, s) in expected.iter().zip(&scores) {
            assert!((e - s).abs() < 1e-5, "{expected:?} {scores:?}");
        }
    }
}
