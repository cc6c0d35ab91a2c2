use std::collections::HashMap;
use std::io::{Error, ErrorKind, Result};
use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use phalanx_backend::{Layout, Slot};

use crate::memory::SlotMemory;
use crate::wire::SlotMessage;

/// Slots that may be mapped at once. The parent takes back what it frees, so that it is far below.
const SLOTS_MAX: usize = 16_384;

/// The slots that the parent has shown.
#[derive(Default)]
pub(super) struct Slots(Mutex<HashMap<u64, Shown>>);

struct Shown {
    layout: Arc<Layout>,
    memory: Arc<SlotMemory>,
    /// Away while a batch runs in it.
    slot: Option<Slot>,
}

impl Slots {
    /// Maps a slot under its tag.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidData`] where it is not what the message says, and what the system says.
    pub(super) fn show(&self, tag: u64, message: SlotMessage, descriptors: &[OwnedFd]) -> Result<()> {
        self.forget(&message.forget);
        let layout = message.layout.into_layout().ok_or_else(|| invalid("expected a layout"))?;
        let memory = Arc::new(SlotMemory::map(tag, &layout, message.rows_max, descriptors)?);
        let layout = Arc::new(layout);
        let slot = Some(memory.slot(&layout));
        let mut shown = self.lock();
        if shown.len() >= SLOTS_MAX || shown.contains_key(&tag) {
            return Err(invalid("expected fewer slots, each shown once"));
        }
        shown.insert(tag, Shown { layout, memory, slot });
        Ok(())
    }

    /// The slot of this tag, for a batch.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidData`] where there is none, it is in use, or `rows` are more than it holds.
    pub(super) fn take(&self, tag: u64, rows: u64) -> Result<(Slot, usize)> {
        let mut shown = self.lock();
        let entry = shown.get_mut(&tag).ok_or_else(|| invalid("expected the tag of a slot"))?;
        let fits = usize::try_from(rows).ok().filter(|rows| *rows <= entry.memory.rows_max());
        let rows = fits.ok_or_else(|| invalid("expected rows that fit the slot"))?;
        let slot = entry.slot.take().ok_or_else(|| invalid("expected a slot that is not in use"))?;
        Ok((slot, rows))
    }

    /// Takes a slot back after its batch; whether it still is what was handed out. One that is not, or that the backend
    /// kept, is made anew.
    pub(super) fn give_back(&self, tag: u64, slot: Option<Slot>) -> bool {
        let mut shown = self.lock();
        let Some(entry) = shown.get_mut(&tag) else { return false };
        let (slot, is_same) = match slot {
            Some(slot) if entry.memory.backs(&slot) => (slot, true),
            _ => (entry.memory.slot(&entry.layout), false),
        };
        entry.slot = Some(slot);
        is_same
    }

    pub(super) fn forget(&self, tags: &[u64]) {
        let mut shown = self.lock();
        // Unmapping is left for when the lock is free again.
        let gone: Vec<Option<Shown>> = tags.iter().map(|tag| shown.remove(tag)).collect();
        drop(shown);
        drop(gone);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<u64, Shown>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn invalid(message: &'static str) -> Error {
    Error::new(ErrorKind::InvalidData, message)
}
