//! Which of several backends is taken, each tried in a process of its own: this program, started again.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod choosing;

use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

use choosing::{Fake, Fault, builder, reference, search, swift, trial};
use phalanx_backend::Device;
use phalanx_engine::choice::{Search, Trial, is_trial, trial_main_among};
use phalanx_engine::{BackendChoice, Engine};
use phalanx_model::samples;
use phalanx_tensor::Tensor;

fn main() -> ExitCode {
    if is_trial() {
        return trial_main_among(choosing::all);
    }
    let tests: [(&str, fn()); 7] = [
        ("who_crashes_harms_nobody", who_crashes_harms_nobody),
        ("who_hangs_is_stopped", who_hangs_is_stopped),
        ("devices_nobody_asked_for_are_tried", devices_nobody_asked_for_are_tried),
        ("who_crashes_while_listing_is_left_the_processor", who_crashes_while_listing_is_left_the_processor),
        ("the_same_runtime_must_be_found_there", the_same_runtime_must_be_found_there),
        ("a_program_that_is_none_is_a_warning", a_program_that_is_none_is_a_warning),
        ("without_tract_onnxruntime_is_its_own_reference", without_tract_onnxruntime_is_its_own_reference),
    ];
    let filters: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
    let is_wanted = |name: &str| filters.is_empty() || filters.iter().any(|filter| name.contains(&**filter));
    for (name, test) in tests.into_iter().filter(|(name, _)| is_wanted(name)) {
        test();
        // A closed stdout is nobody who could be told.
        let _ = writeln!(std::io::stdout(), "test {name} ... ok");
    }
    ExitCode::SUCCESS
}

fn in_children() -> Search {
    Search { program: std::env::current_exe().ok(), ..search() }
}

fn who_crashes_harms_nobody() {
    let faulty = [
        Fake::new("aborts", Fault::Aborts),
        Fake::new("panics", Fault::Panics),
        Fake::new("refuses", Fault::Refuses),
        Fake::new("liar", Fault::Lies),
    ];
    let fakes: Vec<Fake> = faulty.into_iter().chain([reference(), swift()]).collect();
    // What is too long for the command line goes through files: the sample and the outputs.
    let sample = Tensor::from_vec([4, 4], (0..16).map(|number| number as f32).collect()).unwrap();
    let engine = builder(&fakes, in_children()).warmup(vec![sample]).build().unwrap();
    assert_eq!(engine.info().backend, "swift", "{:?}", engine.info());
    let crashed = |name| match trial(&engine, name) {
        Trial::Crashed { how } => how,
        other => panic!("{name}: {other:?}"),
    };
    let aborted = crashed("aborts");
    assert!(!cfg!(unix) || aborted.contains("killed by SIGABRT"), "{aborted}");
    assert!(crashed("panics").ends_with("told to"), "{}", crashed("panics"));
    assert!(matches!(trial(&engine, "refuses"), Trial::Failed { reason } if reason.contains("will not")));
    assert!(matches!(trial(&engine, "liar"), Trial::Disagreed { place, .. } if place.contains("row 3")));
    assert!(matches!(trial(&engine, "tract"), Trial::Agreed { .. }));
    let prepared: Vec<usize> = fakes.iter().map(Fake::prepared).collect();
    assert_eq!(prepared, [0, 0, 0, 0, 0, 1], "nothing but the one that serves is prepared here");
}

fn who_hangs_is_stopped() {
    let search = Search { trial_timeout: Duration::from_secs(5), ..in_children() };
    let engine = builder(&[Fake::new("hangs", Fault::Hangs), reference()], search).build().unwrap();
    assert_eq!(engine.info().backend, "tract");
    assert!(matches!(trial(&engine, "hangs"), Trial::TimedOut { after_ms: 5000 }));
    assert!(engine.info().warnings[0].contains("did not end within 5000 ms"), "{:?}", engine.info().warnings);
}

fn devices_nobody_asked_for_are_tried() {
    let gpu = Fake { device: Device::WebGpu, ..Fake::new("gpu", Fault::None) };
    let engine = builder(&[reference(), gpu], in_children()).build().unwrap();
    assert_eq!((engine.info().backend, engine.info().device), ("gpu", Device::WebGpu));
}

fn who_crashes_while_listing_is_left_the_processor() {
    let fakes = [Fake::new("aborts listing", Fault::AbortsListing), reference()];
    let engine = builder(&fakes, in_children()).build().unwrap();
    assert_eq!((engine.info().backend, engine.info().device), ("aborts listing", Device::Cpu));
    let warnings = &engine.info().warnings;
    assert!(warnings.iter().any(|text| text.contains("looked for its devices")), "{warnings:?}");
    assert!(!cfg!(unix) || warnings.iter().any(|text| text.contains("SIGABRT")), "{warnings:?}");
}

fn the_same_runtime_must_be_found_there() {
    let other = Fake { version: "2", ..swift() };
    let engine = builder(&[other, reference()], in_children()).build().unwrap();
    assert_eq!(engine.info().backend, "tract");
    let Trial::Failed { reason } = trial(&engine, "swift") else { panic!("another version was tried") };
    assert_eq!(reason, "expected swift 2, got 1");
}

fn a_program_that_is_none_is_a_warning() {
    let search = Search { program: Some("/nonexistent/phalanx".into()), ..search() };
    let engine = builder(&[swift(), reference()], search).build().unwrap();
    assert_eq!(engine.info().backend, "swift", "the first of those that could not be compared");
    assert!(matches!(trial(&engine, "swift"), Trial::Failed { reason } if reason.contains("nonexistent")));
    let warnings = &engine.info().warnings;
    assert!(warnings.iter().any(|text| text.contains("could not be compared")), "{warnings:?}");
}

/// Needs onnxruntime, and says where that is not here.
fn without_tract_onnxruntime_is_its_own_reference() {
    let mut backends = phalanx_engine::backends(None);
    backends.retain(|backend| backend.name() == "onnxruntime" && backend.version().is_ok());
    if backends.is_empty() {
        let required = std::env::var("PHALANX_REQUIRE_ONNXRUNTIME").is_ok_and(|value| value == "1");
        assert!(!required || !cfg!(feature = "onnxruntime"), "PHALANX_REQUIRE_ONNXRUNTIME is set");
        let _ = writeln!(std::io::stderr(), "skipped: onnxruntime is not here");
        return;
    }
    let builder = Engine::builder(samples::sequence(1)).backend(BackendChoice::Among(backends));
    let engine = builder.search(in_children()).device(Device::Cpu).build().unwrap();
    let choice = engine.info().choice.as_ref().unwrap();
    let reference = choice.reference.as_ref().unwrap();
    assert!(reference.apart && reference.candidate == choice.chosen, "{choice:?}");
    let Trial::Agreed { error_max: Some(error), .. } = trial(&engine, "onnxruntime") else {
        panic!("{choice:?}")
    };
    assert!(error < 1e-4, "{choice:?}");
}
