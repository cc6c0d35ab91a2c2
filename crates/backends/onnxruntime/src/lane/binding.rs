use std::ptr;
use std::sync::Arc;

use ort::sys::{OrtApi, OrtValue};
use phalanx_backend::{BackendError, Layout, OutputSpec, RowSpec, Slot, SlotOutput};
use phalanx_tensor::HostBuffer;
use smallvec::SmallVec;

use crate::errors;
use crate::program::Shared;
use crate::sys::Value;

/// Bindings that a lane keeps: a few slots in each of many row counts. A power of two.
const LINES: usize = 256;

/// The bindings of a lane's slots. Making one costs 0.1 µs a buffer, finding it again less, and neither allocates
/// once it is there.
///
/// Each has one line it can be in, by its first buffer and its rows; what was there before is forgotten.
pub(super) struct Bindings {
    lines: Vec<Option<Binding>>,
}

impl Default for Bindings {
    fn default() -> Self {
        Self { lines: std::iter::repeat_with(|| None).take(LINES).collect() }
    }
}

/// Values over the first rows of a slot's buffers.
pub(super) struct Binding {
    layout: Arc<Layout>,
    rows: usize,
    /// Where the buffers are, inputs first.
    places: SmallVec<[*const u8; 4]>,
    inputs: SmallVec<[*const OrtValue; 4]>,
    /// Null where the runtime allocates.
    outputs: SmallVec<[*mut OrtValue; 4]>,
    /// A copy of `outputs` for a run to fill in.
    results: SmallVec<[*mut OrtValue; 4]>,
    /// What the pointers point to.
    _values: Vec<Value>,
}

impl Bindings {
    /// The binding of `slot` for batches of `rows` rows.
    ///
    /// # Errors
    /// [`BackendError::Run`] where the slot has no room for them, or was made for another program.
    pub(super) fn find(
        &mut self,
        shared: &Shared,
        slot: &mut Slot,
        rows: usize,
    ) -> Result<&mut Binding, BackendError> {
        check(shared, slot, rows)?;
        let line = &mut self.lines[index(slot, rows)];
        match line {
            Some(binding) if binding.is_of(slot, rows) => {}
            _ => *line = Some(Binding::new(shared, slot, rows)?),
        }
        Ok(line.as_mut().expect("the line was filled just above"))
    }
}

impl Binding {
    fn new(shared: &Shared, slot: &mut Slot, rows: usize) -> Result<Self, BackendError> {
        let layout = Arc::clone(slot.layout());
        let mut values = Vec::with_capacity(layout.inputs.len() + layout.outputs.len());
        let mut bind = |start: *mut u8, spec: &RowSpec| {
            let place = (start, rows * spec.row_bytes);
            // SAFETY: a binding is used for a run only after `is_of` has found its places in the slot at hand, and
            // `check` that they are long enough; the run borrows that slot mutably.
            let value = unsafe { Value::over(shared.library, place, spec.dtype, &spec.tail.with_rows(rows)) };
            let value = value.map_err(errors::run)?;
            let pointer = value.as_ptr();
            values.push(value);
            Ok::<_, BackendError>(pointer)
        };
        let mut inputs = SmallVec::new();
        for (buffer, spec) in slot.inputs.iter().zip(&layout.inputs) {
            // The interface has no word for what is only read; the memory may be mapped for reading alone.
            inputs.push(bind(buffer.as_slice().as_ptr().cast_mut(), spec)?.cast_const());
        }
        let mut outputs = SmallVec::<[*mut OrtValue; 4]>::new();
        for (index, (output, spec)) in slot.outputs.iter_mut().zip(&layout.outputs).enumerate() {
            outputs.push(match (output, spec) {
                (SlotOutput::Buffer(buffer), OutputSpec::Rows(spec)) if !shared.is_input(index) => {
                    bind(buffer.as_mut_slice().as_mut_ptr(), spec)?
                }
                _ => ptr::null_mut(),
            });
        }
        let results = outputs.clone();
        Ok(Self { layout, rows, places: places(slot).collect(), inputs, outputs, results, _values: values })
    }

