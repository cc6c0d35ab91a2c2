use std::sync::{Arc, Mutex};

use phalanx_backend::{
    Backend, BackendError, BatchId, Completion, Completions, Device, Lane, PrepareOptions, Program, Slot,
    SlotOutput,
};
use phalanx_chaos::Chaos;
use phalanx_model::samples;
use phalanx_tensor::{Shape, Tensor};

use crate::copy::Copy;

/// The elements of a row.
const WIDTH: usize = 4;

/// A lane of a backend that misbehaves as a plan says.
pub(crate) struct Rig {
    program: Arc<dyn Program>,
    lane: Box<dyn Lane>,
    ended: Arc<Ended>,
}

#[derive(Default)]
struct Ended(Mutex<Vec<(BatchId, Completion)>>);

impl Completions for Ended {
    fn complete(&self, batch: BatchId, completion: Completion) {
        self.0.lock().unwrap().push((batch, completion));
    }
}

pub(crate) fn prepare(plan: &str) -> Result<Arc<dyn Program>, BackendError> {
    let chaos = Chaos::over(Arc::new(Copy), plan.parse().unwrap());
    chaos.prepare(&samples::tiny(), Device::Cpu, &PrepareOptions::default())
}

impl Rig {
    pub(crate) fn new(plan: &str) -> Self {
        let program = prepare(plan).unwrap();
        let ended = Arc::new(Ended::default());
        let lane = program.open_lane(Arc::clone(&ended) as Arc<dyn Completions>).unwrap();
        Self { program, lane, ended }
    }

    fn slot(&self) -> Slot {
        let layout = Arc::new(self.program.layout(&[Shape::new(&[WIDTH])]).unwrap());
        self.program.slot(&layout, 8).unwrap()
    }

    /// Runs a batch whose rows are filled with these values.
    pub(crate) fn submit(&mut self, rows: &[f32]) -> Completion {
        let mut slot = self.slot();
        let values: Vec<f32> = rows.iter().flat_map(|&row| [row; WIDTH]).collect();
        let bytes: &[u8] = bytemuck::cast_slice(&values);
        slot.inputs[0].as_mut_slice()[..bytes.len()].copy_from_slice(bytes);
        self.lane.submit(BatchId(7), slot, rows.len());
        self.only()
    }

    /// Runs one tensor with these rows by itself.
    pub(crate) fn submit_single(&mut self, rows: &[f32]) -> Completion {
        let values = rows.iter().flat_map(|&row| [row; WIDTH]).collect();
        let input = Tensor::from_vec([rows.len(), WIDTH], values).unwrap();
        self.lane.submit_single(BatchId(7), &[input]);
        self.only()
    }

    /// The one completion since the last.
    fn only(&self) -> Completion {
        let mut ended: Vec<_> = self.ended.0.lock().unwrap().drain(..).collect();
        assert_eq!(ended.len(), 1);
        let (batch, completion) = ended.remove(0);
        assert_eq!(batch, BatchId(7));
        completion
    }

    /// The output of a batch that must be done.
    pub(crate) fn values(&mut self, rows: &[f32]) -> Vec<f32> {
        let Completion::Done(slot) = self.submit(rows) else { panic!("the batch is not done") };
        let SlotOutput::Buffer(output) = &slot.outputs[0] else { panic!("the output has no buffer") };
        bytemuck::pod_collect_to_vec(&output.as_slice()[..rows.len() * WIDTH * 4])
    }
}
