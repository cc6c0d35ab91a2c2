//! A panic is a fault of this program, and still one line to its user.

use std::cell::RefCell;
use std::panic::{self, AssertUnwindSafe};

use crate::failure::Failure;

thread_local! {
    /// Where the last panic of this thread happened, and what it said.
    static LAST: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Prints nothing on a panic: those on this thread are reported by [`catch`], those on others by whoever waits for
/// what they had to do.
pub(crate) fn silence() {
    panic::set_hook(Box::new(|info| {
        let payload = info.payload_as_str().unwrap_or("no message");
        let place = info.location().map(|place| format!(" ({}:{})", place.file(), place.line()));
        LAST.set(Some(format!("{payload}{}", place.unwrap_or_default())));
    }));
}

/// Runs `work`; a panic in it becomes a failure.
pub(crate) fn catch(work: impl FnOnce() -> Result<(), Failure>) -> Result<(), Failure> {
    panic::catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| {
        let message = LAST.take().unwrap_or_default();
        Err(Failure::new(format_args!("internal error: {message}"))
            .hint("this is a fault of phalanx itself: please report it with the command that caused it"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_one_line_that_says_where() {
        // The test runner's own hook prints; ours must be in place only for this one.
        let before = panic::take_hook();
        silence();
        let failure = catch(|| panic!("index 3")).unwrap_err();
        panic::set_hook(before);
        let Failure::Failed { message, .. } = failure else { panic!("expected a message, got {failure:?}") };
        assert!(
            message.starts_with("internal error: index 3 (") && message.contains("panics.rs"),
            "{message}"
        );
    }
}