    fn is_of(&self, slot: &Slot, rows: usize) -> bool {
        self.rows == rows
            && Arc::ptr_eq(&self.layout, slot.layout())
            && self.places.iter().copied().eq(places(slot))
    }

    /// Inputs and outputs for a run.
    pub(super) fn values(&mut self) -> (&[*const OrtValue], &mut [*mut OrtValue]) {
        self.results.copy_from_slice(&self.outputs);
        (&self.inputs, &mut self.results)
    }

    /// Whether every output is written in place.
    pub(super) fn is_complete(&self) -> bool {
        self.outputs.iter().all(|output| !output.is_null())
    }

    /// The outputs that the last run allocated, with their positions.
    ///
    /// # Safety
    /// That run has succeeded, and this is called once after it.
    pub(super) unsafe fn take_allocated(&mut self, api: &'static OrtApi) -> SmallVec<[(usize, Value); 4]> {
        let allocated = self.outputs.iter().zip(&mut self.results).enumerate();
        let allocated = allocated.filter(|(_, (planned, _))| planned.is_null());
        let take = |(index, (_, result)): (usize, (_, &mut *mut OrtValue))| {
            // SAFETY: the run has given this value away, and the place is null from now on.
            unsafe { Value::take(api, std::mem::replace(result, ptr::null_mut())) }
                .map(|value| (index, value))
        };
        allocated.filter_map(take).collect()
    }
}

/// Where the buffers of `slot` are, inputs first.
fn places(slot: &Slot) -> impl Iterator<Item = *const u8> {
    let inputs = slot.inputs.iter().map(|buffer| buffer.as_slice().as_ptr());
    let outputs = slot.outputs.iter().map(|output| match output {
        SlotOutput::Buffer(buffer) => buffer.as_slice().as_ptr(),
        SlotOutput::Dynamic(_) => ptr::null(),
    });
    inputs.chain(outputs)
}

fn index(slot: &Slot, rows: usize) -> usize {
    // Buffers lie 64 bytes apart at least; an odd factor spreads neighbours over the lines.
    const SPREAD: usize = 0x9E37_79B1;
    let first = slot.inputs.first().map_or(0, |buffer| buffer.as_slice().as_ptr() as usize);
    ((first / 64).wrapping_mul(SPREAD) >> 16).wrapping_add(rows) % LINES
}

/// Makes sure that `slot` was made for this program and has room for `rows` rows: its fields are public.
fn check(shared: &Shared, slot: &Slot, rows: usize) -> Result<(), BackendError> {
    let (layout, signature) = (slot.layout(), &shared.signature);
    let counts = (slot.inputs.len(), slot.outputs.len());
    let expected = (signature.inputs.len(), signature.outputs.len());
    let counts_fit = counts == expected && (layout.inputs.len(), layout.outputs.len()) == expected;
    let fits = |buffer: &HostBuffer, spec: &RowSpec| {
        spec.row_bytes.checked_mul(rows).is_some_and(|bytes| bytes <= buffer.len())
    };
    let inputs_fit = || slot.inputs.iter().zip(&layout.inputs).all(|(buffer, spec)| fits(buffer, spec));
    let outputs_fit = || {
        slot.outputs.iter().zip(&layout.outputs).all(|(output, spec)| match (output, spec) {
            (SlotOutput::Buffer(buffer), OutputSpec::Rows(spec)) => fits(buffer, spec),
            (SlotOutput::Dynamic(_), OutputSpec::Dynamic(_)) => true,
            _ => false,
        })
    };
    if counts_fit && inputs_fit() && outputs_fit() {
        return Ok(());
    }
    Err(BackendError::Input {
        input: String::new(),
        expected: format!("a slot of this program with room for {rows} rows"),
        got: format!("one of {} rows, {counts:?} buffers", slot.rows_max()),
    })
}
