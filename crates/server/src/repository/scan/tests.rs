use std::fs;
use std::time::{Duration, SystemTime};

use super::*;

fn limits() -> RepositoryLimits {
    RepositoryLimits {
        models_max: 3,
        versions_max: 3,
        files_max: 4,
        config_bytes_max: 16,
        ..RepositoryLimits::default()
    }
}

fn put(root: &Path, path: &str, content: &[u8]) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

fn folder(root: &Path, name: &str) -> Found {
    scan(&[root.to_owned()], &limits()).unwrap().remove(name).unwrap()
}

#[test]
fn a_version_is_a_whole_number_from_one() {
    for (name, expected) in [
        ("1", Some(1)),
        ("20250101", Some(20_250_101)),
        ("0", None),
        ("01", None),
        ("-1", None),
        ("+1", None),
        ("1.0", None),
        ("v1", None),
        ("", None),
        ("99999999999999999999", None),
    ] {
        assert_eq!(version(name), expected, "{name}");
    }
}

#[test]
fn a_models_name_is_one_visible_folder() {
    for name in ["m", "a b", "résumé", "m.onnx"] {
        assert!(is_model_name(name), "{name}");
    }
    for name in ["", ".", "..", ".git", "a/b", "a/", "/a", "../a", "a\\b", "a\0b"] {
        assert!(!is_model_name(name), "{name:?}");
        assert_eq!(find(&[std::env::temp_dir()], name, &limits()), None);
    }
}

#[test]
fn what_is_no_model_is_passed_over() {
    let root = tempfile::tempdir().unwrap();
    put(root.path(), "m/1/model.onnx", b"12345");
    put(root.path(), "m/1/weights/part.bin", b"123");
    put(root.path(), "m/config.pbtxt", b"name: \"m\"");
    put(root.path(), "m/labels.txt", b"");
    put(root.path(), "m/notes/1/model.onnx", b"");
    put(root.path(), "m/2", b"a file");
    put(root.path(), ".hidden/1/model.onnx", b"");
    put(root.path(), "README", b"");
    let found = scan(&[root.path().to_owned()], &limits()).unwrap();
    assert_eq!(found.keys().collect::<Vec<_>>(), ["m"]);
    let folder = found["m"].as_ref().unwrap();
    assert_eq!(folder.config, Some(Ok("name: \"m\"".into())));
    assert_eq!(folder.warmup, None);
    assert_eq!(folder.versions.keys().collect::<Vec<_>>(), [&1]);
    let files = folder.versions[&1].as_ref().unwrap();
    let sizes: Vec<_> = files.iter().map(|(path, stamp)| (path.as_path(), stamp.bytes)).collect();
    assert_eq!(sizes, [(Path::new("model.onnx"), 5), (Path::new("weights/part.bin"), 3)]);
}

#[test]
fn what_changed_does_not_compare_equal() {
    let root = tempfile::tempdir().unwrap();
    put(root.path(), "m/1/model.onnx", b"12345");
    let mut before = folder(root.path(), "m");
    assert_eq!(folder(root.path(), "m"), before);
    let changes: [&dyn Fn(); 6] = [
        &|| put(root.path(), "m/1/model.onnx", b"123456"),
        &|| {
            let file = fs::File::options().write(true).open(root.path().join("m/1/model.onnx")).unwrap();
            file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(7)).unwrap();
        },
        &|| put(root.path(), "m/1/part.bin", b""),
        &|| put(root.path(), "m/3/model.onnx", b""),
        &|| put(root.path(), "m/config.pbtxt", b""),
        &|| put(root.path(), "m/warmup.npz", b""),
    ];
    for (index, change) in changes.iter().enumerate() {
        change();
        let after = folder(root.path(), "m");
        assert_ne!(after, before, "change {index}");
        before = after;
    }
}

