use std::num::NonZeroUsize;

use phalanx_backend::{Optimize, Precision};
use serde::{Deserialize, Serialize};
use sysinfo::{CpuRefreshKind, RefreshKind, System};
use twox_hash::XxHash3_128;

use crate::choice::{Candidate, Inputs, text};

/// All that an outcome depends on. Where any of it has changed, candidates are tried again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Key {
    /// Version of this crate, which holds the built-in backends' code.
    pub(crate) phalanx: String,
    pub(crate) machine: Machine,
    /// Hash of the model's content.
    pub(crate) model: String,
    /// Hash of what candidates are run on.
    pub(crate) inputs: String,
    pub(crate) threads: NonZeroUsize,
    #[serde(with = "text")]
    pub(crate) optimize: Optimize,
    #[serde(with = "text")]
    pub(crate) precision: Precision,
    /// Rows of the large batch, at most.
    pub(crate) rows_max: usize,
    /// Who is tried, with the device in the words of its driver.
    pub(crate) candidates: Vec<(Candidate, Option<String>)>,
}

/// The processor; other devices stand with their candidates.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Machine {
    cpu: String,
    cores: usize,
    arch: String,
}

impl Machine {
    pub(crate) fn here() -> Self {
        let cpu = RefreshKind::nothing().with_cpu(CpuRefreshKind::nothing());
        let system = System::new_with_specifics(cpu);
        Self {
            cpu: system.cpus().first().map_or_else(String::new, |cpu| cpu.brand().trim().to_owned()),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            arch: std::env::consts::ARCH.to_owned(),
        }
    }
}

impl Key {
    /// The name of its file.
    pub(super) fn file_name(&self) -> Result<String, serde_json::Error> {
        let hash = XxHash3_128::oneshot(&serde_json::to_vec(self)?);
        Ok(format!("{hash:032x}.json"))
    }

    /// The hash of what candidates are run on: of drawn numbers their shapes, for they are always the same.
    pub(crate) fn of_inputs(inputs: &Inputs) -> String {
        let mut hash = XxHash3_128::new();
        for shape in inputs.shapes.iter().flatten() {
            hash.write(format!("{shape};").as_bytes());
        }
        for tensor in inputs.given.iter().flat_map(|given| given.iter()) {
            hash.write(format!("{} {};", tensor.dtype(), tensor.shape()).as_bytes());
            hash.write(tensor.bytes());
            for text in tensor.strings().unwrap_or_default() {
                hash.write(format!("{}:{text}", text.len()).as_bytes());
            }
        }
        format!("{:032x}", hash.finish_128())
    }
}
