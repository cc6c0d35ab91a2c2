use std::collections::HashMap;
use std::sync::{Arc, Mutex, Weak};

use phalanx_backend::Slot;

use crate::lock;
use crate::memory::SlotMemory;

/// The slots that a worker has mapped.
#[derive(Debug, Default)]
pub(super) struct Shown(Mutex<HashMap<u64, Weak<SlotMemory>>>);

impl Shown {
    /// Whether the worker has mapped the memory that this slot has.
    pub(super) fn has(&self, slot: &Slot) -> bool {
        let memory = lock(&self.0).get(&slot.tag()).and_then(Weak::upgrade);
        memory.is_some_and(|memory| memory.backs(slot))
    }

    /// The worker maps this memory now.
    pub(super) fn insert(&self, memory: &Arc<SlotMemory>) {
        lock(&self.0).insert(memory.tag(), Arc::downgrade(memory));
    }

    /// Tags of slots that are gone, each given once.
    pub(super) fn take_gone(&self) -> Vec<u64> {
        let mut gone = Vec::new();
        lock(&self.0).retain(|tag, memory| {
            let is_there = memory.strong_count() > 0;
            if !is_there {
                gone.push(*tag);
            }
            is_there
        });
        gone
    }
}
