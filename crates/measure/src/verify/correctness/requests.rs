use std::time::Instant;

use phalanx_engine::{Batching, Engine, Request, Response};
use phalanx_tensor::Tensor;

use super::judge::Row;
use super::rig::row_of;
use super::scene::Scene;
use super::sets::Set;
use super::sizes::{likeliest_first, of};
use crate::MeasureError;
use crate::verify::finding::Finding;

/// Requests of every number of rows up to more than a batch holds, through the engine, one at a time.
pub(super) fn requests(scene: &Scene<'_>, engine: &Engine, set: &Set) -> Result<Finding, MeasureError> {
    let largest = rows_max(engine, set);
    let mut order = likeliest_first(&(1..=largest).collect::<Vec<_>>());
    if largest > 1 {
        // These are split.
        order.extend([largest + 1, 2 * largest + 1]);
    }
    let end = Instant::now() + scene.budget;
    let mut judge = scene.judge();
    let (mut done, mut next) = (0, 0);
    for &rows in &order {
        if done > 0 && Instant::now() >= end {
            break;
        }
        let answers = split(engine.infer_blocking(request(set, next, rows)?)?, rows);
        for (position, row) in answers.iter().enumerate() {
            if let Err(finding) = scene.compare(&mut judge, set, next + position, (position, rows), row) {
                return Ok(finding);
            }
        }
        (done, next) = (done + 1, next + rows);
    }
    let most = order.iter().copied().max().unwrap_or(1);
    Ok(Scene::verdict(&judge, format!("{} up to {most} rows a request", of(done, order.len(), "size"))))
}

/// Rows that a request to this engine may have without being split: one where requests run alone.
pub(super) fn rows_max(engine: &Engine, set: &Set) -> usize {
    match engine.info().batching {
        Batching::Unbatched { .. } => 1,
        _ if !set.samples.batched() => 1,
        Batching::Batched | Batching::Fixed(_) => engine.info().max_batch,
    }
}

/// `rows` samples, from `first` on, as one request.
pub(super) fn request(set: &Set, first: usize, rows: usize) -> Result<Request, MeasureError> {
    if rows == 1 {
        return Ok(Request::new(set.inputs(first).to_vec()));
    }
    Ok(Request::new(set.samples.batch(first, rows)?))
}

/// The answer to each row of a request.
pub(super) fn split(response: Response, rows: usize) -> Vec<Row> {
    let outputs: Vec<Tensor> = response.into_tensors();
    (0..rows).map(|row| outputs.iter().map(|output| row_of(output, row, rows)).collect()).collect()
}
