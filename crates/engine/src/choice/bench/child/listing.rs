use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{fs, io};

use phalanx_backend::{Backend, Device, DeviceInfo};
use serde::{Deserialize, Serialize};

use crate::choice::text;

const ANSWER_FILE: &str = "devices.json";

/// Asks a child which devices a backend finds.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Listing {
    folder: PathBuf,
    backend: String,
    /// The onnxruntime library, where it is not to be searched for.
    pub(crate) library: Option<PathBuf>,
}

#[derive(Serialize, Deserialize)]
struct Found {
    #[serde(with = "text")]
    device: Device,
    description: String,
}

impl Listing {
    /// Asks for the devices of the backend of this name; the answer goes into `folder`.
    pub(crate) fn new(backend: &str, library: Option<&Path>, folder: &Path) -> Self {
        let library = library.map(Path::to_owned);
        Self { folder: folder.to_owned(), backend: backend.to_owned(), library }
    }

    /// Looks, and writes down what there is.
    pub(crate) fn answer(&self, backends: &[Arc<dyn Backend>]) -> io::Result<()> {
        let backend = backends.iter().find(|backend| backend.name() == self.backend);
        let found = match backend.map(|backend| backend.devices()) {
            None => Err(format!("there is no backend {} here", self.backend)),
            Some(Err(error)) => Err(error.to_string()),
            Some(Ok(devices)) => Ok(devices.into_iter().map(Found::from).collect::<Vec<_>>()),
        };
        fs::write(self.folder.join(ANSWER_FILE), serde_json::to_vec(&found)?)
    }

    /// What was written down: the devices, or why there are none.
    pub(crate) fn read(folder: &Path) -> io::Result<Result<Vec<DeviceInfo>, String>> {
        let found: Result<Vec<Found>, String> = serde_json::from_slice(&fs::read(folder.join(ANSWER_FILE))?)?;
        Ok(found.map(|devices| devices.into_iter().map(DeviceInfo::from).collect()))
    }
}

impl From<DeviceInfo> for Found {
    fn from(info: DeviceInfo) -> Self {
        Self { device: info.device, description: info.description }
    }
}

impl From<Found> for DeviceInfo {
    fn from(found: Found) -> Self {
        Self { device: found.device, description: found.description }
    }
}
