use std::ffi::{CStr, CString, c_char, c_void};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use ort::sys::{
    ExecutionMode, GraphOptimizationLevel, OrtCUDAProviderOptionsV2, OrtLoggingFunction, OrtSessionOptions,
};
use phalanx_backend::Optimize;

use super::{Fault, Handle, check};
use crate::Library;

/// How the runtime is to load a model.
pub(crate) struct SessionOptions {
    handle: Handle<OrtSessionOptions>,
}

impl SessionOptions {
    /// One operator at a time, on `threads` threads: the calling one and a pool of the others.
    pub(crate) fn new(library: &'static Library, threads: usize, optimize: Optimize) -> Result<Self, Fault> {
        let api = library.api();
        // SAFETY: the options are a new object.
        let handle = unsafe { Handle::create(api, |out| (api.CreateSessionOptions)(out))? };
        let level = match optimize {
            Optimize::None => GraphOptimizationLevel::ORT_DISABLE_ALL,
            Optimize::Basic => GraphOptimizationLevel::ORT_ENABLE_BASIC,
            Optimize::Full => GraphOptimizationLevel::ORT_ENABLE_ALL,
        };
        let threads = i32::try_from(threads).unwrap_or(i32::MAX);
        let pointer = handle.as_ptr();
        // SAFETY: the options are alive for each call.
        unsafe {
            check(api, (api.SetSessionExecutionMode)(pointer, ExecutionMode::ORT_SEQUENTIAL))?;
            check(api, (api.SetIntraOpNumThreads)(pointer, threads))?;
            check(api, (api.SetInterOpNumThreads)(pointer, 1))?;
            check(api, (api.SetSessionGraphOptimizationLevel)(pointer, level))?;
        }
        Ok(Self { handle })
    }

    /// Sets an entry of `onnxruntime_session_options_config_keys.h`.
    pub(crate) fn set(&mut self, key: &CStr, value: &CStr) -> Result<(), Fault> {
        let api = self.handle.api();
        // SAFETY: the options are alive, both strings terminated.
        check(api, unsafe { (api.AddSessionConfigEntry)(self.as_ptr(), key.as_ptr(), value.as_ptr()) })
    }

    /// Fixes the axes called `symbol` at `size`.
    pub(crate) fn fix_axis(&mut self, symbol: &str, size: usize) -> Result<(), Fault> {
        let api = self.handle.api();
        let name =
            CString::new(symbol).map_err(|_| Fault::new(format!("the axis {symbol:?} holds a NUL")))?;
        let size = i64::try_from(size).map_err(|_| Fault::new(format!("an axis of {size} is too long")))?;
        // SAFETY: the options are alive, the name terminated.
        check(api, unsafe { (api.AddFreeDimensionOverrideByName)(self.as_ptr(), name.as_ptr(), size) })
    }

    /// Has the session write down how long its operators take, into a file whose name begins with `prefix`.
    pub(crate) fn profile_to(&mut self, prefix: &Path) -> Result<(), Fault> {
        let api = self.handle.api();
        let prefix = CString::new(prefix.as_os_str().as_bytes())
            .map_err(|_| Fault::new(format!("the path {prefix:?} holds a NUL")))?;
        // SAFETY: the options are alive, the path terminated.
        check(api, unsafe { (api.EnableProfiling)(self.as_ptr(), prefix.as_ptr()) })
    }

    /// Has `provider` take the nodes it can, with these options of its own.
    pub(crate) fn append_provider(
        &mut self,
        provider: &CStr,
        options: &[(&CStr, &CStr)],
    ) -> Result<(), Fault> {
        let api = self.handle.api();
        let (keys, values) = columns(options);
        // SAFETY: the options are alive, all strings terminated, both arrays as long as their count says.
        let status = unsafe {
            (api.SessionOptionsAppendExecutionProvider)(
                self.as_ptr(),
                provider.as_ptr(),
                keys.as_ptr(),
                values.as_ptr(),
                options.len(),
            )
        };
        check(api, status)
    }

    /// As [`Self::append_provider`] for CUDA, which the general call does not take in every version.
    pub(crate) fn append_cuda(&mut self, options: &[(&CStr, &CStr)]) -> Result<(), Fault> {
        let api = self.handle.api();
        // SAFETY: the provider's options are a new object.
        let cuda: Handle<OrtCUDAProviderOptionsV2> =
            unsafe { Handle::create(api, |out| (api.CreateCUDAProviderOptions)(out))? };
        let (keys, values) = columns(options);
        // SAFETY: both options are alive, all strings terminated, both arrays as long as their count says.
        unsafe {
            let (keys, values) = (keys.as_ptr(), values.as_ptr());
            check(api, (api.UpdateCUDAProviderOptions)(cuda.as_ptr(), keys, values, options.len()))?;
            check(api, (api.SessionOptionsAppendExecutionProvider_CUDA_V2)(self.as_ptr(), cuda.as_ptr()))
        }
    }

    /// Sends every message of the session to `function` with `parameter`.
    ///
    /// # Safety
    /// `parameter` must be what `function` takes, for as long as a session made with these options lives, on
    /// whichever thread.
    pub(crate) unsafe fn log_to(
        &mut self,
        function: OrtLoggingFunction,
        parameter: *mut c_void,
    ) -> Result<(), Fault> {
        const VERBOSE: i32 = 0;
        let api = self.handle.api();
        // SAFETY: the options are alive; the rest is the caller's promise.
        unsafe {
            check(api, (api.SetUserLoggingFunction)(self.as_ptr(), function, parameter))?;
            check(api, (api.SetSessionLogSeverityLevel)(self.as_ptr(), VERBOSE))
        }
    }

    pub(crate) fn as_ptr(&self) -> *mut OrtSessionOptions {
        self.handle.as_ptr()
    }
}

fn columns(options: &[(&CStr, &CStr)]) -> (Vec<*const c_char>, Vec<*const c_char>) {
    options.iter().map(|(key, value)| (key.as_ptr(), value.as_ptr())).unzip()
}
