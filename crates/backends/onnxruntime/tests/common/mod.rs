//! What the tests share: the runtime, or a visible word that it is not here.

use std::path::PathBuf;

use phalanx_onnxruntime::OnnxRuntime;

/// Set to 1 where the runtime must be there: then its absence is a failure.
const REQUIRE: &str = "PHALANX_REQUIRE_ONNXRUNTIME";

/// The runtime that is found as users' is.
#[allow(dead_code, reason = "a test target uses one of the two")]
pub(crate) fn found() -> Option<OnnxRuntime> {
    let runtime = OnnxRuntime::new();
    match runtime.library() {
        Ok(_) => Some(runtime),
        Err(error) => skip(&error.to_string()),
    }
}

/// The runtime of the library that `variable` names.
#[allow(dead_code, reason = "a test target uses one of the two")]
pub(crate) fn named(variable: &str) -> Option<OnnxRuntime> {
    match std::env::var_os(variable) {
        Some(path) => Some(OnnxRuntime::with_library(PathBuf::from(path))),
        None => skip(&format!("{variable} names no library")),
    }
}

fn skip<T>(reason: &str) -> Option<T> {
    let required = std::env::var(REQUIRE).is_ok_and(|value| value == "1");
    assert!(!required, "{REQUIRE} is set, and {reason}");
    eprintln!("skipped: {reason}");
    None
}
