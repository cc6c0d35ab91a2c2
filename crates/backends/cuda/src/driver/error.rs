use cudarc::cublaslt::result::CublasError;
use cudarc::driver::DriverError;
use cudarc::driver::sys::CUresult as Code;
use phalanx_backend::BackendError;

use crate::NAME;

/// The error of a call of the driver, given what was being done.
pub(crate) fn failed(doing: &'static str) -> impl Fn(DriverError) -> BackendError {
    move |error| {
        let message = format!("failed to {doing}: {}", text(error));
        match error.0 {
            Code::CUDA_ERROR_OUT_OF_MEMORY => BackendError::OutOfMemory { backend: NAME, message },
            code if is_final(code) => BackendError::DeviceLost { backend: NAME, message },
            _ => BackendError::Run { backend: NAME, message },
        }
    }
}

/// The error of a call of cuBLASLt.
pub(crate) fn blas_failed(doing: &'static str) -> impl Fn(CublasError) -> BackendError {
    move |error| BackendError::Run {
        backend: NAME,
        message: format!("failed to {doing}: cuBLASLt says {:?}", error.0),
    }
}

/// Errors after which nothing runs in this process's context any more.
fn is_final(code: Code) -> bool {
    matches!(
        code,
        Code::CUDA_ERROR_ILLEGAL_ADDRESS
            | Code::CUDA_ERROR_LAUNCH_TIMEOUT
            | Code::CUDA_ERROR_CONTEXT_IS_DESTROYED
            | Code::CUDA_ERROR_ASSERT
            | Code::CUDA_ERROR_HARDWARE_STACK_ERROR
            | Code::CUDA_ERROR_ILLEGAL_INSTRUCTION
            | Code::CUDA_ERROR_MISALIGNED_ADDRESS
            | Code::CUDA_ERROR_INVALID_ADDRESS_SPACE
            | Code::CUDA_ERROR_INVALID_PC
            | Code::CUDA_ERROR_LAUNCH_FAILED
            | Code::CUDA_ERROR_ECC_UNCORRECTABLE
            | Code::CUDA_ERROR_NVLINK_UNCORRECTABLE
            | Code::CUDA_ERROR_DEVICE_UNAVAILABLE
            | Code::CUDA_ERROR_DEINITIALIZED
            | Code::CUDA_ERROR_UNKNOWN
    )
}

fn text(error: DriverError) -> String {
    let name = error.error_name().map(|name| name.to_string_lossy().into_owned());
    let words = error.error_string().map(|words| words.to_string_lossy().into_owned());
    match (name, words) {
        (Ok(name), Ok(words)) => format!("{words} ({name})"),
        _ => format!("error {}", error.0 as u32),
    }
}
