use std::collections::HashMap;
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use phalanx_backend::{BackendError, Layout, Program, Slot};

/// The slots of one program, kept by what their rows hold and used again.
///
/// Bounded in bytes: where a new slot would exceed the bound, unused slots of the layouts that were used longest ago
/// are dropped first. Slots in use always count, and are never refused: the engine bounds how many there are.
pub struct SlotPool {
    program: Arc<dyn Program>,
    rows_max: usize,
    bytes_max: usize,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    shelves: HashMap<Arc<Layout>, Shelf>,
    stats: PoolStats,
    clock: u64,
}

#[derive(Default)]
struct Shelf {
    idle: Vec<Slot>,
    used_at: u64,
}

/// What a pool holds and has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PoolStats {
    /// Bytes of all slots, idle and in use.
    pub bytes: usize,
    /// Slots that wait to be used again.
    pub idle: usize,
    /// Slots in use.
    pub in_use: usize,
    /// Slots that had to be allocated.
    pub allocated: u64,
    /// Times that a slot was used again.
    pub reused: u64,
}

impl std::ops::Add for PoolStats {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            bytes: self.bytes + other.bytes,
            idle: self.idle + other.idle,
            in_use: self.in_use + other.in_use,
            allocated: self.allocated + other.allocated,
            reused: self.reused + other.reused,
        }
    }
}

impl SlotPool {
    /// A pool of slots of up to `rows_max` rows that keeps at most `bytes_max` bytes; 0 makes every slot anew.
    #[must_use]
    pub fn new(program: Arc<dyn Program>, rows_max: usize, bytes_max: usize) -> Arc<Self> {
        Arc::new(Self { program, rows_max, bytes_max, state: Mutex::default() })
    }

    /// A slot for rows of this layout, for as long as the guard lives.
    ///
    /// # Errors
    /// [`BackendError::OutOfMemory`] where the program has no memory for one.
    pub fn acquire(self: &Arc<Self>, layout: &Arc<Layout>) -> Result<PooledSlot, BackendError> {
        Ok(PooledSlot { slot: Some(self.take(layout)?), pool: Arc::clone(self) })
    }

    /// What it holds.
    #[must_use]
    pub fn stats(&self) -> PoolStats {
        self.lock().stats
    }

    /// Takes a slot out; it has to come back through [`SlotPool::give_back`] or be reported through
    /// [`SlotPool::lose`].
    pub(crate) fn take(&self, layout: &Arc<Layout>) -> Result<Slot, BackendError> {
        if let Some(slot) = self.take_idle(layout) {
            return Ok(slot);
        }
        let slot = self.program.slot(layout, self.rows_max)?;
        let mut state = self.lock();
        state.stats.allocated += 1;
        state.stats.in_use += 1;
        state.stats.bytes += slot.size_bytes();
        Ok(slot)
    }

    pub(crate) fn give_back(&self, slot: Slot) {
        let mut state = self.lock();
        state.clock += 1;
        let used_at = state.clock;
        state.stats.in_use -= 1;
        state.stats.idle += 1;
        let shelf = state.shelves.entry(Arc::clone(slot.layout())).or_default();
        shelf.used_at = used_at;
        shelf.idle.push(slot);
        let dropped = state.shrink(self.bytes_max);
        drop(state);
        // Freeing memory may be a call of a device's driver.
        drop(dropped);
    }

    /// A slot will not come back: a device may still write to it.
    pub(crate) fn lose(&self, size_bytes: usize) {
        let mut state = self.lock();
        state.stats.in_use -= 1;
        state.stats.bytes = state.stats.bytes.saturating_sub(size_bytes);
    }

    fn take_idle(&self, layout: &Arc<Layout>) -> Option<Slot> {
        let mut state = self.lock();
        let slot = state.shelves.get_mut(layout)?.idle.pop()?;
        state.stats.idle -= 1;
        state.stats.in_use += 1;
        state.stats.reused += 1;
        Some(slot)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Takes out the slots that are too many.
    fn shrink(&mut self, bytes_max: usize) -> Vec<Slot> {
        let mut dropped = Vec::new();
        while self.stats.bytes > bytes_max {
            let oldest = self.shelves.iter().min_by_key(|(_, shelf)| shelf.used_at);
            let Some(layout) = oldest.map(|(layout, _)| Arc::clone(layout)) else { break };
            let Some(shelf) = self.shelves.get_mut(&layout) else { break };
            if let Some(slot) = shelf.idle.pop() {
                self.stats.idle -= 1;
                self.stats.bytes = self.stats.bytes.saturating_sub(slot.size_bytes());
                dropped.push(slot);
            }
            if shelf.idle.is_empty() {
                self.shelves.remove(&layout);
            }
        }
        dropped
    }
}

impl fmt::Debug for SlotPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SlotPool").field("stats", &self.stats()).finish_non_exhaustive()
    }
}

/// A slot that goes back to its pool when it is dropped.
#[derive(Debug)]
pub struct PooledSlot {
    slot: Option<Slot>,
    pool: Arc<SlotPool>,
}

const HELD: &str = "a pooled slot holds its slot until it is dropped";

impl PooledSlot {
    /// Watches over a slot that was taken out of `pool`.
    pub(crate) fn new(slot: Slot, pool: Arc<SlotPool>) -> Self {
        Self { slot: Some(slot), pool }
    }
}

impl Deref for PooledSlot {
    type Target = Slot;

    fn deref(&self) -> &Slot {
        self.slot.as_ref().expect(HELD)
    }
}

impl DerefMut for PooledSlot {
    fn deref_mut(&mut self) -> &mut Slot {
        self.slot.as_mut().expect(HELD)
    }
}

impl Drop for PooledSlot {
    fn drop(&mut self) {
        if let Some(slot) = self.slot.take() {
            self.pool.give_back(slot);
        }
    }
}
