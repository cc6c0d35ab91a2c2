use std::ffi::{CString, c_char};
use std::mem::ManuallyDrop;
use std::os::unix::ffi::OsStrExt;
use std::ptr;

use ort::AsPointer;
use ort::sys::{OrtSession, OrtValue};
use phalanx_model::Model;
use phalanx_tensor::TensorInfo;

use super::{Alone, Fault, Handle, SessionOptions, check};
use crate::Library;

/// A model that the runtime has loaded; any number of threads may run it at once.
pub(crate) struct Session {
    /// Released by `drop` in its turn.
    handle: ManuallyDrop<Handle<OrtSession>>,
    alone: Alone,
    inputs: Names,
    outputs: Names,
}

/// Names as the C interface takes them.
struct Names {
    pointers: Vec<*const c_char>,
    /// What the pointers point to.
    _names: Vec<CString>,
}

// SAFETY: the pointers are into strings that live beside them and are never changed.
unsafe impl Send for Names {}
// SAFETY: as above.
unsafe impl Sync for Names {}

impl Session {
    /// Loads `model`: from its bytes, or from its path where it has external data beside it. It works
    /// `alone` where it must.
    pub(crate) fn create(
        library: &'static Library,
        model: &Model,
        options: &SessionOptions,
        alone: Alone,
    ) -> Result<Self, Fault> {
        let _turn = alone.load();
        let (api, environment) = (library.api(), library.environment().ptr());
        let handle = match (model.external_data(), model.path()) {
            ([], _) | (_, None) => {
                let bytes = model.bytes();
                // SAFETY: environment, options and the model's bytes are valid for the call, which copies what it
                // keeps of them.
                unsafe {
                    Handle::create(api, |out| {
                        let data = bytes.as_ptr().cast();
                        (api.CreateSessionFromArray)(environment, data, bytes.len(), options.as_ptr(), out)
                    })?
                }
            }
            (_, Some(path)) => {
                let path = c_string(path.as_os_str().as_bytes())?;
                // SAFETY: environment, path and options are valid for the call.
                unsafe {
                    Handle::create(api, |out| {
                        (api.CreateSession)(environment, path.as_ptr(), options.as_ptr(), out)
                    })?
                }
            }
        };
        let signature = model.signature();
        let (inputs, outputs) = (Names::of(&signature.inputs)?, Names::of(&signature.outputs)?);
        Ok(Self { handle: ManuallyDrop::new(handle), alone, inputs, outputs })
    }

    /// Runs it on the calling thread. Where an output is null the runtime allocates it, and the caller owns it.
    ///
    /// # Errors
    /// What the runtime says; then the outputs are as they were.
    ///
    /// # Safety
    /// Every value must be alive, one for each input and output of the signature, and valid as [`super::Value::over`]
    /// asks; no output may be in use by another run.
    pub(crate) unsafe fn run(
        &self,
        inputs: &[*const OrtValue],
        outputs: &mut [*mut OrtValue],
    ) -> Result<(), Fault> {
        debug_assert_eq!((inputs.len(), outputs.len()), (self.inputs.len(), self.outputs.len()));
        let _turn = self.alone.run();
        let api = self.handle.api();
        // SAFETY: names and values are as many as their counts say; the rest is the caller's promise. Null stands
        // for default options.
        let status = unsafe {
            (api.Run)(
                self.handle.as_ptr(),
                ptr::null(),
                self.inputs.pointers.as_ptr(),
                inputs.as_ptr(),
                inputs.len(),
                self.outputs.pointers.as_ptr(),
                outputs.len(),
                outputs.as_mut_ptr(),
            )
        };
        check(api, status)
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let _turn = self.alone.load();
        // SAFETY: this is the one place where it is dropped, and nothing uses it after.
        unsafe { ManuallyDrop::drop(&mut self.handle) };
    }
}

impl Names {
    fn of(entries: &[TensorInfo]) -> Result<Self, Fault> {
        let names: Vec<CString> =
            entries.iter().map(|info| c_string(info.name.as_bytes())).collect::<Result<_, _>>()?;
        Ok(Self { pointers: names.iter().map(|name| name.as_ptr()).collect(), _names: names })
    }

    fn len(&self) -> usize {
        self.pointers.len()
    }
}

fn c_string(bytes: &[u8]) -> Result<CString, Fault> {
    CString::new(bytes).map_err(|_| Fault::new(format!("{:?} holds a NUL", String::from_utf8_lossy(bytes))))
}
