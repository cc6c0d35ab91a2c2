use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use phalanx_backend::BackendError;

/// Runs `work`, which calls into tract, and turns a panic of it into an error.
///
/// Whatever `work` was changing must be thrown away by the caller after an error.
pub(crate) fn guard<T>(work: impl FnOnce() -> Result<T, BackendError>) -> Result<T, BackendError> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|payload| {
        let message = message(payload.as_ref());
        Err(BackendError::Panicked { message })
    })
}

fn message(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().copied();
    let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("no message").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_an_error_with_its_message() {
        assert_eq!(guard(|| Ok(1)), Ok(1));
        for (payload, expected) in [
            (Box::new("one") as Box<dyn Any + Send>, "one"),
            (Box::new("two".to_owned()), "two"),
            (Box::new(3), "no message"),
        ] {
            let result = guard::<()>(|| std::panic::resume_unwind(payload));
            assert_eq!(result, Err(BackendError::Panicked { message: expected.to_owned() }));
        }
    }
}
