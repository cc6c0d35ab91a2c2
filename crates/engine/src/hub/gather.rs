use std::sync::Arc;

use phalanx_backend::{BackendError, Slot};
use phalanx_batch::{BatchRef, Joined, Nanos, Taken};
use phalanx_tensor::rows::{pad_into, repeat_row};

use super::{Gather, Hub, lock};
use crate::call::Part;
use crate::groups::Group;
use crate::pad::PadPlan;
use crate::trace::Stage;

impl Hub {
    /// Copies a part's rows into the batch it joined, unless a lane has done so already or has taken the batch.
    ///
    /// A failure to get a slot is left to the lane that takes the batch.
    pub(super) fn gather_part(
        &self,
        batch: BatchRef,
        group: &Group,
        index: usize,
        offset: usize,
        part: &Part,
    ) {
        if group.is_single() {
            return;
        }
        let begin_ns = self.span_begin();
        if !self.prepare(batch, group) {
            return;
        }
        let mut gather = lock(&self.cells[batch.place].gather);
        if gather.prepared == batch.id + 1 {
            gather.copy_in(group, index, offset, part, &self.settings.pad);
        }
        drop(gather);
        self.span_end(begin_ns, Stage::Gather, batch, None, part.rows);
    }

    /// Copies the rows of a batch formed from the queue, one member at a time, so that arrivals can join meanwhile.
    pub(super) fn gather_joined(&self, batch: BatchRef, joined: &[Joined<Part>]) {
        for member in joined {
            let group = {
                let body = member.payload.call.body();
                if body.generation == member.payload.generation { body.group.clone() } else { None }
            };
            if let Some(group) = group {
                self.gather_part(batch, &group, member.index, member.offset, &member.payload);
            }
        }
    }

    /// Forms batches from the queue while others run, as many as may be open, and copies their rows.
    pub(crate) fn form_ahead(&self, now_ns: Nanos, joined: &mut Vec<Joined<Part>>) {
        let mut refused = Vec::new();
        loop {
            let formed = {
                let mut scheduler = self.scheduler();
                let formed = scheduler.form_ahead(now_ns, joined, &mut refused);
                formed.map(|batch| (batch, scheduler.wants_forming()))
            };
            for (part, refusal) in refused.drain(..) {
                self.fail_part(part, super::admit::refusal_error(refusal));
            }
            let Some((batch, more)) = formed else { return };
            self.gather_joined(batch, joined);
            joined.clear();
            if !more {
                return;
            }
        }
    }

    /// Gives the batch's place a slot. `false` where there is no need, because the batch has been taken, or no slot.
    fn prepare(&self, batch: BatchRef, group: &Group) -> bool {
        let cell = &self.cells[batch.place].gather;
        if lock(cell).prepared > batch.id {
            return true;
        }
        // Outside the lock: a new slot may be the device's to allocate.
        let Ok(slot) = self.slots.take(group.layout()) else { return false };
        let mut gather = lock(cell);
        if gather.prepared > batch.id {
            drop(gather);
            self.slots.give_back(slot);
        } else {
            gather.prepare(batch, slot);
        }
        true
    }

    /// Takes the slot of a batch that leaves, with all its rows in it: those not copied yet are copied now, those
    /// whose place has changed are moved, and the rest of the bucket repeats a real row.
    pub(super) fn seal(
        &self,
        taken: &Taken<Part>,
        group: &Arc<Group>,
        bucket: usize,
    ) -> Result<Slot, BackendError> {
        let batch = taken.batch;
        let cell = &self.cells[batch.place].gather;
        let spare =
            if lock(cell).prepared > batch.id { None } else { Some(self.slots.take(group.layout())?) };
        let mut gather = lock(cell);
        match spare {
            Some(slot) if gather.prepared <= batch.id => gather.prepare(batch, slot),
            Some(slot) => self.slots.give_back(slot),
            None => {}
        }
        for member in &taken.members {
            if gather.is_gathered(member.index) {
                gather.move_up(group, member.joined_at, member.offset, member.rows);
            } else {
                gather.copy_in(group, member.index, member.offset, &member.payload, &self.settings.pad);
            }
        }
        let mut slot = gather.slot.take().ok_or_else(|| BackendError::Run {
            backend: "engine",
            message: "the batch's slot was taken by somebody else".to_owned(),
        })?;
        drop(gather);
        for (buffer, spec) in slot.inputs.iter_mut().zip(&group.layout().inputs) {
            repeat_row(buffer.as_mut_slice(), spec.row_bytes, 0, taken.rows..bucket);
        }
        Ok(slot)
    }
}

impl Gather {
    fn prepare(&mut self, batch: BatchRef, slot: Slot) {
        self.prepared = batch.id + 1;
        self.slot = Some(slot);
        self.gathered.clear();
    }

    fn is_gathered(&self, index: usize) -> bool {
        self.gathered.get(index).copied().unwrap_or(false)
    }

    fn copy_in(&mut self, group: &Group, index: usize, offset: usize, part: &Part, pad: &PadPlan) {
        if self.is_gathered(index) {
            return;
        }
        let Some(slot) = &mut self.slot else { return };
        let body = part.call.body();
        // The caller has left and the call serves another one: nobody will read these rows.
        if body.generation != part.generation {
            return;
        }
        for (input, (tensor, spec)) in body.inputs.iter().zip(&group.layout().inputs).enumerate() {
            let target = &mut slot.inputs[input].as_mut_slice()[offset * spec.row_bytes..]
                [..part.rows * spec.row_bytes];
            let source_row = tensor.bytes().len().checked_div(tensor.rows()).unwrap_or(0);
            let source = &tensor.bytes()[part.first_row * source_row..][..part.rows * source_row];
            if source_row == spec.row_bytes && pad.is_empty() {
                target.copy_from_slice(source);
                continue;
            }
            let source_dims = &tensor.shape()[1..];
            let rows =
                target.chunks_exact_mut(spec.row_bytes.max(1)).zip(source.chunks_exact(source_row.max(1)));
            rows.for_each(|(target, source)| {
                pad_into(target, &spec.tail, source, source_dims, pad.fill(input));
            });
        }
        drop(body);
        if self.gathered.len() <= index {
            self.gathered.resize(index + 1, false);
        }
        self.gathered[index] = true;
    }

    fn move_up(&mut self, group: &Group, from: usize, to: usize, rows: usize) {
        if from == to {
            return;
        }
        let Some(slot) = &mut self.slot else { return };
        for (buffer, spec) in slot.inputs.iter_mut().zip(&group.layout().inputs) {
            let row = spec.row_bytes;
            buffer.as_mut_slice().copy_within(from * row..(from + rows) * row, to * row);
        }
    }
}
