use std::fmt;
use std::str::FromStr;

/// What a program runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Device {
    /// The processor's own cores.
    Cpu,
    /// A GPU behind WebGPU: Metal on macOS, Vulkan or Direct3D elsewhere.
    WebGpu,
    /// Apple's CoreML, which spreads work over CPU, GPU and Neural Engine.
    CoreMl,
    /// The NVIDIA GPU of this index.
    Cuda(u32),
    /// The Apple GPU, through Metal.
    Metal,
}

/// The text names no device.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a device (cpu, webgpu, coreml, cuda:N or metal), got {got:?}")]
pub struct ParseDeviceError {
    /// The text.
    pub got: String,
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cpu => f.pad("cpu"),
            Self::WebGpu => f.pad("webgpu"),
            Self::CoreMl => f.pad("coreml"),
            Self::Cuda(index) => f.pad(&format!("cuda:{index}")),
            Self::Metal => f.pad("metal"),
        }
    }
}

impl FromStr for Device {
    type Err = ParseDeviceError;

    fn from_str(text: &str) -> Result<Self, ParseDeviceError> {
        let error = || ParseDeviceError { got: text.to_owned() };
        match text {
            "cpu" => Ok(Self::Cpu),
            "webgpu" => Ok(Self::WebGpu),
            "coreml" => Ok(Self::CoreMl),
            "cuda" => Ok(Self::Cuda(0)),
            "metal" => Ok(Self::Metal),
            _ => {
                let index = text.strip_prefix("cuda:").ok_or_else(error)?;
                index.parse().map(Self::Cuda).map_err(|_| error())
            }
        }
    }
}

/// A device that a backend found on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceInfo {
    /// How to ask for it.
    pub device: Device,
    /// What it is, in the words of its driver or system.
    pub description: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip() {
        for device in [Device::Cpu, Device::WebGpu, Device::CoreMl, Device::Cuda(3), Device::Metal] {
            assert_eq!(device.to_string().parse(), Ok(device));
        }
        assert_eq!("cuda".parse(), Ok(Device::Cuda(0)));
        for wrong in ["", "gpu", "cuda:", "cuda:-1", "CPU "] {
            assert!(wrong.parse::<Device>().is_err(), "{wrong}");
        }
    }
}
