use std::sync::Arc;
use std::time::Duration;

use phalanx_backend::Program;
use serde::Serialize;

use crate::answers::Answers;
use crate::stats::median;
use crate::strategy::{Crew, Order, Rule};
use crate::{MeasureError, Samples};

/// Batches that one wait is for, where not each is waited for.
const BATCHES: usize = 64;

/// Windows of each rule, in turn.
const ROUNDS: usize = 5;

/// What waiting for each batch costs, beside one wait for many.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Wait {
    /// Rows of a batch.
    pub rows: usize,
    /// Time of a batch that is waited for and read back, in microseconds.
    pub each_us: f64,
    /// Time of a batch where one wait is for so many.
    pub every_us: f64,
    /// How many.
    pub every: usize,
    /// The share of the former that is only waiting and reading back.
    pub share: f64,
}

/// Measures both waiting rules in turn on one lane, for about so long.
///
/// # Errors
/// What the backend gives.
pub fn wait(
    program: &Arc<dyn Program>,
    samples: &Samples,
    answers: &Arc<Answers>,
    rows: usize,
    length: Duration,
) -> Result<Wait, MeasureError> {
    let crew = Crew::open(std::slice::from_ref(program), 1, samples, answers)?;
    let crew = crew.borrow();
    let window = length / (2 * ROUNDS as u32);
    let batch_us = |rule: Rule| {
        let order = Order { rule, ..Order::of("profile", rows) };
        let rate = crew.work(order, window)?.samples_per_s();
        Ok::<f64, MeasureError>(1e6 * rows as f64 / rate)
    };
    batch_us(Rule::Each)?;
    let (mut each, mut every) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        each.push(batch_us(Rule::Each)?);
        every.push(batch_us(Rule::Every(BATCHES))?);
    }
    let (each_us, every_us) = (median(&each).unwrap_or(0.0), median(&every).unwrap_or(0.0));
    let share = if each_us > 0.0 { (1.0 - every_us / each_us).max(0.0) } else { 0.0 };
    Ok(Wait { rows, each_us, every_us, every: BATCHES, share })
}
