use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError, Weak};

use phalanx_backend::Device;
use phalanx_handoff::Semaphore;

use crate::EngineError;

/// One semaphore a device, shared by the lanes of all engines of this process that bound their submitters.
static DEVICES: LazyLock<Mutex<HashMap<Device, Weak<Semaphore>>>> = LazyLock::new(Mutex::default);

/// The semaphore that lets at most `submitters_max` lanes submit to `device` at once.
pub(crate) fn of_device(device: Device, submitters_max: usize) -> Result<Arc<Semaphore>, EngineError> {
    if submitters_max == 0 {
        return Err(EngineError::invalid_option("device_submitters_max", "at least 1", 0));
    }
    let mut devices = DEVICES.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(semaphore) = devices.get(&device).and_then(Weak::upgrade) {
        if semaphore.permits() != submitters_max {
            return Err(EngineError::invalid_option(
                "device_submitters_max",
                format!("{} as in another engine on {device}", semaphore.permits()),
                submitters_max,
            ));
        }
        return Ok(semaphore);
    }
    let semaphore = Arc::new(Semaphore::new(submitters_max));
    devices.insert(device, Arc::downgrade(&semaphore));
    Ok(semaphore)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn engines_on_one_device_share_and_must_agree() {
        let device = Device::Cuda(77);
        let first = of_device(device, 2).unwrap();
        assert!(Arc::ptr_eq(&first, &of_device(device, 2).unwrap()));
        assert!(of_device(device, 3).is_err());
        drop(first);
        assert_eq!(of_device(device, 3).unwrap().permits(), 3);
        assert!(of_device(device, 0).is_err());
    }
}
