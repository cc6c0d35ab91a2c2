//! What a backend says of itself and its devices.

use phalanx_backend::{Backend, BackendError, DeviceInfo};
use serde::{Deserialize, Serialize};

use crate::session;

/// A backend, and what it finds on this machine.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Listing {
    pub(crate) name: String,
    pub(crate) version: Option<String>,
    /// Where its runtime was loaded from.
    pub(crate) library: Option<String>,
    pub(crate) devices: Vec<ListedDevice>,
    /// Why it cannot be used.
    pub(crate) unavailable: Option<String>,
    pub(crate) hint: Option<String>,
}

/// A device that a backend found.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ListedDevice {
    pub(crate) device: String,
    pub(crate) description: String,
}

impl Listing {
    /// A backend of which nothing is known yet.
    pub(crate) fn unknown(name: &str) -> Self {
        let name = name.to_owned();
        Self { name, version: None, library: None, devices: Vec::new(), unavailable: None, hint: None }
    }

    /// Asks a backend, which loads its runtime and the drivers of its devices.
    pub(crate) fn of(backend: &dyn Backend) -> Self {
        let mut listing = Self::unknown(backend.name());
        if let Ok(version) = backend.version() {
            let (version, library) = session::version(&version);
            listing.version = Some(version.to_owned());
            listing.library = library.map(str::to_owned);
        }
        match backend.devices() {
            Ok(devices) => listing.devices = devices.into_iter().map(ListedDevice::from).collect(),
            Err(error) => {
                listing.unavailable = Some(error.to_string());
                if let BackendError::Unavailable { hint, .. } = error {
                    listing.hint = hint;
                }
            }
        }
        listing
    }
}

impl From<DeviceInfo> for ListedDevice {
    fn from(info: DeviceInfo) -> Self {
        Self { device: info.device.to_string(), description: info.description }
    }
}
