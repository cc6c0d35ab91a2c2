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

/// One device or several, each once: `cuda:0,cuda:1`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Devices {
    first: Device,
    others: Vec<Device>,
}

impl Devices {
    /// These devices, each once, in this order; `None` where there are none.
    pub fn new(devices: impl IntoIterator<Item = Device>) -> Option<Self> {
        let mut devices = devices.into_iter();
        let mut unique = Self::from(devices.next()?);
        for device in devices {
            if unique.iter().all(|other| other != device) {
                unique.others.push(device);
            }
        }
        Some(unique)
    }

    /// The first of them.
    #[must_use]
    pub fn first(&self) -> Device {
        self.first
    }

    /// All but the first.
    #[must_use]
    pub fn others(&self) -> &[Device] {
        &self.others
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = Device> + '_ {
        std::iter::once(self.first).chain(self.others.iter().copied())
    }
}

impl From<Device> for Devices {
    fn from(first: Device) -> Self {
        Self { first, others: Vec::new() }
    }
}

impl fmt::Display for Devices {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<String> = self.iter().map(|device| device.to_string()).collect();
        f.pad(&names.join(","))
    }
}

impl FromStr for Devices {
    type Err = ParseDeviceError;

    fn from_str(text: &str) -> Result<Self, ParseDeviceError> {
        let devices: Vec<Device> = text.split(',').map(str::parse).collect::<Result<_, _>>()?;
        Self::new(devices).ok_or_else(|| ParseDeviceError { got: text.to_owned() })
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

    #[test]
    fn several_devices_are_listed_once_each() {
        let devices: Devices = "cuda:1,cuda:0,cuda:1".parse().unwrap();
        assert_eq!((devices.first(), devices.others()), (Device::Cuda(1), &[Device::Cuda(0)][..]));
        assert_eq!(devices.to_string(), "cuda:1,cuda:0");
        assert_eq!("cpu".parse(), Ok(Devices::from(Device::Cpu)));
        for wrong in ["", "cuda:0,", "cuda:0;cuda:1"] {
            assert!(wrong.parse::<Devices>().is_err(), "{wrong}");
        }
    }
}
