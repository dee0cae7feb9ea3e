//! On a file of the package's own layout with small random weights, held against the same weights as safetensors.

use std::path::Path;

use super::*;
use crate::convert::{encoder, multilingual};
use crate::encode::{Manners, Tokens};
use crate::fixtures;
use crate::session::EncoderSession;

const PIECES: [&str; 9] =
    ["<s>", "<pad>", "</s>", "<unk>", "\u{2581}", "\u{2581}re", "fund", "\u{2581}money", "e"];
const SIZES: [usize; 7] = [96, 2, 12, 192, PIECES.len(), 32, 2];

/// The tensors of such a model: name in BERT, name in the package, shape, whether it is packed.
fn tensors() -> Vec<(String, String, Vec<usize>, bool)> {
    let [width, layers, _, inner, vocabulary, positions, types] = SIZES;
    let of = |long: &str, short: &str, shape: &[usize], packed| {
        (long.to_owned(), short.to_owned(), shape.to_vec(), packed)
    };
    let mut all = vec![
        of("embeddings.word_embeddings.weight", "emb.word", &[vocabulary, width], true),
        of("embeddings.position_embeddings.weight", "emb.pos", &[positions, width], false),
        of("embeddings.token_type_embeddings.weight", "emb.type", &[types, width], false),
        of("embeddings.LayerNorm.weight", "emb.ln.w", &[width], false),
        of("embeddings.LayerNorm.bias", "emb.ln.b", &[width], false),
    ];
    for n in 0..layers {
        let mut dense = |long: &str, short: &str, outputs: usize, inputs: usize| {
            let (long, short) = (format!("encoder.layer.{n}.{long}"), format!("l{n}.{short}"));
            all.push(of(&format!("{long}.weight"), &format!("{short}.w"), &[outputs, inputs], true));
            all.push(of(&format!("{long}.bias"), &format!("{short}.b"), &[outputs], false));
        };
        dense("attention.self.query", "q", width, width);
        dense("attention.self.key", "k", width, width);
        dense("attention.self.value", "v", width, width);
        dense("attention.output.dense", "ao", width, width);
        dense("intermediate.dense", "fi", inner, width);
        dense("output.dense", "fo", width, inner);
        for (long, short) in [("attention.output.LayerNorm", "aln"), ("output.LayerNorm", "oln")] {
            let (long, short) = (format!("encoder.layer.{n}.{long}"), format!("l{n}.{short}"));
            all.push(of(&format!("{long}.weight"), &format!("{short}.w"), &[width], false));
            all.push(of(&format!("{long}.bias"), &format!("{short}.b"), &[width], false));
        }
    }
    all
}

/// The package's file, and the same numbers as safetensors.
fn files() -> (Vec<u8>, Vec<u8>) {
    let mut random = fastrand::Rng::with_seed(11);
    let mut head = MAGIC.to_vec();
    let number = |file: &mut Vec<u8>, n: usize| file.extend(u32::try_from(n).unwrap().to_le_bytes());
    number(&mut head, 1);
    SIZES.iter().for_each(|&size| number(&mut head, size));
    head.extend(1e-12f32.to_le_bytes());
    [BLOCK, PIECES.len(), 0, 2, 1, 3].iter().for_each(|&n| number(&mut head, n));
    let blob = PIECES.concat();
    head.extend((blob.len() as u64).to_le_bytes());
    let mut end = 0;
    number(&mut head, 0);
    for piece in PIECES {
        end += piece.len();
        number(&mut head, end);
    }
    PIECES.iter().enumerate().for_each(|(n, _)| head.extend((-(n as f32)).to_le_bytes()));
    head.extend(blob.as_bytes());
    // One character that becomes a space, as the package keeps such a rule.
    number(&mut head, 1);
    number(&mut head, 9);
    head.extend([9, 0, 0, 0, 1, 32, 0, 0, 0]);

    let all = tensors();
    number(&mut head, all.len());
    let directory: usize = all.iter().map(|(_, short, ..)| 2 + short.len() + 1 + 4 + 8 + 8).sum();
    let (mut offset, mut body, mut named) = (head.len() + directory, Vec::new(), Vec::new());
    for (long, short, shape, packed) in all {
        let count: usize = shape.iter().product();
        let (mut raw, mut values) = (Vec::new(), Vec::new());
        if packed {
            for _ in 0..count / BLOCK {
                // 2⁻⁷, as a 16-bit float.
                let mut block = vec![0x00, 0x20];
                block.extend((0..BLOCK / 2).map(|_| random.u8(..)));
                let half = |n: usize, high: bool| if high { block[2 + n] >> 4 } else { block[2 + n] & 15 };
                let low = (0..BLOCK / 2).map(|n| half(n, false)).chain((0..BLOCK / 2).map(|n| half(n, true)));
                values.extend(low.map(|nibble| (f32::from(nibble) - 8.0) / 128.0));
                raw.extend(block);
            }
        } else {
            values.extend((0..count).map(|_| random.f32() - 0.5));
            values.iter().for_each(|v: &f32| raw.extend(v.to_le_bytes()));
        }
        head.extend(u16::try_from(short.len()).unwrap().to_le_bytes());
        head.extend(short.as_bytes());
        head.push(u8::from(packed));
        number(&mut head, count);
        head.extend((offset as u64).to_le_bytes());
        head.extend((raw.len() as u64).to_le_bytes());
        offset += raw.len();
        body.extend(raw);
        let bytes: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        named.push((long, shape, bytes));
    }
    head.extend(body);
    let views = named.iter().map(|(name, shape, bytes)| {
        let view = safetensors::tensor::TensorView::new(safetensors::Dtype::F32, shape.clone(), bytes);
        (name.as_str(), view.unwrap())
    });
    (head, safetensors::serialize(views, None).unwrap())
}

