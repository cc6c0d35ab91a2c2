use phalanx_backend::Device;

use super::ConfigError;
use super::fields::{Fields, Given};

/// How many lanes there are, and on which device.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Instances {
    pub(super) lanes: Option<usize>,
    pub(super) device: Option<Device>,
}

pub(super) fn read(fields: &mut Fields<'_>) -> Result<Instances, ConfigError> {
    let mut groups = fields.many("instance_group");
    match (groups.next(), groups.next()) {
        (None, _) => Ok(Instances::default()),
        (Some(group), None) => read_group(&group),
        (Some(_), Some(second)) => {
            Err(second.wrong("one group, since a model runs on one device", "another"))
        }
    }
}

fn read_group(group: &Given<'_>) -> Result<Instances, ConfigError> {
    let mut fields = group.message()?;
    fields.read("name", |name| name.text())?;
    let lanes = fields.read("count", |count| count.number::<u32>(0))?.filter(|&count| count > 0);
    let gpus = fields.many("gpus").collect::<Vec<_>>();
    let device = match fields.one("kind")? {
        None => gpu_of(&gpus)?,
        Some(kind) => match kind.word()? {
            "KIND_CPU" if gpus.is_empty() => Some(Device::Cpu),
            "KIND_CPU" => return Err(gpus[0].unexpected("none, since kind is KIND_CPU")),
            "KIND_GPU" => Some(gpu_of(&gpus)?.unwrap_or(FIRST_GPU)),
            "KIND_AUTO" => gpu_of(&gpus)?,
            _ => return Err(kind.unexpected("KIND_CPU, KIND_GPU or KIND_AUTO")),
        },
    };
    let hint = "";
    fields.idle(&["secondary_devices", "profile", "passive", "host_policy"], hint)?;
    fields.finish()?;
    Ok(Instances { lanes: lanes.map(|count| count as usize), device })
}

/// The GPU that is meant where none is named.
const FIRST_GPU: Device = if cfg!(target_os = "macos") { Device::WebGpu } else { Device::Cuda(0) };

/// The one GPU that is named.
fn gpu_of(gpus: &[Given<'_>]) -> Result<Option<Device>, ConfigError> {
    let [first, rest @ ..] = gpus else { return Ok(None) };
    if let Some(second) = rest.first() {
        return Err(second.unexpected("one GPU, since a model runs on one device"));
    }
    let index = first.number::<u32>(0)?;
    match FIRST_GPU {
        Device::Cuda(_) => Ok(Some(Device::Cuda(index))),
        other if index == 0 => Ok(Some(other)),
        _ => Err(first.unexpected("0, since the machine has one GPU")),
    }
}
