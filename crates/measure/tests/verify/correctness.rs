use std::ops::ControlFlow;

use phalanx_measure::MeasureError;
use phalanx_measure::verify::{Level, Location, Outcome, Plan, Step, run};

use crate::fake::{Fault, NoRounds, check, failed, plan, verify};

const LEVEL: Level = Level::Correctness;

fn location(plan: &Plan, name: &str) -> Location {
    let report = verify(plan);
    match &check(&report, name).outcome {
        Outcome::Failed { where_: Some(location), .. } => (**location).clone(),
        other => panic!("{name}: {other:?}"),
    }
}

#[test]
fn who_answers_rightly_passes_everything() {
    let report = verify(&plan(LEVEL, Fault::None));
    assert_eq!(failed(&report), [""; 0], "{report}");
    assert!(report.all_passed());
    assert_eq!(report.reference.as_deref(), Some("honest 1.0 on cpu, not optimised"));
    let names: Vec<&str> = report.checks.iter().map(|check| &*check.name).collect();
    assert_eq!(
        names,
        [
            "reference",
            "prepare",
            "samples",
            "sizes",
            "positions",
            "neighbours",
            "extreme values",
            "requests",
            "callers"
        ]
    );
    assert!(report.checks.iter().all(|check| check.outcome.name() == "passed"), "{report}");
}

#[test]
fn a_lie_in_one_element_of_one_position_is_found_and_named() {
    // The warm-up compares four rows: there and behind them.
    for position in [2, 9, 15] {
        let plan = plan(LEVEL, Fault::Lie { position, element: 4, off: 0.125 });
        let location = location(&plan, "sizes");
        let sample = plan.setup.samples.get(location.sample)[0].as_slice::<f32>().unwrap()[4];
        assert_eq!((&*location.backend, &*location.device), ("fake", "cpu"));
        assert_eq!((location.input.as_str(), location.seed), ("random", Some(1)));
        assert_eq!((location.position, location.element, &*location.output), (position, 4, "y"));
        assert!(location.batch > position);
        assert_eq!(location.expected, f64::from(sample));
        assert!((location.got - location.expected - 0.125).abs() < 1e-6);
        let report = verify(&plan);
        assert!(!report.all_passed());
        assert!(report.to_string().contains(&format!("position {position}, output \"y\", element 4")));
    }
}

#[test]
fn answers_that_are_mixed_up_in_one_size_are_found() {
    let location = location(&plan(LEVEL, Fault::Mix { rows: 13 }), "sizes");
    assert_eq!((location.batch, location.position), (13, 1));
}

#[test]
fn a_row_that_spoils_its_neighbours_is_found() {
    let report = verify(&plan(LEVEL, Fault::Spread));
    assert_eq!(failed(&report), ["neighbours"], "{report}");
    let words = check(&report, "neighbours").outcome.words();
    assert!(words.contains("beside a row of not a number in position 0"), "{words}");
}

#[test]
fn what_fails_to_run_fails_with_the_backends_words() {
    let report = verify(&plan(LEVEL, Fault::Fail { every: 20 }));
    assert!(failed(&report).contains(&"samples"), "{report}");
    assert!(check(&report, "samples").outcome.words().contains("told to"));
}

#[test]
fn the_tolerance_can_be_given() {
    let mut plan = plan(LEVEL, Fault::Lie { position: 9, element: 4, off: 0.002 });
    assert_eq!(location(&plan, "sizes").position, 9);
    plan.correctness.tolerance = Some(0.01);
    assert_eq!(failed(&verify(&plan)), [""; 0]);
}

#[test]
fn without_a_reference_only_a_backends_own_answers_are_compared() {
    let mut plan = plan(LEVEL, Fault::Mix { rows: 13 });
    plan.setup.references.clear();
    let report = verify(&plan);
    assert_eq!(report.reference, None);
    assert!(check(&report, "reference").outcome.words().starts_with("unreferenced"));
    assert!(report.to_string().contains("reference: none (unreferenced)"));
    assert_eq!(location(&plan, "sizes").batch, 13);
}

#[test]
fn who_does_not_run_the_model_is_passed_over_unless_asked_for() {
    let mut plan = plan(LEVEL, Fault::Unsupported);
    let report = verify(&plan);
    assert_eq!(check(&report, "prepare").outcome.name(), "skipped");
    // There is a reference, and still nothing to compare with it.
    assert_eq!(failed(&report), ["subjects"]);
    plan.subject_is_given = true;
    assert_eq!(failed(&verify(&plan)), ["prepare", "subjects"]);
}

#[test]
fn nothing_to_verify_is_no_success() {
    let mut plan = plan(LEVEL, Fault::Unsupported);
    plan.levels = Level::ALL.into();
    let report = verify(&plan);
    assert_eq!(failed(&report), ["subjects"; 4]);
    assert!(Level::ALL.into_iter().all(|level| !report.passed(level)));
    assert!(check(&report, "subjects").outcome.words().contains("no backend here runs this model"));
}

#[test]
fn a_break_ends_it() {
    let plan = plan(LEVEL, Fault::None);
    let mut left = 3;
    let mut watch = |step: Step<'_>| {
        assert!(step.done <= step.total);
        left -= 1;
        if left == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let error = run(&plan, &mut NoRounds, &mut watch).unwrap_err();
    assert!(matches!(error, MeasureError::Interrupted));
}
