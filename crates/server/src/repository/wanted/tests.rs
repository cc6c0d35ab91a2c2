use std::path::Path;

use super::*;

fn folder(versions: &[(u64, &[&str])], config: Option<&str>) -> Found {
    let stamp = Stamp { bytes: 1, modified: None };
    let files = |names: &[&str]| names.iter().map(|name| (PathBuf::from(name), stamp)).collect();
    Ok(Folder {
        path: PathBuf::from("/root/m"),
        config: config.map(|config| Ok(config.into())),
        warmup: None,
        versions: versions.iter().map(|(version, names)| (*version, Ok(files(names)))).collect(),
    })
}

fn goal(found: &Found) -> Goal {
    Goal::of("m", Some(found), &Given::default())
}

const MODEL: &[&str] = &["model.onnx"];

#[test]
fn the_newest_version_is_wanted_unless_the_policy_says_otherwise() {
    let versions = [(1, MODEL), (2, MODEL), (10, MODEL)];
    for (config, expected) in [
        (None, vec![10]),
        (Some("version_policy { latest { num_versions: 2 } }"), vec![2, 10]),
        (Some("version_policy { all {} }"), vec![1, 2, 10]),
        (Some("version_policy { specific { versions: [ 1 ] } }"), vec![1]),
    ] {
        let goal = goal(&folder(&versions, config));
        let wanted = goal.wanted.unwrap();
        assert_eq!(wanted.versions.keys().copied().collect::<Vec<_>>(), expected);
        assert!(expected.iter().all(|version| wanted.content(*version).is_some()));
        assert_eq!(goal.on_disk, BTreeSet::from([1, 2, 10]));
    }
}

#[test]
fn a_version_that_cannot_be_is_an_error_of_its_own() {
    let config = "version_policy { specific { versions: [ 1, 2, 3, 4 ] } }";
    let mut found = folder(&[(1, MODEL), (2, &["model.pt", "sub/model.onnx"])], Some(config));
    found.as_mut().unwrap().versions.insert(3, Err("no permission".to_owned()));
    let wanted = goal(&found).wanted.unwrap();
    assert!(wanted.versions[&1].is_ok());
    let reason = |version: u64| wanted.versions[&version].as_ref().unwrap_err().as_str();
    assert_eq!(reason(2), "there is no file 2/model.onnx");
    assert_eq!(reason(3), "no permission");
    assert_eq!(reason(4), "there is no folder 4, which version_policy asks for");
    assert_eq!(wanted.source(2), None);
}

#[test]
fn a_model_that_cannot_be_is_an_error_of_all_its_versions() {
    let reason = |found: &Found| goal(found).wanted.unwrap_err().to_string();
    assert_eq!(reason(&folder(&[(1, MODEL)], Some("a: 1"))), "config.pbtxt:1: a is not supported");
    assert!(reason(&folder(&[], None)).starts_with("it has no version"));
    assert_eq!(reason(&Err("in two roots".to_owned())), "in two roots");
    let mut found = folder(&[(1, MODEL)], None);
    found.as_mut().unwrap().config = Some(Err("too long".to_owned()));
    assert_eq!(reason(&found), "too long");
    assert_eq!(goal(&found).on_disk, BTreeSet::from([1]));
}

#[test]
fn a_source_changes_with_whatever_a_version_is_loaded_from() {
    let found = folder(&[(1, MODEL), (2, MODEL)], Some("max_batch_size: 1 version_policy { all {} }"));
    let sources = |found: &Found| {
        let wanted = goal(found).wanted.unwrap();
        [wanted.source(1).unwrap(), wanted.source(2).unwrap()]
    };
    let before = sources(&found);
    assert_eq!(sources(&found), before);
    let change = |change: &dyn Fn(&mut Folder)| {
        let mut found = found.clone();
        change(found.as_mut().unwrap());
        let after = sources(&found);
        [after[0] != before[0], after[1] != before[1]]
    };
    let stamp = Stamp { bytes: 2, modified: None };
    assert_eq!(
        change(&|folder| {
            folder
                .versions
                .get_mut(&1)
                .unwrap()
                .as_mut()
                .unwrap()
                .insert(Path::new("model.onnx").into(), stamp);
        }),
        [true, false]
    );
    assert_eq!(change(&|folder| folder.warmup = Some(stamp)), [true, true]);
    assert_eq!(change(&|folder| folder.config = Some(Ok("version_policy { all {} }".into()))), [true, true]);
    assert_eq!(
        change(&|folder| folder.versions.insert(3, Ok(Files::new())).map(drop).unwrap_or(())),
        [false, false]
    );
}

#[test]
fn a_load_may_bring_its_own_configuration_and_files() {
    let found = folder(&[(1, MODEL), (2, MODEL)], Some("no configuration"));
    let json = "{\"version_policy\": {\"all\": {}}}";
    let given = Given { config: Some(json.into()), models: BTreeMap::new() };
    let wanted = Goal::of("m", Some(&found), &given).wanted.unwrap();
    assert_eq!(wanted.versions.len(), 2);

    let models = BTreeMap::from([(7, Bytes::from_static(b"model"))]);
    let given = Given { config: Some(json.into()), models };
    for found in [Some(&found), None] {
        let goal = Goal::of("m", found, &given);
        let wanted = goal.wanted.unwrap();
        assert!(matches!(wanted.content(7), Some((7, Content::Given(bytes))) if bytes == "model"));
        assert_eq!((wanted.versions.len(), wanted.source(7)), (1, None));
        assert_eq!(goal.on_disk.len(), found.map_or(0, |_| 2));
    }
}