#[test]
fn beyond_a_limit_a_model_has_an_error_of_its_own() {
    let root = tempfile::tempdir().unwrap();
    for version in 1..=4 {
        fs::create_dir_all(root.path().join(format!("versions/{version}"))).unwrap();
        put(root.path(), &format!("files/1/{version}"), b"");
    }
    put(root.path(), "files/1/5", b"");
    put(root.path(), "files/2/1", b"");
    put(root.path(), "good/config.pbtxt", b"a: 1 # 456789012");
    let found = scan(&[root.path().to_owned()], &limits()).unwrap();
    assert!(found["versions"].as_ref().unwrap_err().ends_with("expected at most 3 versions, got more"));
    let files = found["files"].as_ref().unwrap();
    assert!(files.versions[&1].as_ref().unwrap_err().ends_with("expected at most 4 files, got more"));
    assert!(files.versions[&2].is_ok());
    assert!(matches!(found["good"].as_ref().unwrap().config, Some(Ok(_))));

    put(root.path(), "good/config.pbtxt", b"a: 1 # 4567890123");
    assert_eq!(folder(root.path(), "good").unwrap().config, {
        Some(Err("config.pbtxt: expected at most 16 bytes, got more".to_owned()))
    });
    put(root.path(), "good/config.pbtxt", b"\xff");
    assert_eq!(folder(root.path(), "good").unwrap().config, {
        Some(Err("config.pbtxt: expected text in UTF-8, got other bytes".to_owned()))
    });
    fs::remove_file(root.path().join("good/config.pbtxt")).unwrap();
    fs::create_dir(root.path().join("good/config.pbtxt")).unwrap();
    assert_eq!(folder(root.path(), "good").unwrap().config, {
        Some(Err("config.pbtxt: expected a file, got something else".to_owned()))
    });
}

#[test]
fn roots_that_cannot_be_looked_at_are_an_error_of_all() {
    let root = tempfile::tempdir().unwrap();
    let missing = root.path().join("missing");
    let error = scan(&[root.path().to_owned(), missing.clone()], &limits()).unwrap_err();
    assert!(matches!(error, RepositoryError::Root { path, .. } if path == missing));
    for name in ["a", "b", "c", "d"] {
        fs::create_dir(root.path().join(name)).unwrap();
    }
    assert_eq!(scan(&[root.path().to_owned()], &limits()), Err(RepositoryError::TooManyModels { max: 3 }));
}

#[test]
fn a_name_in_two_roots_is_an_error_of_that_model() {
    let roots = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    put(roots[0].path(), "both/1/model.onnx", b"");
    put(roots[1].path(), "both/1/model.onnx", b"");
    put(roots[1].path(), "one/1/model.onnx", b"");
    let paths: Vec<PathBuf> = roots.iter().map(|root| root.path().to_owned()).collect();
    let found = scan(&paths, &limits()).unwrap();
    assert!(found["both"].as_ref().unwrap_err().starts_with("expected it in one root, got "));
    assert!(found["one"].is_ok());
    assert_eq!(find(&paths, "both", &limits()).unwrap(), found["both"]);
    assert_eq!(find(&paths, "one", &limits()).unwrap(), found["one"]);
    assert_eq!(find(&paths, "none", &limits()), None);
}

#[cfg(unix)]
#[test]
fn links_are_followed_wherever_they_lead() {
    use std::os::unix::fs::symlink;

    let root = tempfile::tempdir().unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    put(elsewhere.path(), "model.onnx", b"12345");
    fs::create_dir(root.path().join("m")).unwrap();
    symlink(elsewhere.path(), root.path().join("m/1")).unwrap();
    symlink("nowhere", root.path().join("m/2")).unwrap();
    symlink("nowhere", elsewhere.path().join("dangling")).unwrap();
    symlink("nowhere", root.path().join("gone")).unwrap();
    let found = scan(&[root.path().to_owned()], &limits()).unwrap();
    assert_eq!(found.keys().collect::<Vec<_>>(), ["m"]);
    let versions = &found["m"].as_ref().unwrap().versions;
    assert_eq!(versions.keys().collect::<Vec<_>>(), [&1]);
    assert_eq!(versions[&1].as_ref().unwrap().len(), 1);

    // Round and round: it ends at the limit of files, or of folders within folders.
    symlink("..", root.path().join("m/self")).unwrap();
    symlink(".", elsewhere.path().join("again")).unwrap();
    assert!(scan(&[root.path().to_owned()], &RepositoryLimits::default()).is_ok());
}
