use std::sync::Arc;
use std::task::Waker;

use phalanx_backend::{BackendError, Completion, Loss, OutputSpec, Slot, SlotOutput};
use phalanx_batch::{BatchRef, LaneId, LeaveReason, Member, Nanos};
use phalanx_tensor::rows::trim_into;
use phalanx_tensor::{Shape, Tensor};
use smallvec::SmallVec;

use super::answer::wake;
use super::recover::BadEnd;
use super::{Finished, Hub, lock};
use crate::EngineError;
use crate::call::{Body, Part};
use crate::groups::Group;
use crate::pool::PooledSlot;
use crate::response::{Output, OutputData, Response, Timing};
use crate::trace::Stage;

/// A batch with at most this many bytes of outputs is handed out by the lane itself, if it has nothing else to do.
const INLINE_BYTES_MAX: usize = 256 << 10;

/// What handing out needs, kept from one batch to the next to avoid allocations.
#[derive(Default)]
pub(crate) struct Scratch {
    members: Vec<Member<Part>>,
    callers: Vec<Waker>,
}

/// What of a batch matters to its answers.
pub(super) struct Batch {
    batch: BatchRef,
    pub(super) group: Arc<Group>,
    /// The candidate that ran it.
    pub(super) level: usize,
    lane: LaneId,
    probes: bool,
    rows: usize,
    padding_rows: usize,
    reason: LeaveReason,
    left_ns: Nanos,
    took_ns: Nanos,
    slot_bytes: usize,
}

impl Batch {
    /// The size at which it ran.
    pub(super) fn rows_run(&self) -> usize {
        self.rows + self.padding_rows
    }
}

/// Where a batch's outputs are.
enum Source {
    Slot(PooledSlot),
    /// A slot that some of the answers keep.
    Shared(Arc<PooledSlot>),
    Tensors(Vec<Tensor>),
}

impl Source {
    fn slot(&self) -> Option<&PooledSlot> {
        match self {
            Self::Slot(slot) => Some(slot),
            Self::Shared(slot) => Some(slot),
            Self::Tensors(_) => None,
        }
    }
}

impl Hub {
    /// Whether handing out a finished batch is so little work that a lane without other work does it itself.
    pub(crate) fn is_small(&self, finished: &Finished) -> bool {
        match &finished.completion {
            Completion::Done(slot) => {
                let rows = lock(&self.cells[finished.batch.place].running).rows;
                slot.layout().row_bytes() * rows <= INLINE_BYTES_MAX
            }
            _ => true,
        }
    }

    /// Hands each member of a finished batch its own rows, or the error. `scratch` is used to avoid allocations.
    ///
    /// The callers are woken together at the end: the first to wake would only take the processor away from those that
    /// still wait for their rows, and a runtime that is woken once finds all of its answers there.
    ///
    /// `clock` is asked again at the end: how long this takes is time that batches have to leave to it.
    pub(crate) fn deliver(&self, finished: Finished, clock: impl Fn() -> Nanos, scratch: &mut Scratch) {
        let (begin_ns, now_ns) = (self.span_begin(), clock());
        let Scratch { members, callers } = scratch;
        let Some(batch) = self.end_running(&finished, members) else {
            // The batch was given up and answered; a slot that comes back late is not used again.
            return;
        };
        let source = match finished.completion {
            Completion::Done(slot) => Ok(self.source(slot, &batch, members)),
            Completion::Single(tensors) => Ok(Source::Tensors(tensors)),
            Completion::Failed(slot, error) => {
                self.take_slot(slot, &batch);
                Err(BadEnd::Failed(error))
            }
            Completion::Lost(Loss { error, slot, suspect }) => {
                self.take_slot(slot, &batch);
                Err(BadEnd::Lost { error, suspect })
            }
        };
        if batch.probes {
            self.moved(self.stack.probed(batch.level, source.is_ok(), now_ns));
        }
        match source {
            Ok(source) => {
                self.record(&batch, members);
                self.ran_well(&batch, now_ns);
                callers.extend(members.drain(..).filter_map(|member| self.scatter(&batch, &source, member)));
            }
            Err(end) => self.recover(&batch, members, &end, now_ns),
        }
        self.clear_apart();
        let woken = self.scheduler().release(clock(), batch.batch);
        self.wake(woken);
        callers.drain(..).for_each(wake);
        self.span_end(begin_ns, Stage::Scatter, batch.batch, Some(batch.lane), batch.rows);
    }

    fn take_slot(&self, slot: Option<Slot>, batch: &Batch) {
        match slot {
            Some(slot) => self.slots.give_back(slot),
            None if batch.slot_bytes > 0 => self.slots.lose(batch.slot_bytes),
            None => {}
        }
    }