fn unpacked(packed: &[u8]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(crate::convert::PACKED);
    std::fs::write(&file, packed).unwrap();
    multilingual(&file, folder.path()).unwrap();
    folder
}

#[test]
fn the_packed_weights_are_the_weights() {
    let (packed, plain) = files();
    let folder = unpacked(&packed);
    let (weights, expected) = (folder.path().join("w.safetensors"), folder.path().join("expected.onnx"));
    std::fs::write(&weights, plain).unwrap();
    encoder(&weights, &expected).unwrap();
    let read = |name: &str| std::fs::read(folder.path().join(name)).unwrap();
    assert!(read("encoder.onnx") == read("expected.onnx"), "the same weights make the same graph");
}

#[test]
fn the_vocabulary_becomes_a_tokenizer_that_asks_with_the_encoders_own_word() {
    let folder = unpacked(&files().0);
    let manners = crate::convert::manners::of(folder.path()).unwrap();
    assert_eq!(manners.prompt, "query: ");
    let ids = |manners: Manners, text: &str| {
        Tokens::open(&folder.path().join("tokenizer.json"), manners).unwrap().ids(text).unwrap()
    };
    // Each word begins with the space's mark, and what no piece covers is the unknown one.
    assert_eq!(ids(Manners::default(), "refund\n money"), [0, 5, 6, 7, 2]);
    assert_eq!(ids(Manners::default(), "refunde z"), [0, 5, 6, 8, 4, 3, 2]);
    let asked = ids(manners, "refund");
    assert!(asked.len() > 4 && asked.ends_with(&[5, 6, 2]), "{asked:?}");
    let mut session =
        EncoderSession::open(&folder.path().join("encoder.onnx"), &fixtures::runtime()).unwrap();
    assert_eq!(session.run(&asked).unwrap().len(), SIZES[0]);
}

#[test]
fn sixteen_bit_floats_are_read_as_they_are() {
    for (bits, value) in
        [(0x3c00, 1.0), (0xc000, -2.0), (0x3555, 0.333_251_95), (0x0001, 5.960_464_5e-8), (0x0000, 0.0)]
    {
        assert_eq!(half(bits), value);
    }
    assert!(half(0x7c00).is_infinite() && half(0x7e00).is_nan());
}

#[test]
fn a_file_that_is_cut_or_changed_is_refused_and_never_read_past() {
    let whole = files().0;
    let told = |bytes: &[u8]| {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("packed");
        std::fs::write(&file, bytes).unwrap();
        multilingual(&file, folder.path()).unwrap_err().to_string()
    };
    assert!(told(b"E5S2 and more").contains("does not begin with E5S1"));
    for at in [4, 20, 40, 90, 200, 700, whole.len() / 2, whole.len() - 1] {
        let told = told(&whole[..at]);
        assert!(told.contains("not a whole packed encoder") || told.contains("past the end"), "{at}: {told}");
    }
    let mut random = fastrand::Rng::with_seed(2);
    for _ in 0..300 {
        let mut bent = whole.clone();
        for _ in 0..3 {
            let at = random.usize(..1200);
            bent[at] = random.u8(..);
        }
        // Whatever it says, it is said, and nothing panics.
        let _ = Packed::parse(&bent)
            .map(|packed| packed.tokenizer().map(|_| packed.values("embeddings.LayerNorm.bias")));
    }
    assert!(
        multilingual(Path::new("/nowhere"), Path::new("/"))
            .unwrap_err()
            .to_string()
            .contains("make multilingual")
    );
}
