use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use phalanx_batch::{Arrival, LaneId, Nanos, Placed, Refusal};
use phalanx_tensor::{Shape, Signature, Tensor, TensorInfo};
use smallvec::SmallVec;

use super::Hub;
use crate::EngineError;
use crate::call::{Call, Part};
use crate::groups::{Group, tails};

/// A request that was admitted: its call, and which use of the call it is.
pub(crate) struct Admitted {
    pub(crate) call: Arc<Call>,
    pub(crate) generation: u64,
}

/// What admission decided, to be acted upon once no lock is held.
#[derive(Default)]
struct Decisions {
    joined: SmallVec<[(Placed, Part); 1]>,
    wake: SmallVec<[LaneId; 2]>,
}

impl Hub {
    /// Takes a request in, and copies its rows where a batch is being formed; or refuses it.
    pub(crate) fn admit(
        &self,
        inputs: Vec<Tensor>,
        deadline_ns: Option<Nanos>,
        priority: i32,
        now_ns: Nanos,
    ) -> Result<Admitted, EngineError> {
        let refused = |error: EngineError| {
            self.recorder.count_error(&error);
            error
        };
        if let Some(error) = self.broken.get() {
            return Err(refused(EngineError::BackendFailed(error.clone())));
        }
        let rows = self.validate(&inputs).map_err(refused)?;
        let group = self.group_of(&inputs).map_err(refused)?;
        let bytes: usize = inputs.iter().map(Tensor::size_bytes).sum();
        self.reserve(bytes).map_err(refused)?;

        let arrival = Arrival { group: group.id, rows, deadline_ns, priority };
        let parts = if group.is_single() { 1 } else { rows.div_ceil(self.settings.rows_max) };
        let call = self.calls.acquire(parts);
        self.unanswered.fetch_add(1, Ordering::Relaxed);
        self.rows_inside.fetch_add(rows, Ordering::Relaxed);
        let (decisions, generation) = {
            let mut body = call.body();
            body.generation += 1;
            body.inputs = inputs;
            body.rows = rows;
            body.bytes = bytes;
            body.parts_left = parts;
            body.group = Some(Arc::clone(&group));
            let generation = body.generation;
            match self.schedule(&arrival, parts, now_ns, &call, generation, &mut body.keys) {
                Ok(decisions) => (decisions, generation),
                Err(refusal) => {
                    let keys = self.settle(&mut body);
                    drop(body);
                    self.take_back(&keys);
                    (keys.len()..=parts).for_each(|_| self.calls.release(Arc::clone(&call)));
                    self.count_answered();
                    return Err(refused(refusal));
                }
            }
        };
        for (placed, part) in &decisions.joined {
            if let Placed::Joined { batch, index, offset } = *placed {
                self.gather_part(batch, &group, index, offset, part);
            }
        }
        for &lane in &decisions.wake {
            self.wake(Some(lane));
        }
        Ok(Admitted { call, generation })
    }

    fn schedule(
        &self,
        arrival: &Arrival,
        parts: usize,
        now_ns: Nanos,
        call: &Arc<Call>,
        generation: u64,
        keys: &mut SmallVec<[phalanx_batch::RequestKey; 1]>,
    ) -> Result<Decisions, EngineError> {
        let mut decisions = Decisions::default();
        let mut scheduler = self.scheduler();
        let queue_rows_max = scheduler.options().queue_rows_max;
        if arrival.rows > queue_rows_max {
            return Err(EngineError::invalid_input(
                "rows of the request",
                format!("at most {queue_rows_max}, the queue's limit"),
                arrival.rows,
            ));
        }
        scheduler.check(now_ns, arrival).map_err(refusal_error)?;
        let mut first_row = 0;
        for _ in 0..parts {
            let rows =
                if parts == 1 { arrival.rows } else { self.settings.rows_max.min(arrival.rows - first_row) };
            let part = Part { call: Arc::clone(call), generation, first_row, rows };
            let admitted = scheduler.admit(now_ns, &Arrival { rows, ..*arrival }, part.clone());
            // The group was used after it was looked up, so it cannot have been evicted meanwhile but by a caller
            // that adds groups at the same moment: then there are too many shapes at once.
            let Some(admitted) = admitted else {
                return Err(EngineError::QueueFull { retry_after: Duration::from_millis(1) });
            };
            keys.push(admitted.key);
            decisions.wake.extend(admitted.wake);
            if matches!(admitted.placed, Placed::Joined { .. }) {
                decisions.joined.push((admitted.placed, part));
            }
            first_row += rows;
        }
        Ok(decisions)
    }

