//! Level 1: every backend and device gives the reference's answers, whoever shares the batch.
//!
//! What a backend does by itself is looked at without an engine, which would run rows one by one where it finds that
//! they depend on each other; then the same is asked of the engine.

mod alter;
mod callers;
mod extreme_values;
mod extremes;
mod judge;
mod neighbours;
mod positions;
mod reference;
mod requests;
mod rig;
mod samples;
mod scene;
mod sets;
mod sizes;
mod tolerance;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use phalanx_backend::{Optimize, Precision, Program};
use phalanx_engine::Engine;

use self::reference::Reference;
use self::rig::Rig;
use self::scene::Scene;
use self::sets::{Set, Sets};
use super::book::Book;
use super::finding::Finding;
use super::setup::{Candidate, is_unsupported};
use super::{Level, Plan, Subject};
use crate::MeasureError;

const LEVEL: Level = Level::Correctness;

/// Checks of one candidate, its preparation among them.
pub(super) const STEPS: u64 = 3 + ALONE;

/// Those of its program by itself.
const ALONE: u64 = 5;

/// Rows of the largest batch that a program is asked for by itself, where the engine has settled for fewer.
const ROWS_MAX: usize = 32;

/// How far answers may be off, and how long one check may take.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Correctness {
    /// The difference allowed of any element, instead of what the precision suggests.
    pub tolerance: Option<f64>,
    /// How long one check may take: those that would take longer look at less, and say so.
    pub budget: Duration,
}

impl Default for Correctness {
    fn default() -> Self {
        Self { tolerance: None, budget: Duration::from_secs(5) }
    }
}

/// What is verified on the way through all candidates.
struct Work<'a> {
    plan: &'a Plan,
    reference: Option<Reference>,
    /// Programs that have been looked at by themselves: options of the engine make no difference to them.
    seen: HashSet<(String, Precision, Optimize)>,
    /// Candidates whose engine was built.
    built: usize,
}

/// Verifies all candidates, and gives the reference's name.
pub(super) fn verify(plan: &Plan, book: &mut Book<'_>) -> Result<Option<String>, MeasureError> {
    let mut found = Err(String::new());
    book.check(LEVEL, "reference", "", |_| {
        found = reference::find(&plan.setup, plan.correctness.budget);
        Ok(match &found {
            Ok(reference) => {
                Finding::passed(format!("{}, {} samples", reference.name, reference.sets.ordinary.len()))
            }
            Err(why) => Finding::skipped(format!(
                "unreferenced: answers are only compared with the same backend's own; {why}"
            )),
        })
    })?;
    let mut work = Work { plan, reference: found.ok(), seen: HashSet::new(), built: 0 };
    let subjects: Vec<Subject> = plan.subjects.iter().map(Subject::tried).collect();
    for candidate in plan.candidates(&subjects) {
        work.candidate(&candidate, book)?;
    }
    if work.built == 0 {
        book.note(LEVEL, "subjects", "", Finding::failed("no backend here runs this model"), 0.0);
    }
    Ok(work.reference.map(|reference| reference.name))
}

impl Work<'_> {
    fn candidate(&mut self, candidate: &Candidate<'_>, book: &mut Book<'_>) -> Result<(), MeasureError> {
        let subject = candidate.to_string();
        let Some(engine) = prepare(self.plan, candidate, &subject, book)? else {
            book.pass_over(STEPS - 1);
            return Ok(());
        };
        self.built += 1;
        let correctness = &self.plan.correctness;
        let signature = self.plan.setup.model.signature();
        let scene = Scene::new(engine.info(), signature, correctness.tolerance, correctness.budget);
        let own;
        let sets = match &self.reference {
            Some(reference) => &reference.sets,
            None => match own_sets(self.plan, candidate.subject, &engine) {
                Ok(sets) => {
                    own = sets;
                    &own
                }
                Err(error) => {
                    book.note(LEVEL, "samples", &subject, Finding::failed(error.to_string()), 0.0);
                    book.pass_over(STEPS - 1);
                    return Ok(());
                }
            },
        };
        let key = (candidate.subject.to_string(), engine.info().precision, engine.info().optimize);
        if self.seen.insert(key) {
            let program = program(self.plan, candidate.subject, &engine);
            alone(&scene, program, sets, &subject, book)?;
        } else {
            book.pass_over(ALONE);
        }
        through(&scene, &engine, sets, &subject, book)
    }
}

