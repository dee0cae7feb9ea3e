use super::*;
use crate::fixtures;

fn told(folder: &Path) -> Vec<String> {
    match Bundle::open(folder).unwrap_err() {
        Error::Bundle(problems) => {
            problems.iter().map(|p| p.to_string().replace(&format!("{}/", folder.display()), "")).collect()
        }
        other => panic!("{other}"),
    }
}

fn change(folder: &Path, with: impl FnOnce(&mut serde_json::Value)) {
    let file = folder.join(MANIFEST);
    let mut manifest = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    with(&mut manifest);
    std::fs::write(file, serde_json::to_vec(&manifest).unwrap()).unwrap();
}

#[test]
fn a_whole_bundle_opens_and_is_known_by_its_manifest() {
    let folder = fixtures::bundle();
    let bundle = Bundle::open(folder.path()).unwrap();
    assert_eq!(bundle.digest, Digest::of_file(&folder.path().join(MANIFEST)).unwrap());
    let names: Vec<_> = bundle.manifest.heads.iter().map(|h| h.name.as_str()).collect();
    assert_eq!(names, ["category", "topics"]);
    assert_eq!(bundle.manifest.heads[0].labels, ["billing", "technical"]);
    assert_eq!(bundle.manifest.training.trained_at, "2026-01-02");
    assert_eq!(bundle.manifest.golden.len(), 4);
}

#[test]
fn changed_and_missing_files_are_all_named_with_the_remedy() {
    let folder = fixtures::bundle();
    std::fs::write(folder.path().join(HEADS), "changed").unwrap();
    std::fs::remove_file(folder.path().join(ENCODER)).unwrap();
    let told = told(folder.path());
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told[0].starts_with("encoder.onnx: No such file") && told[0].contains("make setup"), "{told:?}");
    assert!(
        told[1].starts_with("heads.onnx: sha256 is ") && told[1].contains("train the bundle again"),
        "{told:?}"
    );
}

#[test]
fn other_formats_and_broken_manifests_are_refused() {
    let folder = fixtures::bundle();
    change(folder.path(), |m| {
        m["format"] = 1.into();
        m["invented"] = true.into();
    });
    assert!(
        told(folder.path())[0]
            .contains("bundle format 1, this version reads format 2; train the bundle again")
    );
    std::fs::write(folder.path().join(MANIFEST), "{").unwrap();
    assert!(told(folder.path())[0].contains("not a bundle's manifest"));
    std::fs::remove_file(folder.path().join(MANIFEST)).unwrap();
    assert!(told(folder.path())[0].contains("deskbridge train"));
}

#[test]
fn a_manifest_that_contradicts_itself_is_told_everything_at_once() {
    let folder = fixtures::bundle();
    change(folder.path(), |m| {
        m["max_length"] = 1.into();
        m["heads"][0]["margin"] = 1.5.into();
        m["heads"][1]["name"] = "category".into();
        m["heads"][1]["thresholds"] = serde_json::json!({});
        m["files"].as_object_mut().unwrap().remove(HEADS);
    });
    let told = told(folder.path()).join("\n");
    for what in [
        "no digest for heads.onnx",
        "max_length is 1",
        "head category is there twice",
        "head category has no threshold for money",
        "head category has a threshold or margin outside 0 to 1",
    ] {
        assert!(told.contains(what), "{what} in {told}");
    }
}
