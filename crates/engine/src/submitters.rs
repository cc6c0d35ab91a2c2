use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError, Weak};

use phalanx_backend::Device;
use phalanx_handoff::{Account, Turn, Turns};

use crate::EngineError;

/// The turns of each device, shared by all engines of this process that bound their submitters.
static DEVICES: LazyLock<Mutex<HashMap<Device, Weak<Turns>>>> = LazyLock::new(Mutex::default);

/// One engine among those that take turns on a device.
#[derive(Debug)]
pub(crate) struct Submitter {
    turns: Arc<Turns>,
    account: Account,
}

impl Submitter {
    /// Lets at most `submitters_max` lanes of all engines submit to `device` at once; they share its time fairly.
    pub(crate) fn on(device: Device, submitters_max: usize) -> Result<Self, EngineError> {
        if submitters_max == 0 {
            return Err(EngineError::invalid_option("device_submitters_max", "at least 1", 0));
        }
        let mut devices = DEVICES.lock().unwrap_or_else(PoisonError::into_inner);
        let turns = match devices.get(&device).and_then(Weak::upgrade) {
            Some(turns) if turns.places() != submitters_max => {
                return Err(EngineError::invalid_option(
                    "device_submitters_max",
                    format!("{} as in another engine on {device}", turns.places()),
                    submitters_max,
                ));
            }
            Some(turns) => turns,
            None => {
                let turns = Arc::new(Turns::new(submitters_max));
                devices.insert(device, Arc::downgrade(&turns));
                turns
            }
        };
        let account = turns.open_account();
        Ok(Self { turns, account })
    }

    /// A turn, if nobody has to wait for one.
    pub(crate) fn try_turn(&self) -> Option<Turn<'_>> {
        self.turns.try_take(self.account)
    }

    /// Waits for a turn.
    pub(crate) fn turn(&self) -> Turn<'_> {
        self.turns.take(self.account)
    }
}

impl Drop for Submitter {
    fn drop(&mut self) {
        self.turns.close_account(self.account);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn engines_on_one_device_share_and_must_agree() {
        let device = Device::Cuda(77);
        let first = Submitter::on(device, 2).unwrap();
        let second = Submitter::on(device, 2).unwrap();
        assert!(Arc::ptr_eq(&first.turns, &second.turns));
        assert_ne!(first.account, second.account);
        assert!(Submitter::on(device, 3).is_err());
        drop((first, second));
        assert_eq!(Submitter::on(device, 3).unwrap().turns.places(), 3);
        assert!(Submitter::on(device, 0).is_err());
    }
}
