use phalanx_backend::{BackendError, Device};
use serde::{Deserialize, Serialize};

use super::names::intern;

/// A [`BackendError`] on its way out of the worker.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum WireError {
    Unavailable { backend: String, reason: String, hint: Option<String> },
    NoSuchDevice { backend: String, device: String, available: Vec<String> },
    UnsupportedOperators { backend: String, operators: Vec<String> },
    UnsupportedOption { backend: String, device: String, option: String },
    Prepare { backend: String, message: String },
    Input { input: String, expected: String, got: String },
    Run { backend: String, message: String },
    OutOfMemory { backend: String, message: String },
    DeviceLost { backend: String, message: String },
    Panicked { message: String },
}

impl From<&BackendError> for WireError {
    fn from(error: &BackendError) -> Self {
        let owned = |text: &str| text.to_owned();
        match error.clone() {
            BackendError::Unavailable { backend, reason, hint } => {
                Self::Unavailable { backend: owned(backend), reason, hint }
            }
            BackendError::NoSuchDevice { backend, device, available } => Self::NoSuchDevice {
                backend: owned(backend),
                device: device.to_string(),
                available: available.iter().map(Device::to_string).collect(),
            },
            BackendError::UnsupportedOperators { backend, operators } => {
                Self::UnsupportedOperators { backend: owned(backend), operators }
            }
            BackendError::UnsupportedOption { backend, device, option } => {
                Self::UnsupportedOption { backend: owned(backend), device: device.to_string(), option }
            }
            BackendError::Prepare { backend, message } => Self::Prepare { backend: owned(backend), message },
            BackendError::Input { input, expected, got } => Self::Input { input, expected, got },
            BackendError::Run { backend, message } => Self::Run { backend: owned(backend), message },
            BackendError::OutOfMemory { backend, message } => {
                Self::OutOfMemory { backend: owned(backend), message }
            }
            BackendError::DeviceLost { backend, message } => {
                Self::DeviceLost { backend: owned(backend), message }
            }
            BackendError::Panicked { message } => Self::Panicked { message },
            other => Self::Run { backend: owned("worker"), message: other.to_string() },
        }
    }
}

impl WireError {
    /// The error as its backend gave it; `device` stands for one whose name cannot be read.
    pub(crate) fn into_error(self, device: Device) -> BackendError {
        let parsed = |text: &str| text.parse().unwrap_or(device);
        match self {
            Self::Unavailable { backend, reason, hint } => {
                BackendError::Unavailable { backend: intern(&backend), reason, hint }
            }
            Self::NoSuchDevice { backend, device, available } => BackendError::NoSuchDevice {
                backend: intern(&backend),
                device: parsed(&device),
                available: available.iter().filter_map(|name| name.parse().ok()).collect(),
            },
            Self::UnsupportedOperators { backend, operators } => {
                BackendError::UnsupportedOperators { backend: intern(&backend), operators }
            }
            Self::UnsupportedOption { backend, device, option } => {
                BackendError::UnsupportedOption { backend: intern(&backend), device: parsed(&device), option }
            }
            Self::Prepare { backend, message } => {
                BackendError::Prepare { backend: intern(&backend), message }
            }
            Self::Input { input, expected, got } => BackendError::Input { input, expected, got },
            Self::Run { backend, message } => BackendError::Run { backend: intern(&backend), message },
            Self::OutOfMemory { backend, message } => {
                BackendError::OutOfMemory { backend: intern(&backend), message }
            }
            Self::DeviceLost { backend, message } => {
                BackendError::DeviceLost { backend: intern(&backend), message }
            }
            Self::Panicked { message } => BackendError::Panicked { message },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{decode, encode};

    #[test]
    fn errors_come_out_as_they_went_in() {
        let text = || "text".to_owned();
        for error in [
            BackendError::Unavailable { backend: "tract", reason: text(), hint: Some(text()) },
            BackendError::NoSuchDevice {
                backend: "tract",
                device: Device::Cuda(3),
                available: vec![Device::Cpu],
            },
            BackendError::UnsupportedOperators { backend: "tract", operators: vec![text()] },
            BackendError::UnsupportedOption { backend: "tract", device: Device::Metal, option: text() },
            BackendError::Prepare { backend: "tract", message: text() },
            BackendError::Input { input: text(), expected: text(), got: text() },
            BackendError::Run { backend: "tract", message: text() },
            BackendError::OutOfMemory { backend: "tract", message: text() },
            BackendError::DeviceLost { backend: "tract", message: text() },
            BackendError::Panicked { message: text() },
        ] {
            let wire: WireError = decode(&encode(&WireError::from(&error))).unwrap();
            assert_eq!(wire.into_error(Device::Cpu), error);
        }
    }
}
