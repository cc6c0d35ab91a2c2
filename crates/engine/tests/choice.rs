//! Which of several backends is taken, tried in this process.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod choosing;

use std::path::Path;

use choosing::{Fake, Fault, builder, reference, search, swift, trial};
use phalanx_backend::Device;
use phalanx_engine::choice::{Search, Trial, cached};
use phalanx_engine::{BackendChoice, Engine, EngineError};
use phalanx_model::samples;

fn keeping(folder: &Path) -> Search {
    Search { cache: Some(folder.to_owned()), ..search() }
}

#[test]
fn the_fastest_that_is_right_is_taken() {
    let liar = Fake::new("liar", Fault::Lies);
    let engine = builder(&[liar, reference(), swift()], search()).build().unwrap();
    let info = engine.info();
    assert_eq!(info.backend, "swift", "{info:?}");
    let Trial::Disagreed { place, .. } = trial(&engine, "liar") else { panic!("the liar was believed") };
    assert!(place.starts_with("output \"y\", row 3, element 2 of a batch of "), "{place}");
    let warning =
        "liar 1 on cpu was passed over: gives another answer than the reference: output \"y\", row 3";
    assert!(info.warnings.iter().any(|text| text.starts_with(warning)), "{:?}", info.warnings);
    let fallbacks: Vec<&str> = info.fallbacks.iter().map(|candidate| &*candidate.backend).collect();
    assert_eq!(fallbacks, ["tract"], "who lies does not take over");
    let choice = info.choice.as_ref().unwrap();
    assert!(choice.referenced() && !choice.cached);
    let text = choice.to_string();
    assert!(
        text.starts_with("swift 1 on cpu: ")
            && text.contains("x tract at ")
            && text.contains(" rows; agrees"),
        "{text}"
    );
}

#[test]
fn who_cannot_run_the_model_is_passed_over() {
    let fakes = ["refuses", "fails", "panics"].into_iter().zip([Fault::Refuses, Fault::Fails, Fault::Panics]);
    let mut fakes: Vec<Fake> = fakes.map(|(name, fault)| Fake::new(name, fault)).collect();
    fakes.push(reference());
    let engine = builder(&fakes, search()).build().unwrap();
    assert_eq!(engine.info().backend, "tract");
    let failed = |name| match trial(&engine, name) {
        Trial::Failed { reason } => reason,
        other => panic!("{name}: {other:?}"),
    };
    assert!(failed("refuses").contains("will not") && failed("fails").contains("told to"));
    assert!(matches!(trial(&engine, "panics"), Trial::Crashed { how } if how.contains("told to")));
    assert_eq!(engine.info().warnings.len(), 3, "{:?}", engine.info().warnings);
    assert!(engine.info().fallbacks.is_empty());
}

#[test]
fn without_a_reference_rows_must_still_be_independent() {
    let engine = builder(&[Fake::new("depends", Fault::Depends), swift()], search()).build().unwrap();
    let choice = engine.info().choice.as_ref().unwrap();
    assert_eq!((engine.info().backend, choice.referenced()), ("swift", false));
    assert!(choice.to_string().ends_with(": unreferenced"), "{choice}");
    let Trial::Disagreed { place, .. } = trial(&engine, "depends") else { panic!("{choice:?}") };
    assert!(place.starts_with("output \"y\", row 0, element 0 of a batch of "), "{place}");
}

#[test]
fn a_reference_that_gives_other_answers_each_time_is_none() {
    let engine = builder(&[swift(), Fake::new("tract", Fault::Drifts)], search()).build().unwrap();
    assert_eq!(engine.info().backend, "swift");
    assert!(!engine.info().choice.as_ref().unwrap().referenced());
    assert!(trial(&engine, "swift").agreed() && !trial(&engine, "tract").agreed());
}

#[test]
fn no_wrong_answer_is_served_because_there_is_no_other() {
    let gpu = Fake { device: Device::WebGpu, ..Fake::new("liar", Fault::Lies) };
    let result = builder(&[gpu.clone(), reference()], search()).device(Device::WebGpu).build();
    let Err(EngineError::NoBackend { failures, .. }) = result else {
        panic!("expected none, got {result:?}")
    };
    assert!(failures.iter().any(|text| text.contains("row 3, element 2")), "{failures:?}");
    let custom = BackendChoice::Custom(std::sync::Arc::new(gpu));
    let named = Engine::builder(samples::tiny()).backend(custom).device(Device::WebGpu).build();
    assert!(named.is_ok(), "who is named is not judged");
    assert!(named.unwrap().info().choice.is_none());
}

