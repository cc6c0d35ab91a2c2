use std::sync::{Condvar, Mutex, OnceLock};

use phalanx_backend::BackendError;

use super::layouts::Layouts;
use super::pool::Pool;
use super::slots::Slots;
use crate::process::{OomKills, Sample};
use crate::wire::Ready;
use crate::{Recipe, WorkerOptions};

/// What the program, its lanes and the threads of its workers share.
pub(crate) struct Shared {
    pub(super) recipe: Recipe,
    pub(super) options: WorkerOptions,
    pub(crate) slots: Slots,
    pub(super) layouts: Layouts,
    pub(super) oom: OomKills,
    pub(super) sample: Sample,
    pub(super) pool: Mutex<Pool>,
    /// The pool has changed.
    pub(super) changed: Condvar,
    pub(super) ready: OnceLock<Ready>,
}

impl Shared {
    pub(super) fn new(recipe: Recipe, options: WorkerOptions) -> Self {
        Self {
            recipe,
            options,
            slots: Slots::default(),
            layouts: Layouts::default(),
            oom: OomKills::new(),
            sample: Sample::default(),
            pool: Mutex::default(),
            changed: Condvar::new(),
            ready: OnceLock::new(),
        }
    }

    /// What the first worker prepared.
    pub(super) fn ready(&self) -> &Ready {
        self.ready.get().expect("a program is only given out once its first worker is ready")
    }

    pub(super) fn no_worker(&self, message: String) -> BackendError {
        BackendError::NoWorker { message, hint: None }
    }
}
