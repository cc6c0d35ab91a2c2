use phalanx_backend::{Optimize, Precision};
use phalanx_engine::Isolation;
use phalanx_measure::verify::{Level, Matrix};

use crate::fake::{Fault, check, failed, plan, verify};

fn matrix() -> Matrix {
    Matrix {
        precision: vec![Precision::Fp32, Precision::Fp16],
        optimize: vec![Optimize::Full],
        depth: vec![1, 2],
        // A backend that only this test has cannot be found by another program.
        isolation: vec![Isolation::Thread],
        ..Matrix::default()
    }
}

#[test]
fn every_combination_is_verified_and_what_the_backend_lacks_is_told() {
    let mut plan = plan(Level::Correctness, Fault::None);
    plan.configs = matrix().configs();
    let report = verify(&plan);
    assert_eq!(failed(&report), [""; 0], "{report}");
    let of = |name: &str, outcome: &str| {
        let is =
            |check: &&phalanx_measure::verify::Check| check.name == name && check.outcome.name() == outcome;
        report.checks.iter().filter(is).count()
    };
    // Two depths, pooling or not, four policies; half precision is not there.
    assert_eq!((of("prepare", "passed"), of("prepare", "skipped")), (16, 16));
    assert_eq!(of("callers", "passed"), 16);
    // What the program does by itself has nothing to do with the engine's options.
    assert_eq!(of("sizes", "passed"), 1);
    let subject = &check(&report, "callers").subject;
    assert!(subject.starts_with("fake on cpu, precision=fp32,optimize=full,depth=1,pooling=true,policy="));
}

#[test]
fn the_other_levels_are_crossed_too() {
    let mut plan = plan(Level::Stability, Fault::None);
    plan.configs = matrix().configs();
    plan.stability.rounds = 2;
    let report = verify(&plan);
    let passed = report.checks.iter().filter(|check| check.name == "rounds").count();
    assert_eq!((passed, failed(&report).len()), (16, 0));
}
