use std::collections::BTreeMap;
use std::sync::Arc;

use phalanx_backend::{Buckets, Layout, OutputSpec, Program, Slot, SlotOutput};
use phalanx_tensor::Tensor;

use super::judge::Row;
use crate::samples::bytes_of;
use crate::{MeasureError, Samples, WaitedLane};

/// What a buffer holds that a run left untouched: no number, in every floating dtype.
const UNTOUCHED: u8 = 0xFF;

/// A program by itself, without an engine around it: one lane, one batch at a time.
pub(super) struct Rig {
    program: Arc<dyn Program>,
    lane: WaitedLane,
    /// Of the samples' rows; `None` where the model has no batch axis.
    layout: Option<Arc<Layout>>,
    idle: BTreeMap<usize, Slot>,
}

impl Rig {
    /// Opens a lane on the calling thread.
    pub(super) fn open(program: Arc<dyn Program>, samples: &Samples) -> Result<Self, MeasureError> {
        let layout = if samples.batched() { Some(Arc::new(program.layout(&samples.tails())?)) } else { None };
        let lane = WaitedLane::open(&*program)?;
        Ok(Self { program, lane, layout, idle: BTreeMap::new() })
    }

    pub(super) fn program(&self) -> &dyn Program {
        &*self.program
    }

    /// Row counts that the program runs, ascending; just one where the model has no batch axis.
    pub(super) fn sizes(&self) -> Vec<usize> {
        match self.program.buckets() {
            _ if self.layout.is_none() => vec![1],
            Buckets::Fixed(sizes) => sizes,
            Buckets::Any(max) => (1..=max).collect(),
        }
    }

    /// The answer to one sample in a batch of its own.
    pub(super) fn alone(&mut self, inputs: &[Tensor]) -> Result<Row, MeasureError> {
        if self.layout.is_none() {
            return Ok(self.lane.run_single(inputs)?.iter().map(bytes_of).collect());
        }
        Ok(self.together(&[inputs])?.swap_remove(0))
    }

    /// The answers to samples of one row each in one batch, filled up to a size that the program runs by repeating
    /// the last.
    ///
    /// # Errors
    /// What the backend gives; [`MeasureError::Option`] for more rows than it runs, or none.
    pub(super) fn together(&mut self, rows: &[&[Tensor]]) -> Result<Vec<Row>, MeasureError> {
        let size = self.program.buckets().fit(rows.len()).filter(|_| !rows.is_empty());
        let (Some(size), Some(layout)) = (size, &self.layout) else {
            let (option, expected) = ("batch", "a number of rows that the program runs");
            return Err(MeasureError::Option { option, expected, got: rows.len().to_string() });
        };
        let mut slot = match self.idle.remove(&size) {
            Some(slot) => slot,
            None => self.program.slot(layout, size)?,
        };
        fill(&mut slot, rows, size);
        let slot = self.lane.run(slot, size)?;
        let answers = (0..rows.len()).map(|row| read(&slot, row, size)).collect();
        self.idle.insert(size, slot);
        Ok(answers)
    }
}

fn fill(slot: &mut Slot, rows: &[&[Tensor]], size: usize) {
    for position in 0..size {
        let sample = rows[position.min(rows.len() - 1)];
        for (tensor, buffer) in sample.iter().zip(&mut slot.inputs) {
            let bytes = tensor.bytes();
            buffer.as_mut_slice()[position * bytes.len()..(position + 1) * bytes.len()]
                .copy_from_slice(bytes);
        }
    }
    for output in &mut slot.outputs {
        match output {
            SlotOutput::Buffer(buffer) => buffer.as_mut_slice().fill(UNTOUCHED),
            SlotOutput::Dynamic(tensor) => *tensor = None,
        }
    }
}

/// Row `row` of every output of a batch of `size` rows.
fn read(slot: &Slot, row: usize, size: usize) -> Row {
    let outputs = slot.layout().outputs.iter().zip(&slot.outputs);
    let bytes = outputs.map(|(spec, output)| match (spec, output) {
        (OutputSpec::Rows(spec), SlotOutput::Buffer(buffer)) => {
            buffer.as_slice()[row * spec.row_bytes..(row + 1) * spec.row_bytes].to_vec()
        }
        (_, SlotOutput::Dynamic(Some(tensor))) => row_of(tensor, row, size),
        (_, SlotOutput::Buffer(_) | SlotOutput::Dynamic(None)) => Vec::new(),
    });
    bytes.collect()
}

/// What row `row` of a batch of `rows` has in `tensor`: all of it, where it does not have that many rows.
pub(super) fn row_of(tensor: &Tensor, row: usize, rows: usize) -> Vec<u8> {
    match tensor.slice_rows(row, row + 1) {
        Ok(sliced) if tensor.rows() == rows => bytes_of(&sliced),
        _ => bytes_of(tensor),
    }
}
