use std::collections::HashMap;
use std::io::ErrorKind;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, Weak};

use phalanx_backend::{BackendError, Layout, Slot};

use crate::lock;
use crate::memory::SlotMemory;

/// Tags are told apart over all programs of this process; 0 is that of slots without one.
static LAST_TAG: AtomicU64 = AtomicU64::new(0);

/// The memory of the slots that a program made and that are still there.
#[derive(Debug, Default)]
pub(crate) struct Slots(Mutex<Made>);

#[derive(Debug, Default)]
struct Made {
    memories: HashMap<u64, Weak<SlotMemory>>,
    /// How many there were when those that are gone were last looked for.
    kept: usize,
}

impl Slots {
    /// A slot in new shared memory.
    ///
    /// # Errors
    /// [`BackendError::OutOfMemory`].
    pub(crate) fn make(&self, layout: &Arc<Layout>, rows_max: usize) -> Result<Slot, BackendError> {
        let tag = LAST_TAG.fetch_add(1, Ordering::Relaxed) + 1;
        let memory = SlotMemory::new(tag, layout, rows_max).map_err(|error| {
            let why = match error.kind() {
                ErrorKind::OutOfMemory => "its size overflows".to_owned(),
                _ => error.to_string(),
            };
            let message = format!("a slot of {rows_max} rows of {} bytes: {why}", layout.row_bytes());
            BackendError::OutOfMemory { backend: "worker", message }
        })?;
        let memory = Arc::new(memory);
        lock(&self.0).insert(&memory);
        Ok(memory.slot(layout))
    }

    /// The memory that the buffers of this slot are; `None` for a slot of somebody else's.
    pub(crate) fn find(&self, slot: &Slot) -> Option<Arc<SlotMemory>> {
        let memory = lock(&self.0).memories.get(&slot.tag()).and_then(Weak::upgrade)?;
        memory.backs(slot).then_some(memory)
    }
}

impl Made {
    fn insert(&mut self, memory: &Arc<SlotMemory>) {
        // Looking through all of them once their number has doubled costs each a constant.
        if self.memories.len() > 2 * self.kept + 64 {
            self.memories.retain(|_, memory| memory.strong_count() > 0);
            self.kept = self.memories.len();
        }
        self.memories.insert(memory.tag(), Arc::downgrade(memory));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use phalanx_backend::RowSpec;
    use phalanx_tensor::{DType, HostBuffer, Shape};

    #[test]
    fn only_slots_that_were_made_here_and_not_changed_are_found() {
        let row = RowSpec::new(DType::U8, Shape::from([10])).unwrap();
        let layout = Arc::new(Layout { inputs: vec![row], outputs: Vec::new() });
        let (slots, others) = (Slots::default(), Slots::default());
        let mut slot = slots.make(&layout, 2).unwrap();
        assert!(slots.find(&slot).is_some() && others.find(&slot).is_none());
        assert!(slots.find(&Slot::heap("test", Arc::clone(&layout), 2).unwrap()).is_none());
        slot.inputs[0] = HostBuffer::heap(20);
        assert!(slots.find(&slot).is_none());
        for _ in 0..1000 {
            slots.make(&layout, 1).unwrap();
        }
        assert!(lock(&slots.0).memories.len() < 200, "slots that are gone are forgotten");
        assert!(matches!(slots.make(&layout, usize::MAX), Err(BackendError::OutOfMemory { .. })));
    }
}
