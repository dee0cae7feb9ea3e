use super::*;
use crate::fixtures;

#[test]
fn the_first_place_that_has_it_wins_and_a_named_one_must_exist() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| {
        let place = folder.path().join(name);
        std::fs::create_dir_all(&place).unwrap();
        std::fs::write(place.join(LIBRARY), "").unwrap();
        place
    };
    let (beside, project, named) = (at("bin"), folder.path().join("project"), at("named"));
    at("project/onnx/runtime");
    let found = |explicit: Option<&Path>, environment: Option<&Path>, beside: &Path| {
        Runtime::locate(explicit, environment, beside, &project)
    };
    let file = named.join(LIBRARY);
    assert_eq!(found(Some(&file), Some(&beside), &beside).unwrap(), file);
    assert_eq!(found(Some(&named), None, &beside).unwrap(), file, "a folder will do");
    assert_eq!(found(None, Some(&file), &beside).unwrap(), file);
    assert_eq!(found(None, Some(Path::new("")), &beside).unwrap(), beside.join(LIBRARY));
    assert_eq!(found(None, None, Path::new("/nowhere")).unwrap(), project.join("onnx/runtime").join(LIBRARY));
    let told = found(Some(Path::new("/no/such.so")), None, &beside).unwrap_err().to_string();
    assert!(told.contains("model.runtime names /no/such.so"), "{told}");
}

#[test]
fn what_is_no_runtime_is_an_error_and_the_real_one_loads_twice() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(LIBRARY);
    let told = Runtime::load(&file).unwrap_err().to_string();
    assert!(told.contains("make setup"), "{told}");

    let real = fixtures::runtime();
    assert_eq!(Runtime::load(real.path()).unwrap().path(), real.path());
    std::fs::write(&file, "text").unwrap();
    let told = Runtime::load(&file).unwrap_err().to_string();
    assert!(told.contains("this process already uses"), "{told}");
}
