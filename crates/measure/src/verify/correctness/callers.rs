use std::time::Instant;

use phalanx_engine::Engine;

use super::judge::Judge;
use super::requests::{request, rows_max, split};
use super::scene::Scene;
use super::sets::Set;
use crate::MeasureError;
use crate::verify::finding::Finding;

/// Concurrent callers, and what each of them sends.
const CALLERS: usize = 16;
const REQUESTS: usize = 64;

/// Rows of the largest request of theirs.
const ROWS_MAX: usize = 3;

/// Callers that all ask at once are answered as if each were alone.
pub(super) fn callers(scene: &Scene<'_>, engine: &Engine, set: &Set) -> Result<Finding, MeasureError> {
    let before = engine.metrics();
    let outcomes: Vec<_> = std::thread::scope(|scope| {
        let callers: Vec<_> =
            (0..CALLERS).map(|caller| scope.spawn(move || one(scene, engine, set, caller))).collect();
        callers.into_iter().map(std::thread::ScopedJoinHandle::join).collect()
    });
    let mut judge = scene.judge();
    let mut answered = 0;
    for outcome in outcomes {
        let ended = outcome.map_err(|_| MeasureError::Thread { message: "a caller panicked".to_owned() })?;
        match ended? {
            Ok((seen, requests)) => {
                judge.merge(&seen);
                answered += requests;
            }
            Err(finding) => return Ok(finding),
        }
    }
    let after = engine.metrics();
    let batches = (after.batches - before.batches).max(1);
    let mean = (after.rows - before.rows) as f64 / batches as f64;
    let detail = format!("{answered} requests of {CALLERS} callers, {mean:.1} rows a batch");
    Ok(Scene::verdict(&judge, detail).with("batch_mean", mean))
}

/// What one caller gets: its judge and the number of its requests, or a wrong answer.
fn one(
    scene: &Scene<'_>,
    engine: &Engine,
    set: &Set,
    caller: usize,
) -> Result<Result<(Judge, usize), Finding>, MeasureError> {
    let mut judge = scene.judge();
    let rows_max = rows_max(engine, set).min(ROWS_MAX);
    let end = Instant::now() + scene.budget;
    let mut answered = 0;
    while answered < REQUESTS && (answered == 0 || Instant::now() < end) {
        let rows = 1 + (caller + answered) % rows_max;
        // Strides of different callers meet at no sample at the same time.
        let first = caller * REQUESTS + answered * ROWS_MAX;
        let answers = split(engine.infer_blocking(request(set, first, rows)?)?, rows);
        for (position, row) in answers.iter().enumerate() {
            if let Err(finding) = scene.compare(&mut judge, set, first + position, (position, rows), row) {
                return Ok(Err(finding.beside("concurrent callers")));
            }
        }
        answered += 1;
    }
    Ok(Ok((judge, answered)))
}
