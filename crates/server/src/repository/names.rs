use std::sync::{Mutex, PoisonError};

use compact_str::CompactString;

/// The models that the last look found, for whoever asks meanwhile.
#[derive(Debug, Default)]
pub(super) struct Names(Mutex<Vec<CompactString>>);

impl Names {
    pub(super) fn set<'a>(&self, names: impl Iterator<Item = &'a CompactString>) {
        let names = names.cloned().collect();
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = names;
    }

    pub(super) fn get(&self) -> Vec<CompactString> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
