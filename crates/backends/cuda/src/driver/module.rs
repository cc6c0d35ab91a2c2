use std::ffi::{CStr, c_void};
use std::sync::Arc;

use cudarc::driver::result::{function, launch_kernel, module};
use cudarc::driver::sys::{self, CUfunction_attribute_enum as Attribute};
use phalanx_backend::BackendError;

use smallvec::SmallVec;

use super::{Stream, failed};

/// Shared memory that a kernel gets without asking.
const SHARED_BYTES_PLAIN: u32 = 48 << 10;

/// Compiled kernels, loaded.
#[derive(Debug)]
pub(crate) struct Module {
    raw: sys::CUmodule,
}

// SAFETY: the driver lets any thread use a module.
unsafe impl Send for Module {}
// SAFETY: the driver lets several threads use a module at once.
unsafe impl Sync for Module {}

impl Module {
    /// Loads machine code on the GPU that is bound to this thread.
    ///
    /// # Errors
    /// What the driver says.
    pub(crate) fn load(code: &[u8]) -> Result<Self, BackendError> {
        // SAFETY: the driver reads the size of the code in its own header.
        let raw = unsafe { module::load_data(code.as_ptr().cast::<c_void>()) };
        Ok(Self { raw: raw.map_err(failed("load a kernel"))? })
    }

    /// A kernel of it, with as much shared memory as its launches ask for.
    ///
    /// # Errors
    /// What the driver says.
    pub(crate) fn function(
        self: &Arc<Self>,
        name: &CStr,
        shared_bytes: u32,
    ) -> Result<Function, BackendError> {
        // SAFETY: the module lives.
        let raw =
            unsafe { module::get_function(self.raw, name.to_owned()) }.map_err(failed("find a kernel"))?;
        if shared_bytes > SHARED_BYTES_PLAIN {
            let attribute = Attribute::CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES;
            let bytes = i32::try_from(shared_bytes).unwrap_or(i32::MAX);
            // SAFETY: the function was just found.
            unsafe { function::set_function_attribute(raw, attribute, bytes) }
                .map_err(failed("give a kernel its shared memory"))?;
        }
        Ok(Function { _module: Arc::clone(self), raw })
    }
}

impl Drop for Module {
    fn drop(&mut self) {
        // SAFETY: it is unloaded once, after all its functions, which hold an `Arc` of it.
        let _ = unsafe { module::unload(self.raw) };
    }
}

/// A kernel.
#[derive(Clone, Debug)]
pub(crate) struct Function {
    _module: Arc<Module>,
    raw: sys::CUfunction,
}

// SAFETY: as a module.
unsafe impl Send for Function {}
// SAFETY: as a module.
unsafe impl Sync for Function {}

impl Function {
    /// Submits it. `arguments` are its parameters in order, each in the low bytes of a word.
    ///
    /// # Safety
    /// The arguments are of the number and the types of the kernel's parameters, and the memory they point to lives
    /// until the stream has done this.
    ///
    /// # Errors
    /// What the driver says.
    pub(crate) unsafe fn launch(
        &self,
        stream: &Stream,
        grid: [u32; 3],
        block: [u32; 3],
        shared_bytes: u32,
        arguments: &mut [u64],
    ) -> Result<(), BackendError> {
        let mut pointers: SmallVec<[*mut c_void; 16]> =
            arguments.iter_mut().map(|word| std::ptr::from_mut(word).cast()).collect();
        // SAFETY: as the caller says; each parameter is read from the low bytes of its word.
        unsafe {
            launch_kernel(self.raw, grid.into(), block.into(), shared_bytes, stream.raw(), &mut pointers)
        }
        .map_err(failed("launch a kernel"))
    }
}