#[test]
fn a_device_that_was_asked_for_can_fall_back_to_the_reference() {
    let gpu = Fake { device: Device::WebGpu, ..Fake::new("gpu", Fault::None) };
    let engine = builder(&[gpu, reference()], search()).device(Device::WebGpu).build().unwrap();
    assert_eq!((engine.info().backend, engine.info().device), ("gpu", Device::WebGpu));
    let fallbacks: Vec<String> = engine.info().fallbacks.iter().map(ToString::to_string).collect();
    assert_eq!(fallbacks, ["tract 1 on cpu"]);
}

#[test]
fn other_devices_are_not_tried_in_this_process_unasked() {
    let gpu = Fake { device: Device::WebGpu, ..Fake::new("gpu", Fault::None) };
    let engine = builder(&[gpu, reference()], search()).build().unwrap();
    assert_eq!(engine.info().device, Device::Cpu);
    assert_eq!(engine.info().backend, "tract");
}

#[test]
fn the_reference_alone_is_not_tried() {
    let alone = reference();
    let engine = builder(std::slice::from_ref(&alone), search()).build().unwrap();
    assert_eq!(alone.prepared(), 1);
    assert_eq!(engine.info().choice.as_ref().unwrap().to_string(), "tract 1 on cpu: the only one here");
}

#[test]
fn what_was_found_out_is_not_found_out_again() {
    let folder = tempfile::tempdir().unwrap();
    let build = |fakes: &[Fake], model| {
        let builder = Engine::builder(model).backend(choosing::among(fakes)).search(keeping(folder.path()));
        let engine = builder.lanes(1).threads(1).warmup_budget(std::time::Duration::ZERO).build().unwrap();
        engine.info().choice.clone().unwrap()
    };
    let (slow, fast) = (reference(), swift());
    let first = build(&[slow.clone(), fast.clone()], samples::tiny());
    assert_eq!((first.cached, slow.prepared(), fast.prepared()), (false, 1, 2));
    let second = build(&[slow.clone(), fast.clone()], samples::tiny());
    assert_eq!((second.cached, slow.prepared(), fast.prepared()), (true, 1, 3), "only what runs is prepared");
    assert_eq!((&second.chosen, &second.trials), (&first.chosen, &first.trials));
    assert!(second.to_string().ends_with(" (cached)"), "{second}");
    assert_eq!(cached(folder.path())[0].chosen, first.chosen);

    let newer = Fake { version: "2", ..fast.clone() };
    assert!(!build(&[slow.clone(), newer], samples::tiny()).cached, "another version of a runtime");
    assert!(
        !build(&[slow.clone(), fast.clone()], samples::identity(phalanx_tensor::DType::F32)).cached,
        "another model"
    );
    assert!(!build(&[slow, fast, Fake::new("refuses", Fault::Refuses)], samples::tiny()).cached, "one more");
}

#[test]
fn a_damaged_or_unwritable_cache_is_a_warning() {
    let folder = tempfile::tempdir().unwrap();
    let fakes = [reference(), swift()];
    builder(&fakes, keeping(folder.path())).build().unwrap();
    let entries = std::fs::read_dir(folder.path().join("choice")).unwrap();
    entries.for_each(|entry| std::fs::write(entry.unwrap().path(), "{\"key\":").unwrap());
    let engine = builder(&fakes, keeping(folder.path())).build().unwrap();
    let is_said = |engine: &Engine, text: &str| engine.info().warnings.iter().any(|said| said.contains(text));
    assert!(is_said(&engine, "cannot be read"), "{:?}", engine.info().warnings);
    assert!(!engine.info().choice.as_ref().unwrap().cached);
    let engine = builder(&fakes, keeping(folder.path())).build().unwrap();
    assert!(engine.info().choice.as_ref().unwrap().cached, "it was written anew");

    let file = tempfile::NamedTempFile::new().unwrap();
    let engine = builder(&fakes, keeping(file.path())).build().unwrap();
    assert!(is_said(&engine, "cannot be kept"), "{:?}", engine.info().warnings);
    assert_eq!(engine.info().backend, "swift");
}
