//! A slot whose buffers lie in shared memory.
#![allow(unsafe_code)]

use std::io::{Error, ErrorKind, Result};
use std::ops::Range;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::sync::Arc;

use phalanx_backend::{Layout, Slot, SlotOutput};
use phalanx_tensor::{HostBuffer, HostMemory};

use super::Region;
use super::plan::Plan;

/// The memory of one slot. It lives as long as any buffer of the slot does.
#[derive(Debug)]
pub(crate) struct SlotMemory {
    tag: u64,
    rows_max: usize,
    plan: Plan,
    inputs: Region,
    outputs: Region,
}

/// One buffer. No two of one memory overlap, and each is made once at a time: see [`SlotMemory::slot`].
struct Buffer {
    memory: Arc<SlotMemory>,
    range: Range<usize>,
    is_input: bool,
}

impl SlotMemory {
    /// New memory for slots of this layout.
    ///
    /// # Errors
    /// [`ErrorKind::OutOfMemory`] where a size overflows, and what the system says.
    pub(crate) fn new(tag: u64, layout: &Layout, rows_max: usize) -> Result<Self> {
        let plan = Plan::new(layout, rows_max).ok_or(ErrorKind::OutOfMemory)?;
        let inputs = Region::new(plan.inputs_bytes, false)?;
        let outputs = Region::new(plan.outputs_bytes, true)?;
        Ok(Self { tag, rows_max, plan, inputs, outputs })
    }

    /// Memory that the parent made, for the worker.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidData`] where it is too small, and what the system says.
    pub(crate) fn map(tag: u64, layout: &Layout, rows_max: usize, given: &[OwnedFd]) -> Result<Self> {
        let plan = Plan::new(layout, rows_max).ok_or(ErrorKind::InvalidData)?;
        let [inputs, outputs] = given else {
            let message = format!("expected 2 descriptors of a slot, got {}", given.len());
            return Err(Error::new(ErrorKind::InvalidData, message));
        };
        let inputs = Region::map(inputs, plan.inputs_bytes, false)?;
        let outputs = Region::map(outputs, plan.outputs_bytes, true)?;
        Ok(Self { tag, rows_max, plan, inputs, outputs })
    }

    pub(crate) fn tag(&self) -> u64 {
        self.tag
    }

    pub(crate) fn rows_max(&self) -> usize {
        self.rows_max
    }

    /// What maps inputs and outputs elsewhere; `None` in a worker.
    pub(crate) fn descriptors(&self) -> Option<[BorrowedFd<'_>; 2]> {
        Some([self.inputs.descriptor()?, self.outputs.descriptor()?])
    }

    /// The slot over this memory. There must be no other one: who calls this has just made the memory, or knows that the
    /// slot from before is gone.
    pub(crate) fn slot(self: &Arc<Self>, layout: &Arc<Layout>) -> Slot {
        let inputs = self.plan.inputs.iter().map(|range| self.buffer(range, true));
        let outputs = self.plan.outputs.iter().map(|range| self.buffer(range, false));
        let mut buffers = inputs.chain(outputs);
        let next = |_| Ok(buffers.next().expect("the plan has a place for every buffer of its layout"));
        let slot = Slot::new("worker", Arc::clone(layout), self.rows_max, next);
        slot.expect("the plan was made for these sizes").with_tag(self.tag)
    }

    /// Whether the slot's buffers are these: whoever holds a slot may have exchanged them.
    pub(crate) fn backs(&self, slot: &Slot) -> bool {
        let outputs = slot.outputs.iter().filter_map(|output| match output {
            SlotOutput::Buffer(buffer) => Some(buffer),
            SlotOutput::Dynamic(_) => None,
        });
        slot.tag() == self.tag
            && slot.rows_max() == self.rows_max
            && matches(&self.inputs, &self.plan.inputs, slot.inputs.iter())
            && matches(&self.outputs, &self.plan.outputs, outputs)
    }

    fn buffer(self: &Arc<Self>, range: &Range<usize>, is_input: bool) -> HostBuffer {
        let buffer = Buffer { memory: Arc::clone(self), range: range.clone(), is_input };
        HostBuffer::foreign(Box::new(buffer))
    }
}

fn matches<'a>(
    region: &Region,
    places: &[Range<usize>],
    mut buffers: impl Iterator<Item = &'a HostBuffer>,
) -> bool {
    let placed = places.iter().all(|place| {
        buffers.next().is_some_and(|buffer| {
            buffer.len() == place.len() && buffer.as_slice().as_ptr() == region.address(place)
        })
    });
    placed && buffers.next().is_none()
}

impl Buffer {
    fn region(&self) -> &Region {
        if self.is_input { &self.memory.inputs } else { &self.memory.outputs }
    }
}

impl HostMemory for Buffer {
    fn as_slice(&self) -> &[u8] {
        self.region().slice(&self.range)
    }

    /// Empty where only the parent may write: the inputs, in a worker.
    fn as_mut_slice(&mut self) -> &mut [u8] {
        // SAFETY: the buffer is borrowed mutably, and no other buffer covers its range.
        unsafe { self.region().slice_mut(&self.range) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use phalanx_backend::{OutputSpec, RowSpec};
    use phalanx_tensor::{DType, Shape};

    #[test]
    fn both_sides_see_one_slot_and_know_it_from_others() {
        let row = RowSpec::new(DType::U8, Shape::from([10])).unwrap();
        let layout = Arc::new(Layout { inputs: vec![row.clone()], outputs: vec![OutputSpec::Rows(row)] });
        let memory = Arc::new(SlotMemory::new(7, &layout, 4).unwrap());
        let mut slot = memory.slot(&layout);
        slot.inputs[0].as_mut_slice().fill(9);
        let given: Vec<OwnedFd> =
            memory.descriptors().unwrap().iter().map(|given| given.try_clone_to_owned().unwrap()).collect();
        let there = Arc::new(SlotMemory::map(7, &layout, 4, &given).unwrap());
        let mut seen = there.slot(&layout);
        assert_eq!(seen.input_rows(0, 4), [9; 40]);
        assert!(seen.inputs[0].as_mut_slice().is_empty());
        let SlotOutput::Buffer(output) = &mut seen.outputs[0] else { panic!("is a buffer") };
        output.as_mut_slice().fill(3);
        let SlotOutput::Buffer(output) = &slot.outputs[0] else { panic!("is a buffer") };
        assert_eq!(output.as_slice(), [3; 40]);
        assert!(memory.backs(&slot) && !memory.backs(&seen));
        slot.inputs[0] = HostBuffer::heap(40);
        assert!(!memory.backs(&slot));
        assert!(SlotMemory::map(7, &layout, 9999, &given).is_err());
        assert!(SlotMemory::map(7, &layout, 4, &given[..1]).is_err());
    }
}
