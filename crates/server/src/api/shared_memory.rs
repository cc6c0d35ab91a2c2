use phalanx_protocol::rest::metadata::{CudaRegion, SystemRegion, SystemRegistration};
use phalanx_shm::{Region, ShmError};

use crate::ServeError;
use crate::context::Context;

/// Knows a region of shared memory by `name` from now on.
///
/// # Errors
/// [`ServeError::Forbidden`] unless the server was told to allow it; [`ServeError::Invalid`] and others, as
/// [`phalanx_shm::Regions::register`].
pub(crate) fn register(
    context: &Context,
    name: &str,
    registration: &SystemRegistration,
) -> Result<(), ServeError> {
    check_allowed(context)?;
    let SystemRegistration { key, offset, byte_size } = registration;
    context.regions.register(name, key, *offset, *byte_size)?;
    Ok(())
}

/// Forgets a region, or all where `name` is empty. One that is not known is as good as forgotten.
///
/// # Errors
/// [`ServeError::Forbidden`].
pub(crate) fn unregister(context: &Context, name: &str) -> Result<(), ServeError> {
    check_allowed(context)?;
    if name.is_empty() {
        context.regions.unregister_all();
        return Ok(());
    }
    match context.regions.unregister(name) {
        Ok(()) | Err(ShmError::Unknown { .. }) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// The region of this name, or all where it is empty.
///
/// # Errors
/// [`ServeError::Forbidden`]; [`ServeError::Invalid`] for an unknown name.
pub(crate) fn status(context: &Context, name: &str) -> Result<Vec<SystemRegion>, ServeError> {
    check_allowed(context)?;
    if name.is_empty() {
        return Ok(context.regions.list().iter().map(|region| describe(region)).collect());
    }
    Ok(vec![describe(&*context.regions.get(name)?)])
}

/// Regions of CUDA's shared memory: there are none, and so the one of this name is not.
///
/// # Errors
/// [`ServeError::Unsupported`] unless `name` is empty.
pub(crate) fn cuda_status(name: &str) -> Result<Vec<CudaRegion>, ServeError> {
    if name.is_empty() { Ok(Vec::new()) } else { Err(cuda_unsupported()) }
}

/// The answer to who registers CUDA's shared memory.
pub(crate) fn cuda_unsupported() -> ServeError {
    ServeError::Unsupported { what: "CUDA shared memory".to_owned() }
}

/// That clients may use shared memory.
pub(crate) fn check_allowed(context: &Context) -> Result<(), ServeError> {
    if context.options.allow_shared_memory {
        return Ok(());
    }
    Err(ServeError::Forbidden { what: "shared memory", option: "--allow-shared-memory" })
}

fn describe(region: &Region) -> SystemRegion {
    SystemRegion {
        name: region.name().to_string(),
        key: region.key().to_owned(),
        offset: region.offset(),
        byte_size: region.byte_size(),
    }
}
