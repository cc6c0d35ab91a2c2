use std::ffi::{CString, c_char};
use std::sync::OnceLock;

use cudarc::nvrtc::result::{self, NvrtcError};
use cudarc::nvrtc::sys;
use phalanx_backend::BackendError;

use crate::error;
use crate::kernels::Chip;

/// A program of the compiler, destroyed with this.
struct Source(sys::nvrtcProgram);

impl Drop for Source {
    fn drop(&mut self) {
        // SAFETY: it is destroyed once.
        let _ = unsafe { result::destroy_program(self.0) };
    }
}

/// Compiles to machine code, so that a driver older than the compiler can load it.
///
/// # Errors
/// [`BackendError::Prepare`] with the compiler's words.
pub(super) fn compile(source: &str, chip: &Chip) -> Result<Vec<u8>, BackendError> {
    let text = CString::new(source).map_err(|_| error::prepare("a kernel has a zero byte".to_owned()))?;
    let program = Source(result::create_program(&text, None).map_err(failed)?);
    let options = [format!("--gpu-architecture=sm_{}{}", chip.major, chip.minor), "--std=c++17".to_owned()];
    // SAFETY: the program lives.
    if let Err(error) = unsafe { result::compile_program(program.0, &options) } {
        return Err(error::prepare(format!(
            "a generated kernel does not compile ({error:?}): {}",
            log(&program)
        )));
    }
    let mut len_bytes = 0;
    // SAFETY: it writes one number.
    unsafe { sys::nvrtcGetCUBINSize(program.0, &raw mut len_bytes) }.result().map_err(failed)?;
    let mut code = vec![0_u8; len_bytes];
    // SAFETY: the buffer has the size that was just asked for.
    unsafe { sys::nvrtcGetCUBIN(program.0, code.as_mut_ptr().cast::<c_char>()) }.result().map_err(failed)?;
    Ok(code)
}

/// The compiler's version.
///
/// # Errors
/// What the compiler says.
pub(crate) fn version() -> Result<&'static str, BackendError> {
    static VERSION: OnceLock<Result<String, BackendError>> = OnceLock::new();
    let version = VERSION.get_or_init(|| {
        let (mut major, mut minor) = (0, 0);
        // SAFETY: it writes two numbers.
        unsafe { sys::nvrtcVersion(&raw mut major, &raw mut minor) }.result().map_err(failed)?;
        Ok(format!("{major}.{minor}"))
    });
    version.as_deref().map_err(Clone::clone)
}

fn log(program: &Source) -> String {
    // SAFETY: the program lives.
    let bytes = unsafe { result::get_program_log(program.0) }.unwrap_or_default();
    let bytes: Vec<u8> = bytes.into_iter().map(|byte| byte as u8).take_while(|&byte| byte != 0).collect();
    String::from_utf8_lossy(&bytes).into_owned()
}

fn failed(error: NvrtcError) -> BackendError {
    error::prepare(format!("the CUDA compiler (NVRTC) failed: {error:?}"))
}
