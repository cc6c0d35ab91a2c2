//! What the tests share: the runtime, or a visible word that it is not here.

use std::io::Write;
use std::sync::Once;

use phalanx_onnxruntime::OnnxRuntime;

/// Set to 1 where the runtime must be there: then its absence is a failure.
const REQUIRE: &str = "PHALANX_REQUIRE_ONNXRUNTIME";

/// The runtime of the library that `variable` names, or else the one that is found as users' is.
pub(crate) fn runtime(variable: Option<&str>) -> Option<OnnxRuntime> {
    let named = variable.map(|variable| std::env::var_os(variable).ok_or(variable));
    let runtime = match named {
        None => Ok(OnnxRuntime::new()),
        Some(Ok(path)) => Ok(OnnxRuntime::with_library(path)),
        Some(Err(variable)) => Err(format!("{variable} names no library")),
    };
    let loaded = runtime.and_then(|runtime| match runtime.library() {
        Ok(_) => Ok(runtime),
        Err(error) => Err(error.to_string()),
    });
    loaded.map_err(|reason| skip(&reason)).ok()
}

/// A failure where the runtime must be there.
fn skip(reason: &str) {
    let required = std::env::var(REQUIRE).is_ok_and(|value| value == "1");
    assert!(!required, "{REQUIRE} is set, and {reason}");
    say_skipped(reason);
}

/// Says on stderr, once and past the capture of what tests print, that they do nothing.
pub(crate) fn say_skipped(reason: &str) {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let words = format!("\nskipped, all that need the runtime: {reason}\n");
        // A closed stderr is nobody who could be told.
        let _ = std::io::stderr().write_all(words.as_bytes());
    });
}
