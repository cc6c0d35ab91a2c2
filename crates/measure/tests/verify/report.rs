use phalanx_measure::verify::{Level, Outcome};

use crate::fake::{Fault, check, plan, verify};

#[test]
fn one_report_is_a_table_a_document_and_a_junit_file() {
    let report = verify(&plan(Level::Correctness, Fault::Lie { position: 9, element: 1, off: 1.0 }));
    let failures = report.failures().count();
    let table = report.to_string();
    assert!(table.contains("level 1 (correctness): FAILED"), "{table}");
    assert!(
        table.lines().any(|line| line.starts_with("correctness  sizes") && line.contains("failed")),
        "{table}"
    );

    let document = serde_json::to_value(&report).unwrap();
    let checks = document["checks"].as_array().unwrap();
    let sizes = checks.iter().find(|check| check["name"] == "sizes").unwrap();
    assert_eq!((&sizes["level"], &sizes["outcome"]), (&"correctness".into(), &"failed".into()));
    assert_eq!((&sizes["where"]["position"], &sizes["where"]["element"]), (&9.into(), &1.into()));
    assert_eq!(document["backends"]["fake"], "1.0 (nowhere)");
    assert!(document["machine"]["cpu"].is_string());

    let junit = quick_junit::Report::deserialize_from_str(&report.junit().unwrap()).unwrap();
    assert_eq!((junit.tests, junit.failures), (report.checks.len(), failures));
    assert_eq!(junit.test_suites[0].name.as_str(), "level 1: correctness");
}

#[test]
fn what_a_backend_says_does_not_break_the_xml() {
    let mut report = verify(&plan(Level::Correctness, Fault::None));
    let what = "<oops> \u{1b}[31m & \u{0} \"quoted\"".to_owned();
    report.checks[1].outcome = Outcome::Failed { what, where_: None };
    assert_eq!(check(&report, "prepare").outcome.name(), "failed");
    let junit = quick_junit::Report::deserialize_from_str(&report.junit().unwrap()).unwrap();
    assert_eq!(junit.failures, 1);
}
