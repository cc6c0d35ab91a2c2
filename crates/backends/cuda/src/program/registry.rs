use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock, Weak};

use super::slot::SlotState;

/// The slots of a program by their tags. Each stays until its host buffers are gone.
#[derive(Debug, Default)]
pub(super) struct Registry {
    next: AtomicU64,
    slots: RwLock<HashMap<u64, Arc<SlotState>>>,
}

/// Takes a slot out of the registry when the last of its buffers goes.
#[derive(Debug)]
pub(super) struct Ticket {
    registry: Weak<Registry>,
    tag: u64,
}

impl Registry {
    /// Keeps a slot under a new tag, which it is made with.
    pub(super) fn add(self: &Arc<Self>, state: Arc<SlotState>) -> Ticket {
        // 0 is the tag of slots that nobody named.
        let tag = self.next.fetch_add(1, Ordering::Relaxed) + 1;
        self.slots.write().unwrap_or_else(PoisonError::into_inner).insert(tag, state);
        Ticket { registry: Arc::downgrade(self), tag }
    }

    pub(super) fn get(&self, tag: u64) -> Option<Arc<SlotState>> {
        self.slots.read().unwrap_or_else(PoisonError::into_inner).get(&tag).cloned()
    }

    /// Device memory of all of them.
    pub(super) fn size_bytes(&self) -> usize {
        let slots = self.slots.read().unwrap_or_else(PoisonError::into_inner);
        slots.values().map(|slot| slot.device_bytes()).sum()
    }
}

impl Ticket {
    pub(super) fn tag(&self) -> u64 {
        self.tag
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let Some(registry) = self.registry.upgrade() else { return };
        let state = registry.slots.write().unwrap_or_else(PoisonError::into_inner).remove(&self.tag);
        // Its memory is freed outside of the lock.
        drop(state);
    }
}
