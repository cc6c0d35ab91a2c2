use std::ptr::{self, NonNull};

use ort::sys::{
    OrtApi, OrtCUDAProviderOptionsV2, OrtMemoryInfo, OrtSession, OrtSessionOptions, OrtStatusPtr,
    OrtTensorTypeAndShapeInfo, OrtValue,
};

use super::{Fault, check};

/// A kind of object that the C interface gives out and takes back.
pub(crate) trait Release {
    /// The function that takes it back.
    fn release(api: &OrtApi) -> unsafe extern "system" fn(*mut Self);
}

macro_rules! release {
    ($($type:ty => $function:ident),* $(,)?) => {
        $(impl Release for $type {
            fn release(api: &OrtApi) -> unsafe extern "system" fn(*mut Self) {
                api.$function
            }
        })*
    };
}

release! {
    OrtSession => ReleaseSession,
    OrtSessionOptions => ReleaseSessionOptions,
    OrtMemoryInfo => ReleaseMemoryInfo,
    OrtValue => ReleaseValue,
    OrtTensorTypeAndShapeInfo => ReleaseTensorTypeAndShapeInfo,
    OrtCUDAProviderOptionsV2 => ReleaseCUDAProviderOptions,
}

/// The owner of one object of the C interface.
pub(crate) struct Handle<T: Release> {
    pointer: NonNull<T>,
    api: &'static OrtApi,
}

impl<T: Release> Handle<T> {
    /// Takes over what `create` writes to the place it is given.
    ///
    /// # Safety
    /// On success `create` must have written an object that nothing else releases.
    pub(crate) unsafe fn create(
        api: &'static OrtApi,
        create: impl FnOnce(*mut *mut T) -> OrtStatusPtr,
    ) -> Result<Self, Fault> {
        let mut pointer = ptr::null_mut();
        check(api, create(&mut pointer))?;
        // SAFETY: the caller's promise.
        unsafe { Self::take(api, pointer) }.ok_or_else(|| Fault::new("the runtime gave no object"))
    }

    /// Takes over `pointer`; `None` where it is null.
    ///
    /// # Safety
    /// Nothing else may release it.
    pub(crate) unsafe fn take(api: &'static OrtApi, pointer: *mut T) -> Option<Self> {
        NonNull::new(pointer).map(|pointer| Self { pointer, api })
    }

    pub(crate) fn as_ptr(&self) -> *mut T {
        self.pointer.as_ptr()
    }

    pub(crate) fn api(&self) -> &'static OrtApi {
        self.api
    }
}

impl<T: Release> Drop for Handle<T> {
    fn drop(&mut self) {
        // SAFETY: this handle is the object's one owner, by the promise of whoever made it.
        unsafe { T::release(self.api)(self.pointer.as_ptr()) }
    }
}

// SAFETY: the C interface allows a session to be run by several threads at once, and to be released on any; a
// provider that cannot run concurrently has the session take a lock of its own.
unsafe impl Send for Handle<OrtSession> {}
// SAFETY: as above.
unsafe impl Sync for Handle<OrtSession> {}
// SAFETY: a description of memory, immutable once made and bound to no thread.
unsafe impl Send for Handle<OrtMemoryInfo> {}
// SAFETY: as above.
unsafe impl Sync for Handle<OrtMemoryInfo> {}
