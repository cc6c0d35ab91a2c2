use phalanx_backend::{Device, Devices};

use super::ConfigError;
use super::fields::{Fields, Given};

/// How many lanes each device has, and which devices.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Instances {
    pub(super) lanes: Option<usize>,
    pub(super) devices: Option<Devices>,
}

pub(super) fn read(fields: &mut Fields<'_>) -> Result<Instances, ConfigError> {
    let mut groups = fields.many("instance_group");
    match (groups.next(), groups.next()) {
        (None, _) => Ok(Instances::default()),
        (Some(group), None) => read_group(&group),
        (Some(_), Some(second)) => {
            Err(second.wrong("one group, since all devices of a model have as many lanes", "another"))
        }
    }
}

fn read_group(group: &Given<'_>) -> Result<Instances, ConfigError> {
    let mut fields = group.message()?;
    fields.read("name", |name| name.text())?;
    let lanes = fields.read("count", |count| count.number::<u32>(0))?.filter(|&count| count > 0);
    let gpus = fields.many("gpus").collect::<Vec<_>>();
    let devices = match fields.one("kind")? {
        None => gpus_of(&gpus)?,
        Some(kind) => match kind.word()? {
            "KIND_CPU" if gpus.is_empty() => Some(Device::Cpu.into()),
            "KIND_CPU" => return Err(gpus[0].unexpected("none, since kind is KIND_CPU")),
            "KIND_GPU" => Some(gpus_of(&gpus)?.unwrap_or_else(|| FIRST_GPU.into())),
            "KIND_AUTO" => gpus_of(&gpus)?,
            _ => return Err(kind.unexpected("KIND_CPU, KIND_GPU or KIND_AUTO")),
        },
    };
    let hint = "";
    fields.idle(&["secondary_devices", "profile", "passive", "host_policy"], hint)?;
    fields.finish()?;
    Ok(Instances { lanes: lanes.map(|count| count as usize), devices })
}

/// The GPU that is meant where none is named.
const FIRST_GPU: Device = if cfg!(target_os = "macos") { Device::WebGpu } else { Device::Cuda(0) };

/// The GPUs that are named.
fn gpus_of(gpus: &[Given<'_>]) -> Result<Option<Devices>, ConfigError> {
    let devices: Vec<Device> = gpus.iter().map(gpu_of).collect::<Result<_, _>>()?;
    Ok(Devices::new(devices))
}

fn gpu_of(gpu: &Given<'_>) -> Result<Device, ConfigError> {
    let index = gpu.number::<u32>(0)?;
    match FIRST_GPU {
        Device::Cuda(_) => Ok(Device::Cuda(index)),
        other if index == 0 => Ok(other),
        _ => Err(gpu.unexpected("0, since the machine has one GPU")),
    }
}
