use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use phalanx_backend::{BatchId, Completion, Completions, OutputSpec, Slot, SlotOutput};
use phalanx_tensor::{DType, Tensor};

use crate::elements;
use crate::plan::Lie;

/// Falsifies the outputs of batches on their way to whoever asked for them.
pub(crate) struct Lies {
    completions: Arc<dyn Completions>,
    /// Batches in flight that will be lied about.
    pending: Mutex<HashMap<BatchId, Vec<Lie>>>,
}

impl Lies {
    pub(crate) fn new(completions: Arc<dyn Completions>) -> Self {
        Self { completions, pending: Mutex::default() }
    }

    /// `batch` will come back with these lies.
    pub(crate) fn tell(&self, batch: BatchId, lies: Vec<Lie>) {
        if !lies.is_empty() {
            self.pending.lock().unwrap_or_else(PoisonError::into_inner).insert(batch, lies);
        }
    }
}

impl Completions for Lies {
    fn complete(&self, batch: BatchId, mut completion: Completion) {
        let lies = self.pending.lock().unwrap_or_else(PoisonError::into_inner).remove(&batch);
        for lie in lies.unwrap_or_default() {
            match &mut completion {
                Completion::Done(slot) => falsify_slot(slot, lie),
                Completion::Single(outputs) => falsify_first(outputs.first_mut(), lie),
                Completion::Failed(..) | Completion::Lost(_) => {}
            }
        }
        self.completions.complete(batch, completion);
    }
}

fn falsify_slot(slot: &mut Slot, lie: Lie) {
    let spec = slot.layout().outputs.first().cloned();
    match (spec, slot.outputs.first_mut()) {
        (Some(OutputSpec::Rows(spec)), Some(SlotOutput::Buffer(buffer))) => {
            falsify(spec.dtype, buffer.as_mut_slice(), spec.row_bytes, lie);
        }
        (_, Some(SlotOutput::Dynamic(tensor))) => falsify_first(tensor.as_mut(), lie),
        _ => {}
    }
}

/// Strings are told the truth about.
fn falsify_first(output: Option<&mut Tensor>, lie: Lie) {
    let Some(output) = output else { return };
    let mut bytes = output.bytes().to_vec();
    falsify(output.dtype(), &mut bytes, output.bytes().len() / output.rows().max(1), lie);
    if let Ok(falsified) = Tensor::from_bytes(output.dtype(), output.shape().clone(), bytes.into()) {
        *output = falsified;
    }
}

fn falsify(dtype: DType, bytes: &mut [u8], row_bytes: usize, lie: Lie) {
    let Some(size) = dtype.size_bytes() else { return };
    let offset = lie.element.checked_mul(size).filter(|&offset| offset < row_bytes);
    let start = offset.and_then(|offset| lie.position.checked_mul(row_bytes)?.checked_add(offset));
    let element = start.and_then(|start| bytes.get_mut(start..start.checked_add(size)?));
    if let Some(element) = element {
        elements::write(dtype, element, elements::read(dtype, element) + lie.by);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_element_of_one_row_is_off() {
        let mut bytes = bytemuck::cast_slice::<f32, u8>(&[0.0, 1.0, 2.0, 3.0, 4.0, 5.0]).to_vec();
        falsify(DType::F32, &mut bytes, 12, Lie { position: 1, element: 2, by: 0.5 });
        let values: Vec<f32> = bytemuck::pod_collect_to_vec(&bytes);
        assert_eq!(values, [0.0, 1.0, 2.0, 3.0, 4.0, 5.5]);
        for (position, element) in [(2, 0), (0, 3), (usize::MAX, 0), (0, usize::MAX)] {
            falsify(DType::F32, &mut bytes, 12, Lie { position, element, by: 1.0 });
        }
        assert_eq!(bytemuck::pod_collect_to_vec::<u8, f32>(&bytes), values);
    }
}
