use super::*;
use crate::encode::{Manners, Tokens};
use crate::fixtures;
use crate::session::EncoderSession;

const TEXTS: [&str; 3] = [
    "My card was charged twice, please give me the money back.",
    "I have been billed two times for one purchase and want a refund.",
    "The app crashes as soon as I open the camera.",
];

fn embeddings(model: &Path) -> Vec<Vec<f32>> {
    let tokens = Tokens::open(&fixtures::encoder().join("tokenizer.json"), Manners::default()).unwrap();
    let mut session = EncoderSession::open(model, &fixtures::runtime()).unwrap();
    TEXTS.iter().map(|text| session.run(&tokens.ids(text).unwrap()).unwrap()).collect()
}

fn cosine(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[test]
fn eight_bits_keep_the_meaning_and_the_bytes_are_the_same_each_time() {
    let folder = tempfile::tempdir().unwrap();
    let weights = fixtures::encoder().join("model.safetensors");
    let [small, again, exact] = ["small", "again", "exact"].map(|name| folder.path().join(name));
    let digest = encoder(&weights, &small).unwrap();
    assert_eq!(encoder(&weights, &again).unwrap(), digest);
    assert_eq!(Digest::of_file(&small).unwrap(), digest);
    encoder_with(&weights, &exact, Precision::Float32).unwrap();
    let [small, exact] = [small, exact].map(|model| embeddings(&model));
    for (s, e) in small.iter().zip(&exact) {
        assert!((cosine(s, s) - 1.0).abs() < 1e-4, "of length one");
        assert!(cosine(s, e) > 0.97, "{}", cosine(s, e));
    }
    for model in [small, exact] {
        let (alike, apart) = (cosine(&model[0], &model[1]), cosine(&model[0], &model[2]));
        assert!(alike > apart + 0.3, "{alike} against {apart}");
    }
}

#[test]
fn the_exact_graph_gives_the_published_embedding() {
    // The first numbers that sentence-transformers/all-MiniLM-L6-v2 gives for the first sentence of its model card.
    const PUBLISHED: [f32; 4] = [0.0676, 0.0635, 0.0487, 0.0793];
    let folder = tempfile::tempdir().unwrap();
    let model = folder.path().join("exact");
    encoder_with(&fixtures::encoder().join("model.safetensors"), &model, Precision::Float32).unwrap();
    let tokens = Tokens::open(&fixtures::encoder().join("tokenizer.json"), Manners::default()).unwrap();
    let mut session = EncoderSession::open(&model, &fixtures::runtime()).unwrap();
    let found = session.run(&tokens.ids("This is an example sentence").unwrap()).unwrap();
    for (f, p) in found.iter().zip(PUBLISHED) {
        assert!((f - p).abs() < 2e-4, "{:?}", &found[..4]);
    }
}

#[test]
fn what_is_no_encoder_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let (source, out) = (folder.path().join("w.safetensors"), folder.path().join("out"));
    let missing = encoder(&source, &out).unwrap_err().to_string();
    assert!(missing.contains("w.safetensors") && missing.contains("make setup"), "{missing}");
    for bytes in [&b""[..], b"nonsense that is longer than eight bytes", &[0xff; 64]] {
        std::fs::write(&source, bytes).unwrap();
        let told = encoder(&source, &out).unwrap_err().to_string();
        assert!(told.contains("not a whole safetensors file"), "{told}");
    }
    let header = br#"{"other":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#;
    let mut file = (header.len() as u64).to_le_bytes().to_vec();
    file.extend_from_slice(header);
    file.extend_from_slice(&[0; 4]);
    std::fs::write(&source, file).unwrap();
    let told = encoder(&source, &out).unwrap_err().to_string();
    assert!(told.contains("no matrix embeddings.word_embeddings.weight"), "{told}");
    assert!(!out.exists(), "nothing is left behind");
}

#[test]
fn quantising_loses_at_most_half_a_step() {
    let matrix: Vec<f32> = (0..60).map(|n| ((n * 37) % 23) as f32 / 7.0 - 1.5).collect();
    for (quantised, by_column) in
        [(quantise::by_column(&matrix, 6), true), (quantise::by_row(&matrix, 6), false)]
    {
        for (n, (value, q)) in matrix.iter().zip(&quantised.values).enumerate() {
            let scale = quantised.scales[if by_column { n % 6 } else { n / 6 }];
            assert!((f32::from(*q) * scale - value).abs() <= scale / 2.0 + 1e-6);
            assert!(q.unsigned_abs() <= 63);
        }
    }
    assert_eq!(quantise::by_row(&[0.0, 0.0], 2).values, [0, 0]);
}
