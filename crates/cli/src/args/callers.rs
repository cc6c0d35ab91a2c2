/// Callers that one measurement may have: each is a thread, or a task with a request of its own.
const CALLERS_MAX: usize = 65_536;

/// Reads a number of callers.
///
/// # Errors
/// A text that says what was expected.
pub(super) fn parse(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(callers @ 1..=CALLERS_MAX) => Ok(callers),
        _ => Err(format!("expected a number from 1 to {CALLERS_MAX}")),
    }
}
