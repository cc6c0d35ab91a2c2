use phalanx_backend::{Precision, Program};
use phalanx_model::Model;
use phalanx_plan::Source;

use crate::Samples;

/// What a model has to compute and to move at the least, counted from its graph.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Work {
    /// Arithmetic operations of a row: a multiplication and an addition are two.
    pub flop_per_row: f64,
    /// Bytes of a row's inputs and outputs.
    pub bytes_per_row: f64,
    /// Bytes of weights that a batch reads once, however many rows it has.
    pub bytes_per_batch: f64,
}

impl Work {
    /// Counts them for rows like these samples.
    ///
    /// # Errors
    /// Why they cannot be counted, in words: operators that no plan knows, or no batch axis.
    pub fn count(model: &Model, program: &dyn Program, samples: &Samples) -> Result<Self, String> {
        if !samples.batched() {
            return Err("its requests have no rows to count by".to_owned());
        }
        let tails = samples.tails();
        let shapes: Vec<_> = tails.iter().map(|tail| tail.with_rows(1)).collect();
        let plan = Source::new(model).and_then(|source| source.plan(&shapes, Precision::Fp32));
        let cost = plan.map_err(|error| error.to_string())?.cost();
        let layout = program.layout(&tails).map_err(|error| error.to_string())?;
        Ok(Self {
            flop_per_row: cost.flops as f64,
            bytes_per_row: layout.row_bytes() as f64,
            bytes_per_batch: cost.constant_bytes as f64,
        })
    }

    /// The part that crosses the link to a device with memory of its own, where the weights stay.
    #[must_use]
    pub fn over_a_link(self) -> Self {
        Self { bytes_per_batch: 0.0, ..self }
    }
}
