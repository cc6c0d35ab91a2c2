use phalanx_measure::verify::{Baseline, Level, Plan, Report};

use crate::fake::{Fault, check, failed, plan, verify};

fn measured() -> (Plan, Report) {
    let plan = plan(Level::Performance, Fault::None);
    let report = verify(&plan);
    (plan, report)
}

#[test]
fn every_run_gives_its_figures_and_targets_decide() {
    let (mut plan, report) = measured();
    let figures = &report.figures["fake on cpu"];
    assert_eq!(figures.samples_per_s.len(), 3);
    assert_eq!((figures.p99_ms.len(), figures.depth_1_samples_per_s.len()), (3, 3));
    assert_eq!((figures.batch_max, figures.batch_max_samples_per_s.len()), (16, 3));
    for name in ["throughput", "p99", "baseline"] {
        assert_eq!(check(&report, name).outcome.name(), "skipped", "{name}");
    }
    plan.performance.throughput_min = Some(1.0);
    plan.performance.p99_ms_max = Some(1e-6);
    let report = verify(&plan);
    assert_eq!(check(&report, "throughput").outcome.name(), "passed");
    assert!(failed(&report).contains(&"p99"));
    assert!(!report.passed(Level::Performance));
}

#[test]
fn wrong_answers_are_no_figures() {
    // Beyond the rows that warm-up compares, and with callers enough to fill such batches.
    let mut plan = plan(Level::Performance, Fault::Rear { from: 4 });
    plan.performance.callers = 64;
    let report = verify(&plan);
    assert!(failed(&report).contains(&"measure"), "{report}");
    assert!(report.figures.is_empty());
}

#[test]
fn a_drop_below_the_baseline_fails() {
    let (mut plan, report) = measured();
    let mut baseline = Baseline::of(&plan, &report);
    let figures = baseline.subjects.get_mut("fake on cpu").unwrap();
    figures.samples_per_s = vec![1e12, 1.01e12, 0.99e12];
    plan.performance.baseline = Some(baseline.clone());
    let report = verify(&plan);
    assert!(check(&report, "baseline").outcome.words().contains("samples_per_s was"), "{report}");
    assert!(failed(&report).contains(&"baseline"));

    let figures = baseline.subjects.get_mut("fake on cpu").unwrap();
    for rates in [
        &mut figures.samples_per_s,
        &mut figures.batch_1_samples_per_s,
        &mut figures.batch_max_samples_per_s,
        &mut figures.depth_1_samples_per_s,
    ] {
        *rates = vec![1.0, 1.1, 0.9];
    }
    figures.p99_ms = vec![1e6, 1.1e6, 0.9e6];
    let text = serde_json::to_string(&baseline).unwrap();
    assert_eq!(Baseline::parse(&text).unwrap(), baseline);
    assert!(Baseline::parse("{}").is_err());
    plan.performance.baseline = Some(baseline.clone());
    assert_eq!(check(&verify(&plan), "baseline").outcome.name(), "passed");

    baseline.cpus += 1;
    plan.performance.baseline = Some(baseline);
    let report = verify(&plan);
    assert!(check(&report, "baseline").outcome.words().contains("of this machine"), "{report}");
    assert!(failed(&report).contains(&"baseline"));
}
