use std::fmt;

use phalanx_backend::{Backend, BackendError, Device};
use serde::{Deserialize, Serialize};

use super::text;

/// A backend on a device.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Candidate {
    /// The backend's name.
    pub backend: String,
    /// Its runtime's version; where that was loaded from a file, the file's path follows in parentheses.
    pub version: String,
    /// What it runs on.
    #[serde(with = "text")]
    pub device: Device,
}

impl Candidate {
    pub(crate) fn of(backend: &dyn Backend, device: Device) -> Result<Self, BackendError> {
        Ok(Self { backend: backend.name().to_owned(), version: backend.version()?, device })
    }

    /// The version without the file that the runtime was loaded from.
    #[must_use]
    pub fn runtime_version(&self) -> &str {
        runtime_version(&self.version)
    }
}

/// A version without the path in parentheses that backends put behind it.
pub(crate) fn runtime_version(version: &str) -> &str {
    version.split_once(" (").map_or(version, |(version, _)| version)
}

impl fmt::Display for Candidate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} on {}", self.backend, self.runtime_version(), self.device)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_named_without_the_path_of_its_library() {
        let version = "1.31.1 (/opt/libonnxruntime (1).so)".to_owned();
        let candidate = Candidate { backend: "onnxruntime".to_owned(), version, device: Device::Cuda(1) };
        assert_eq!(candidate.to_string(), "onnxruntime 1.31.1 on cuda:1");
        let json = serde_json::to_string(&candidate).unwrap();
        assert!(json.contains(r#""device":"cuda:1""#), "{json}");
        assert_eq!(serde_json::from_str::<Candidate>(&json).unwrap(), candidate);
    }
}
