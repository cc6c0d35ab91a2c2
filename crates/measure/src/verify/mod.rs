//! The four levels that an engine, and every option of one, has to pass: correctness, stability, performance, memory.
//!
//! [`run`] carries out a [`Plan`] and gives a [`Report`]: a list of [`Check`]s, that a table, a JSON document and a
//! JUnit file are made of.

mod book;
mod check;
mod config;
mod correctness;
mod finding;
mod level;
mod memory;
mod performance;
mod plan;
mod report;
mod setup;
mod stability;
mod subject;
mod watch;

pub use check::{Check, Location, Outcome};
pub use config::{Config, Matrix, ParseConfigError};
pub use correctness::Correctness;
pub use level::{Level, ParseLevelError};
pub use memory::Memory;
pub use performance::{Baseline, BaselineError, Figures, Performance};
pub use plan::Plan;
pub use report::{JunitError, Report};
pub use setup::Setup;
pub use stability::{ChildRounds, ROUND, RoundEnd, Rounds, Stability, Strikes, round};
pub use subject::{Absent, Subject};
pub use watch::{Step, Watch};

use std::collections::BTreeMap;
use std::time::Instant;

use phalanx_backend::PrepareOptions;
use phalanx_engine::EngineError;

use self::book::Book;
use self::finding::Finding;
use self::setup::{Candidate, is_unsupported};
use crate::{Machine, MeasureError};

/// Carries out a plan. Rounds of the second level are left to `rounds`.
///
/// # Errors
/// [`MeasureError::Interrupted`] where the watch wants no more; everything else is a check that failed.
pub fn run(plan: &Plan, rounds: &mut dyn Rounds, watch: &mut dyn Watch) -> Result<Report, MeasureError> {
    let begin = Instant::now();
    let mut book = Book::new(watch, plan.steps());
    let (mut reference, mut figures) = (None, BTreeMap::new());
    let mut running = None;
    for &level in &plan.levels {
        if level == Level::Correctness {
            for absent in &plan.absent {
                book.note(level, "prepare", absent.backend, Finding::skipped(absent.why.clone()), 0.0);
            }
            reference = correctness::verify(plan, &mut book)?;
            continue;
        }
        let running = running.get_or_insert_with(|| those_that_run(plan, level, &mut book));
        for (place, subject) in running.iter().enumerate() {
            match level {
                Level::Correctness => {}
                Level::Stability => stability::verify(plan, subject, rounds, &mut book)?,
                Level::Performance => {
                    figures.extend(performance::verify(plan, subject, place == 0, &mut book)?);
                }
                Level::Memory => memory::verify(plan, subject, &mut book)?,
            }
        }
        if running.is_empty() {
            book.note(level, "subjects", "", Finding::failed("no backend here runs this model"), 0.0);
        }
    }
    Ok(Report {
        phalanx: env!("CARGO_PKG_VERSION").to_owned(),
        machine: Machine::here(),
        model: plan.setup.model.name().to_owned(),
        reference,
        backends: versions(plan),
        checks: book.into_checks(),
        figures,
        seconds: begin.elapsed().as_secs_f64(),
    })
}

/// The subjects that all levels but the first are verified on. Why the others do not run is noted, unless the first
/// level does.
fn those_that_run<'a>(plan: &'a Plan, level: Level, book: &mut Book<'_>) -> Vec<&'a Subject> {
    let mut running = Vec::new();
    for subject in &plan.subjects {
        let candidate = Candidate { subject: &subject.tried(), config: None };
        let finding = match plan.setup.engine(&candidate) {
            Ok(_) => {
                running.push(subject);
                continue;
            }
            Err(error) if is_unsupported(&error) => Finding::skipped(error.to_string()),
            Err(error) => Finding::failed(error.to_string()),
        };
        if !plan.levels.contains(&Level::Correctness) {
            book.note(level, "prepare", &candidate.to_string(), finding, 0.0);
        }
    }
    running
}

/// Whether the subject does not have these options at all, which is noted.
fn unsupported(plan: &Plan, level: Level, candidate: &Candidate<'_>, book: &mut Book<'_>) -> bool {
    let Some(config) = candidate.config else { return false };
    let options = PrepareOptions {
        optimize: config.optimize,
        precision: config.precision,
        rows_max: std::num::NonZeroUsize::MIN,
        ..PrepareOptions::default()
    };
    let Subject { backend, device, .. } = candidate.subject;
    match backend.prepare(&plan.setup.model, *device, &options).map_err(EngineError::Prepare) {
        Err(error) if is_unsupported(&error) => {
            let finding = Finding::skipped(error.to_string());
            book.note(level, "prepare", &candidate.to_string(), finding, 0.0);
            true
        }
        Ok(_) | Err(_) => false,
    }
}

/// The version of every backend that is verified.
fn versions(plan: &Plan) -> BTreeMap<String, String> {
    let backends = plan.subjects.iter().map(|subject| &subject.backend);
    backends.filter_map(|backend| Some((backend.name().to_owned(), backend.version().ok()?))).collect()
}