    fn end_running(&self, finished: &Finished, members: &mut Vec<Member<Part>>) -> Option<Batch> {
        let mut running = lock(&self.cells[finished.batch.place].running);
        if running.batch != Some(finished.batch) {
            return None;
        }
        running.batch = None;
        members.clear();
        std::mem::swap(&mut running.members, members);
        Some(Batch {
            batch: finished.batch,
            group: running.group.take()?,
            rows: running.rows,
            padding_rows: running.padding_rows,
            reason: running.reason,
            left_ns: running.left_ns,
            took_ns: finished.took_ns,
            slot_bytes: running.slot_bytes,
            level: running.level,
            lane: running.lane,
            probes: running.probes,
        })
    }

    /// The slot, shared where an answer may be a view of it: where its request owns half of a large batch, and few
    /// views are out, for each keeps a whole slot.
    fn source(&self, slot: Slot, batch: &Batch, members: &[Member<Part>]) -> Source {
        let slot = PooledSlot::new(slot, Arc::clone(&self.slots));
        let is_large =
            batch.rows * 2 >= self.settings.rows_max && members.iter().any(|member| owns_half(batch, member));
        if is_large && self.slots.stats().in_use < self.cells.len() + self.lanes.len() {
            Source::Shared(Arc::new(slot))
        } else {
            Source::Slot(slot)
        }
    }

    fn record(&self, batch: &Batch, members: &[Member<Part>]) {
        let mut batches = self.recorder.batches();
        batches.count_batch(batch.rows, batch.padding_rows, batch.took_ns, batch.reason);
        for member in members {
            batches.count_rows(member.rows, batch.left_ns.saturating_sub(member.arrival_ns));
        }
    }

    /// Hands a member its rows. Who waited for them comes back, to be woken.
    fn scatter(&self, batch: &Batch, source: &Source, member: Member<Part>) -> Option<Waker> {
        let timing = Timing {
            queue: std::time::Duration::from_nanos(batch.left_ns.saturating_sub(member.arrival_ns)),
            compute: std::time::Duration::from_nanos(batch.took_ns),
            batch_rows: batch.rows,
        };
        let part = &member.payload;
        let body = part.call.body();
        if body.generation != part.generation || body.parts_left == 0 {
            drop(body);
            self.calls.release(member.payload.call);
            return None;
        }
        let caller = match self.outputs(batch, source, &member, &body) {
            Ok(outputs) => self.answer_rows(outputs, timing, &member, body),
            Err(error) => {
                drop(body);
                self.fail_part(member.payload, error);
                return None;
            }
        };
        self.calls.release(member.payload.call);
        caller
    }

    /// Gives the request its outputs, or keeps them until its last part is there.
    fn answer_rows(
        &self,
        outputs: SmallVec<[Output; 2]>,
        timing: Timing,
        member: &Member<Part>,
        mut body: std::sync::MutexGuard<'_, Body>,
    ) -> Option<Waker> {
        let whole = member.payload.rows == body.rows || self.is_alone(&body);
        body.parts_left -= 1;
        let outputs = if whole {
            outputs
        } else {
            if let Err(error) = self.assemble(&mut body, &outputs, member.payload.first_row) {
                body.parts_left += 1;
                drop(body);
                self.fail_part(self.extra_holder(&member.payload), error);
                return None;
            }
            if body.parts_left > 0 {
                body.timing = timing;
                return None;
            }
            std::mem::take(&mut body.assembly)
        };
        self.settle(&mut body);
        drop(body);
        self.recorder.batches().count_request();
        self.answered_quietly(&member.payload.call, Ok(Response { outputs, timing }))
    }

    fn outputs(
        &self,
        batch: &Batch,
        source: &Source,
        member: &Member<Part>,
        body: &Body,
    ) -> Result<SmallVec<[Output; 2]>, EngineError> {
        if let Source::Tensors(tensors) = source {
            return Ok(tensors.iter().cloned().map(owned).collect());
        }
        let specs = batch.group.layout().outputs.iter().enumerate();
        specs.map(|(index, spec)| self.output(batch, source, index, spec, member, body)).collect()
    }

