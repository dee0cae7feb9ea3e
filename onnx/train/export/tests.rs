use ndarray::array;

use super::*;
use crate::blend::Blend;
use crate::fixtures;
use crate::train::calibrate::confidences;

#[test]
fn the_graph_computes_what_was_fitted() {
    let linear =
        Linear { weights: array![[1.5f32, -0.5, 0.2], [0.3, 2.0, -1.0]], bias: array![0.1f32, -0.2, 0.0] };
    let blend = Blend { encoder: 1.7, lexicon: 0.6, shift: 0.0 };
    let entry = |name: &str, kind, blend| HeadEntry {
        name: name.into(),
        kind,
        labels: ["a", "b", "c"].map(String::from).into(),
        blend,
        tie: None,
        thresholds: BTreeMap::new(),
        margin: 0.1,
    };
    let heads = [
        (entry("which one", HeadKind::Single, blend), linear.clone()),
        (entry("topics", HeadKind::Multi, Blend { shift: -0.7, ..blend }), linear.clone()),
    ];
    let scope = Scope {
        head: 0,
        centres: array![[0.6f32, 1.0], [0.8, 0.0]],
        line: (array![0.5f32, -0.25], 0.125),
        odd: Some(Margins { weights: vec![vec![0.25, 1.0]], bias: vec![-0.5] }),
        weights: [[-9.0, -9.0, 0.0, 0.0], [-0.5, -2.0, 1.0, 0.75]],
        bias: [-9.0, 0.25],
    };
    let odd = scope.odd.clone().unwrap();
    let margins =
        Margins { weights: vec![vec![0.5, -0.5], vec![1.0, 0.0], vec![0.0, 0.25]], bias: vec![0.1; 3] };
    let features = vec![(0, 0.8f32), (1, 0.6)];
    let own = margins.of(&features);

    let bytes = heads_graph(&heads, &scope).unwrap();
    assert_eq!(bytes, heads_graph(&heads, &scope).unwrap());
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(HEADS);
    std::fs::write(&file, bytes).unwrap();
    let mut session = HeadsSession::open(&file, &fixtures::runtime()).unwrap();
    assert_eq!(session.outputs(), ["which one", "topics", "out_of_scope"]);
    let entries: Vec<HeadEntry> = heads.iter().map(|(entry, _)| entry.clone()).collect();
    let again = Margins { weights: margins.weights.clone(), bias: margins.bias.clone() };
    let lexical = lexical(&entries, vec![margins, again], Some(&odd)).margins(&features);
    let scores = session.run(&[0.6, -0.8], &lexical).unwrap();
    let logits = linear.logits(array![[0.6f32, -0.8]].view());
    let blended = |entry: &HeadEntry| entry.blend.of(logits.as_slice().unwrap(), &own);
    for ((entry, _), scores) in heads.iter().zip(&scores) {
        let expected = confidences(entry.kind, &blended(entry));
        for (e, s) in expected.iter().zip(scores) {
            assert!((e - s).abs() < 5e-3, "{expected:?} {scores:?}");
        }
    }
    let sure = blended(&entries[0]).into_iter().fold(f32::MIN, f32::max);
    // The words' own margin: 0.25 · 0.8 + 0.6 − 0.5.
    let z = -0.5 * sure - 2.0 * 0.6 + (0.3 + 0.2 + 0.125) + 0.75 * 0.3 + 0.25;
    assert!((scores[2][0] - 1.0 / (1.0 + (-z).exp())).abs() < 5e-3, "{:?}", scores[2]);
}