    fn reserve(&self, bytes: usize) -> Result<(), EngineError> {
        let before = self.input_bytes.fetch_add(bytes as u64, Ordering::Relaxed);
        if before > 0 && before + bytes as u64 > self.settings.input_bytes_max {
            self.input_bytes.fetch_sub(bytes as u64, Ordering::Relaxed);
            return Err(EngineError::QueueFull { retry_after: Duration::from_millis(1) });
        }
        Ok(())
    }

    /// The request's rows, once every input was compared with the signature.
    fn validate(&self, inputs: &[Tensor]) -> Result<usize, EngineError> {
        let Signature { inputs: infos, .. } = &self.settings.signature;
        if inputs.len() != infos.len() {
            return Err(EngineError::invalid_input("number of inputs", infos.len(), inputs.len()));
        }
        let mut rows = None;
        for (tensor, info) in inputs.iter().zip(infos) {
            self.validate_input(tensor, info)?;
            if self.settings.batched && *rows.get_or_insert(tensor.rows()) != tensor.rows() {
                return Err(EngineError::invalid_input(
                    format!("rows of input {:?}", info.name),
                    format!("{} as in the inputs before it", rows.unwrap_or(0)),
                    tensor.rows(),
                ));
            }
        }
        Ok(if self.settings.batched { rows.unwrap_or(1) } else { 1 })
    }

    fn validate_input(&self, tensor: &Tensor, info: &TensorInfo) -> Result<(), EngineError> {
        let what = || format!("input {:?}", info.name);
        if tensor.dtype() != info.dtype {
            return Err(EngineError::invalid_input(what(), info.dtype, tensor.dtype()));
        }
        let fits = match &info.dims {
            Some(dims) if self.settings.batched => {
                dims.len() == tensor.shape().len()
                    && dims
                        .iter()
                        .zip(tensor.shape().iter())
                        .skip(1)
                        .all(|(dim, &size)| dim.fixed().is_none_or(|fixed| fixed == size))
            }
            _ => info.accepts(tensor.shape()),
        };
        if !fits {
            return Err(EngineError::invalid_input(
                what(),
                format!("shape {}", info.dims_text()),
                tensor.shape(),
            ));
        }
        if self.settings.batched && tensor.rows() == 0 {
            return Err(EngineError::invalid_input(what(), "at least one row", "none"));
        }
        Ok(())
    }

    /// The group of these rows; made where there is none yet.
    fn group_of(&self, inputs: &[Tensor]) -> Result<Arc<Group>, EngineError> {
        if !self.settings.batched {
            return Ok(self
                .groups
                .single(|| self.scheduler().add_group(self.settings.latency.clone(), true)));
        }
        if let Some(group) = self.groups.find(inputs, &self.settings.pad) {
            return Ok(group);
        }
        let tails: Vec<Shape> = tails(inputs, &self.settings.pad);
        let layout = self.stack.primary().layout(&tails).map_err(|error| match error {
            phalanx_backend::BackendError::Input { input, expected, got } => {
                EngineError::invalid_input(format!("input {input:?}"), expected, got)
            }
            other => EngineError::BackendFailed(other),
        })?;
        while self.groups.len() >= self.settings.groups_max {
            if !self.groups.evict(|group| self.scheduler().remove_group(group)) {
                return Err(EngineError::QueueFull { retry_after: Duration::from_millis(1) });
            }
        }
        let id = self.scheduler().add_group(self.settings.latency.clone(), false);
        Ok(self.groups.insert(Group::new(id, tails, Arc::new(layout))))
    }
}

pub(super) fn refusal_error(refusal: Refusal) -> EngineError {
    match refusal {
        Refusal::QueueFull { retry_after_ns } => {
            EngineError::QueueFull { retry_after: Duration::from_nanos(retry_after_ns) }
        }
        Refusal::DeadlineExceeded { retry_after_ns } => {
            EngineError::DeadlineExceeded { retry_after: Duration::from_nanos(retry_after_ns) }
        }
        Refusal::ShuttingDown => EngineError::ShuttingDown,
    }
}
