use std::ffi::CStr;

use ort::sys::{OrtApi, OrtStatus, OrtStatusPtr};

/// Characters of a message that are kept: some come with a stack trace of the runtime's own.
const MESSAGE_CHARS_MAX: usize = 600;

/// How it tells of CUDA's libraries, after hundreds of characters of C++.
const FAILURES: [&str; 4] = ["CUDA failure", "CUBLAS failure", "CUDNN failure", "CUDNN_FE failure"];

/// What the runtime said when a call failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    /// One of `OrtErrorCode`, or a code of a later version.
    pub(crate) code: i32,
    /// Its words, on one line.
    pub(crate) message: String,
}

impl Fault {
    /// `ORT_FAIL`.
    pub(crate) const FAIL: i32 = 1;
    /// `ORT_DEVICE_RESET`.
    pub(crate) const DEVICE_RESET: i32 = 15;

    /// A failure that this crate found itself.
    pub(crate) fn new(message: impl AsRef<str>) -> Self {
        Self { code: Self::FAIL, message: tidy(message.as_ref()) }
    }
}

/// Takes over `status`, which is null for success.
pub(crate) fn check(api: &OrtApi, status: OrtStatusPtr) -> Result<(), Fault> {
    if status.0.is_null() { Ok(()) } else { Err(take(api, status.0)) }
}

#[cold]
fn take(api: &OrtApi, status: *mut OrtStatus) -> Fault {
    // SAFETY: a C enumeration is returned like an `int`; read as one, so that a code of a later version is a number
    // rather than an invalid value of the Rust enumeration.
    let code = unsafe {
        let get_code: unsafe extern "system" fn(*const OrtStatus) -> i32 =
            std::mem::transmute(api.GetErrorCode as *const ());
        get_code(status)
    };
    // SAFETY: `status` is not null and not released yet; its message is a terminated string that lives as long as it.
    let message = unsafe { CStr::from_ptr((api.GetErrorMessage)(status)) };
    let fault = Fault { code, message: tidy(&message.to_string_lossy()) };
    // SAFETY: the caller gave the status away, and nothing uses it after this.
    unsafe { (api.ReleaseStatus)(status) };
    fault
}

/// `message` on one line of bounded length, without the runtime's own source code where what was wrong comes after it.
fn tidy(message: &str) -> String {
    let start = FAILURES.iter().filter_map(|failure| message.find(failure)).min().unwrap_or(0);
    let line = message[start..].split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(MESSAGE_CHARS_MAX) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_failure_of_a_device_is_not_lost_behind_source_code() {
        let code =
            "/onnxruntime_src/cuda_call.cc:154 std::conditional_t<THRW, void> CudaCall(ERRTYPE) ".repeat(9);
        let failure = "CUDA failure 700: an illegal memory access was encountered ; GPU=0";
        assert_eq!(tidy(&format!("{code}{failure}")), failure);
    }

    #[test]
    fn messages_are_one_bounded_line() {
        assert_eq!(tidy("  one\n two\t three "), "one two three");
        let long = tidy(&"é ".repeat(MESSAGE_CHARS_MAX));
        assert_eq!(long.chars().count(), MESSAGE_CHARS_MAX + 1);
        assert!(long.ends_with('…'));
    }
}