/// Builds the engine; `None` where there is none to verify.
fn prepare(
    plan: &Plan,
    candidate: &Candidate<'_>,
    subject: &str,
    book: &mut Book<'_>,
) -> Result<Option<Engine>, MeasureError> {
    let mut engine = None;
    // What was asked for by name has to run, but not with every option there is.
    let may_lack = candidate.config.is_some() || !plan.subject_is_given;
    book.check(LEVEL, "prepare", subject, |_| {
        Ok(match plan.setup.engine(candidate) {
            Ok(built) => {
                let info = built.info();
                let detail = format!(
                    "{} lanes of {} threads, batches of up to {}",
                    info.lanes, info.threads, info.max_batch
                );
                engine = Some(built);
                Finding::passed(detail)
            }
            Err(error) if is_unsupported(&error) && may_lack => Finding::skipped(error.to_string()),
            Err(error) => Finding::failed(error.to_string()),
        })
    })?;
    Ok(engine)
}

fn program(plan: &Plan, subject: &Subject, engine: &Engine) -> Result<Arc<dyn Program>, MeasureError> {
    let rows_max = plan.rows_max.unwrap_or_else(|| engine.info().max_batch.max(ROWS_MAX));
    Ok(plan.setup.program(subject, engine.info(), rows_max)?)
}

/// Answers of the subject's own, where there is no reference.
fn own_sets(plan: &Plan, subject: &Subject, engine: &Engine) -> Result<Sets, MeasureError> {
    let precision = engine.info().precision;
    Sets::of(program(plan, subject, engine)?, &plan.setup, precision, plan.correctness.budget)
}

/// What the program gives by itself.
fn alone(
    scene: &Scene<'_>,
    program: Result<Arc<dyn Program>, MeasureError>,
    sets: &Sets,
    subject: &str,
    book: &mut Book<'_>,
) -> Result<(), MeasureError> {
    let mut rig = match program.and_then(|program| Rig::open(program, &sets.ordinary.samples)) {
        Ok(rig) => rig,
        Err(error) => {
            book.pass_over(ALONE);
            book.note(LEVEL, "samples", subject, Finding::failed(error.to_string()), 0.0);
            return Ok(());
        }
    };
    book.check(LEVEL, "samples", subject, |_| samples::samples(scene, &mut rig, &sets.ordinary))?;
    let apart = sets.apart();
    for (name, check) in [
        ("sizes", sizes::sizes as fn(&Scene<'_>, &mut Rig, &Set) -> Result<Finding, MeasureError>),
        ("positions", positions::positions),
        ("neighbours", neighbours::neighbours),
    ] {
        book.check(LEVEL, name, subject, |_| match &apart {
            Some(why) => Ok(Finding::skipped(why.clone())),
            None => check(scene, &mut rig, &sets.ordinary),
        })?;
    }
    book.check(LEVEL, "extreme values", subject, |_| {
        extreme_values::extreme_values(scene, &mut rig, &sets.extremes, apart.is_none())
    })
}

/// What the engine gives.
fn through(
    scene: &Scene<'_>,
    engine: &Engine,
    sets: &Sets,
    subject: &str,
    book: &mut Book<'_>,
) -> Result<(), MeasureError> {
    book.check(LEVEL, "requests", subject, |_| requests::requests(scene, engine, &sets.ordinary))?;
    book.check(LEVEL, "callers", subject, |_| callers::callers(scene, engine, &sets.ordinary))
}
