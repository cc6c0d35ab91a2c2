use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use phalanx_backend::{Backend, DeviceInfo};

use super::{Bench, Unlisted};
use crate::choice::run::run;
use crate::choice::task::{Attempt, Task};

/// Tries candidates on the calling thread. One that crashes or hangs takes the caller with it.
pub(crate) struct InProcess;

impl Bench for InProcess {
    fn devices(&self, backend: &dyn Backend) -> Result<Vec<DeviceInfo>, Unlisted> {
        backend.devices().map_err(Unlisted::Refused)
    }

    fn attempt(&self, task: &Task<'_>) -> Attempt {
        match catch_unwind(AssertUnwindSafe(|| run(task))) {
            Ok(Ok(ran)) => Attempt::Ran(ran),
            Ok(Err(error)) => Attempt::Failed(error.to_string()),
            Err(panic) => Attempt::Crashed(format!("was brought to panic: {}", message(&*panic))),
        }
    }
}

fn message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message")
}
