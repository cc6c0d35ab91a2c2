use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::error::PlanError;

/// Runs `work`, which calls into tract, and turns a panic of it into an error.
pub(crate) fn guard<T>(work: impl FnOnce() -> Result<T, PlanError>) -> Result<T, PlanError> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|payload| {
        Err(PlanError::Prepare { message: format!("tract panicked: {}", message(payload.as_ref())) })
    })
}

fn message(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().copied();
    let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("no message").to_owned()
}
