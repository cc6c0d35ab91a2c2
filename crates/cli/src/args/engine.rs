use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use clap::error::ErrorKind;
use phalanx_backend::{Device, Devices, Optimize, Precision};
use phalanx_engine::{BackendChoice, Isolation, PadRule, Policy};

use super::{backend, bytes, pad};
use crate::failure::Failure;

/// How the model is run, the same for every command.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Engine options")]
pub(crate) struct EngineArgs {
    /// What runs the model: auto, onnxruntime, cuda or tract [default: auto]
    #[arg(long, value_name = "NAME", hide_possible_values = true, value_parser = backend::parser())]
    pub(crate) backend: Option<BackendChoice>,

    /// What it runs on: cpu, webgpu, coreml, cuda:N or metal, or several with commas between [default: the fastest; of a named backend the one it is for]
    #[arg(long, value_name = "DEVICE")]
    pub(crate) device: Option<Devices>,

    /// The onnxruntime library to load, instead of the first one found
    #[arg(long, value_name = "PATH")]
    pub(crate) onnxruntime: Option<PathBuf>,

    /// Lanes of each device, each running batches of its own [default: from the CPUs there are]
    #[arg(long, value_name = "N")]
    pub(crate) lanes: Option<NonZeroUsize>,

    /// Threads of one run of the model [default: from the CPUs there are]
    #[arg(long, value_name = "N")]
    pub(crate) threads: Option<NonZeroUsize>,

    /// Rows of the largest batch [default: the most efficient at warm-up, up to 128]
    #[arg(long, value_name = "ROWS")]
    pub(crate) max_batch: Option<NonZeroUsize>,

    /// Batches of a lane that may be formed or running at once [default: 2]
    #[arg(long, value_name = "N")]
    pub(crate) depth: Option<NonZeroUsize>,

    /// Queues of each device, which share its lanes out [default: 1; of a GPU one for every two CPUs]
    #[arg(long, value_name = "N")]
    pub(crate) queues: Option<NonZeroUsize>,

    /// The latency that callers were promised, such as 20ms
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    pub(crate) slo: Option<Duration>,

    /// When a batch leaves: immediate, delay:TIME, adaptive:TIME, aimd[:TIME], deferred or slo-window [default: slo-window]
    #[arg(long, value_name = "POLICY")]
    pub(crate) policy: Option<Policy>,

    /// Rows that may wait at once in each queue [default: 8192]
    #[arg(long, value_name = "N")]
    pub(crate) queue_limit: Option<NonZeroUsize>,

    /// How much the runtime may rewrite the model: none, basic or full [default: full]
    #[arg(long, value_name = "LEVEL")]
    pub(crate) optimize: Option<Optimize>,

    /// Arithmetic inside the model: fp32, tf32, fp16 or bf16 [default: fp32]
    #[arg(long, value_name = "PRECISION")]
    pub(crate) precision: Option<Precision>,

    /// Microseconds that the end of a batch on a GPU is waited for awake, at most 50 [default: 0]
    #[arg(long, value_name = "N")]
    pub(crate) spin_us: Option<u32>,

    /// Pads an axis of an input up to the next of these lengths: INPUT:AXIS:LENGTH,LENGTH,...[:FILL]
    #[arg(long, value_name = "RULE", value_parser = pad::parse)]
    pub(crate) pad: Vec<PadRule>,

    /// Memory for requests and batches, such as 512MiB [default: 2GiB]
    #[arg(long, value_name = "BYTES", value_parser = bytes::parse)]
    pub(crate) memory_max: Option<usize>,

    /// How long a batch may run before its lane is given up [default: 1m; of a worker process 10 times the usual]
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    pub(crate) batch_timeout: Option<Duration>,

    /// Lanes of all models that may submit to the device at once [default: all]
    #[arg(long, value_name = "N")]
    pub(crate) device_submitters_max: Option<NonZeroUsize>,

    /// Whether lanes run in this process or each in a worker process of its own: thread or process [default: thread]
    #[arg(long, value_name = "HOW")]
    pub(crate) isolation: Option<Isolation>,

    /// The executable of worker processes [default: this program]
    #[arg(long, value_name = "PATH")]
    pub(crate) worker_exe: Option<PathBuf>,

    /// Answers with the error where the backend fails, instead of running the batch on the next one
    #[arg(long, value_name = "BOOL", default_value_t = false, default_missing_value = "true")]
    #[arg(num_args = 0..=1, require_equals = true, hide_possible_values = true)]
    #[arg(action = clap::ArgAction::Set)]
    pub(crate) no_fallback: bool,

    /// Valid input to warm up with, instead of numbers drawn at random
    #[arg(long, value_name = "FILE.npz")]
    pub(crate) warmup: Option<PathBuf>,
}

impl EngineArgs {
    /// What the model runs on, for commands that look at one device at a time.
    ///
    /// # Errors
    /// Wrong usage, where several are named.
    pub(crate) fn one_device(&self) -> Result<Option<Device>, Failure> {
        match &self.device {
            Some(devices) if !devices.others().is_empty() => {
                let message = format_args!("--device: expected one device for this command, got {devices}");
                Err(Failure::usage(ErrorKind::ValueValidation, message))
            }
            devices => Ok(devices.as_ref().map(Devices::first)),
        }
    }

    /// The same, the processor unless one is named; the first, where nobody asked before whether there are several.
    pub(crate) fn device(&self) -> Device {
        self.device.as_ref().map_or(Device::Cpu, Devices::first)
    }
}
