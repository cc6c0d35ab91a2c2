use std::time::Duration;

use quick_junit::{NonSuccessKind, TestCase, TestCaseStatus, TestSuite};

use super::Report;
use crate::verify::{Check, Level, Outcome};

/// A report could not be written as XML.
#[derive(Debug, thiserror::Error)]
#[error("failed to write the report as JUnit XML: {0}")]
pub struct JunitError(#[from] quick_junit::SerializeError);

impl Report {
    /// The report as JUnit XML: a suite a level, a case a check.
    ///
    /// # Errors
    /// [`JunitError`], which a text without control characters does not come to.
    pub fn junit(&self) -> Result<String, JunitError> {
        let mut document = quick_junit::Report::new(format!("phalanx verify {}", self.model));
        document.set_time(Duration::from_secs_f64(self.seconds));
        document.add_test_suites(self.levels().into_iter().map(|level| self.suite(level)));
        Ok(document.to_string()?)
    }

    fn suite(&self, level: Level) -> TestSuite {
        let mut suite = TestSuite::new(format!("level {}: {level}", level.number()));
        let checks = || self.checks.iter().filter(|check| check.level == level);
        suite.set_time(Duration::from_secs_f64(checks().map(|check| check.seconds).sum()));
        suite.add_property(("phalanx", self.phalanx.as_str()));
        suite.add_property(("machine", self.machine.cpu.as_str()));
        suite.add_property(("reference", self.reference.as_deref().unwrap_or("unreferenced")));
        for (backend, version) in &self.backends {
            suite.add_property((backend.as_str(), version.as_str()));
        }
        suite.add_test_cases(checks().map(case));
        suite
    }
}

fn case(check: &Check) -> TestCase {
    let status = match &check.outcome {
        Outcome::Passed { .. } => TestCaseStatus::success(),
        Outcome::Failed { .. } => TestCaseStatus::non_success(NonSuccessKind::Failure),
        Outcome::Skipped { .. } => TestCaseStatus::skipped(),
    };
    let mut case = TestCase::new(check.name.as_str(), status);
    let class = if check.subject.is_empty() { "phalanx" } else { check.subject.as_str() };
    case.set_classname(class).set_time(Duration::from_secs_f64(check.seconds));
    match &check.outcome {
        Outcome::Passed { detail } => {
            case.set_system_out(detail.as_str());
        }
        Outcome::Failed { .. } | Outcome::Skipped { .. } => {
            case.status.set_message(check.outcome.words());
        }
    }
    for (name, value) in &check.measured {
        case.add_property((name.as_str(), value.to_string().as_str()));
    }
    case
}