    fn output(
        &self,
        batch: &Batch,
        source: &Source,
        index: usize,
        spec: &OutputSpec,
        member: &Member<Part>,
        body: &Body,
    ) -> Result<Output, EngineError> {
        let Some(slot) = source.slot() else { return Err(unexpected(index, "no slot")) };
        match (spec, &slot.outputs[index]) {
            (OutputSpec::Rows(spec), SlotOutput::Buffer(buffer)) => {
                let (start, len) = (member.offset * spec.row_bytes, member.rows * spec.row_bytes);
                let own = self.own_tail(index, &spec.tail, body);
                if let Some(own) = own {
                    let source = &buffer.as_slice()[start..start + len];
                    return Ok(self.trimmed(spec, &own, source, member.rows));
                }
                let shape = spec.tail.with_rows(member.rows);
                let data = match source {
                    Source::Shared(slot) if owns_half(batch, member) => {
                        OutputData::View { slot: Arc::clone(slot), output: index, start, len }
                    }
                    _ => {
                        let mut copy = self.buffers.acquire(len);
                        copy.as_mut_slice().copy_from_slice(&buffer.as_slice()[start..start + len]);
                        OutputData::Pooled(copy)
                    }
                };
                Ok(Output { dtype: spec.dtype, shape, data })
            }
            (OutputSpec::Dynamic(_), SlotOutput::Dynamic(Some(tensor)))
                if tensor.rows() == batch.rows + batch.padding_rows =>
            {
                let rows = tensor.slice_rows(member.offset, member.offset + member.rows);
                rows.map(owned).map_err(|error| unexpected(index, &error.to_string()))
            }
            (_, SlotOutput::Dynamic(Some(tensor))) => {
                Err(unexpected(index, &format!("axis 0 of {} for {} rows", tensor.shape(), batch.rows)))
            }
            _ => Err(unexpected(index, "no data")),
        }
    }

    /// The shape that a padded request's output really has; `None` where nothing was padded.
    fn own_tail(&self, output: usize, padded: &Shape, body: &Body) -> Option<Shape> {
        let trims = &self.settings.pad.trims.get(output)?;
        if trims.is_empty() {
            return None;
        }
        let mut own: SmallVec<[usize; 6]> = SmallVec::from_slice(padded);
        for trim in trims.iter() {
            let length = *body.inputs.get(trim.input)?.shape().get(trim.input_axis + 1)?;
            let axis = own.get_mut(trim.axis)?;
            *axis = length.min(*axis);
        }
        (own[..] != padded[..]).then(|| own.into_iter().collect())
    }

    fn trimmed(&self, spec: &phalanx_backend::RowSpec, own: &Shape, source: &[u8], rows: usize) -> Output {
        let element = spec.dtype.size_bytes().unwrap_or(1);
        let row_bytes = own.iter().product::<usize>() * element;
        let mut copy = self.buffers.acquire(row_bytes * rows);
        let targets = copy.as_mut_slice().chunks_exact_mut(row_bytes.max(1));
        for (target, source) in targets.zip(source.chunks_exact(spec.row_bytes.max(1))) {
            trim_into(target, own, source, &spec.tail, element);
        }
        Output { dtype: spec.dtype, shape: own.with_rows(rows), data: OutputData::Pooled(copy) }
    }

    fn is_alone(&self, body: &Body) -> bool {
        body.group.as_ref().is_some_and(|group| group.is_single())
    }

    /// Copies a part's outputs into those of the whole request.
    fn assemble(&self, body: &mut Body, outputs: &[Output], first_row: usize) -> Result<(), EngineError> {
        if body.assembly.is_empty() {
            for output in outputs {
                let shape = output.shape.tail().with_rows(body.rows);
                let len = shape.size_bytes(output.dtype)?;
                let data = OutputData::Pooled(self.buffers.acquire(len));
                body.assembly.push(Output { dtype: output.dtype, shape, data });
            }
        }
        for (index, (whole, part)) in body.assembly.iter_mut().zip(outputs).enumerate() {
            if whole.shape[1..] != part.shape[1..] {
                return Err(unexpected(
                    index,
                    "rows whose shape depends on the batch, of a request that was split",
                ));
            }
            let bytes = part.bytes();
            let row_bytes = bytes.len().checked_div(part.shape[0]).unwrap_or(0);
            if let OutputData::Pooled(buffer) = &mut whole.data {
                buffer.as_mut_slice()[first_row * row_bytes..][..bytes.len()].copy_from_slice(bytes);
            }
        }
        Ok(())
    }

    fn extra_holder(&self, part: &Part) -> Part {
        part.call.hold();
        part.clone()
    }
}

fn owns_half(batch: &Batch, member: &Member<Part>) -> bool {
    member.rows * 2 >= batch.rows
}

fn owned(tensor: Tensor) -> Output {
    Output { dtype: tensor.dtype(), shape: tensor.shape().clone(), data: OutputData::Owned(tensor) }
}

fn unexpected(output: usize, got: &str) -> EngineError {
    EngineError::BackendFailed(BackendError::Run {
        backend: "engine",
        message: format!("output {output}: expected one row for each row of the batch, got {got}"),
    })
}
