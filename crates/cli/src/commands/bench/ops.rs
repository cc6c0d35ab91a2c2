use std::ops::ControlFlow;

use phalanx_backend::ops::{Operation, OperationDevice, Products};
use phalanx_backend::{Device, Precision};
use phalanx_measure::ops::{OpsOptions, OpsReport, Processor, run};

use super::ops_table;
use crate::args::OpsArgs;
use crate::failure::Failure;
use crate::progress::Progress;
use crate::terminal;

/// The largest product of the processor: one thread takes its time.
const CPU_SIZE_MAX: usize = 256;

/// Measures single operations on a device.
pub(super) fn execute(args: &OpsArgs) -> Result<(), Failure> {
    let report = match args.device {
        None => match cuda::open(Device::Cuda(0)) {
            Ok(device) => on_gpu(&device, args)?,
            Err(_) => on_cpu(args)?,
        },
        Some(Device::Cpu) => on_cpu(args)?,
        Some(device @ Device::Cuda(_)) => on_gpu(&cuda::open(device)?, args)?,
        Some(device) => {
            return Err(Failure::new(format_args!("expected --device cpu or cuda:N, got {device}")));
        }
    };
    if args.json { terminal::json(&report) } else { terminal::data(&ops_table::print(&report)) }
}

fn on_gpu(device: &impl OperationDevice, args: &OpsArgs) -> Result<OpsReport, Failure> {
    let sizes = OpsOptions::default().sizes;
    let has =
        |precision: &Precision| device.routes(&Operation::Products(Products::square(64, *precision))).is_ok();
    let precisions = [Precision::Fp32, Precision::Tf32, Precision::Fp16].into_iter().filter(has);
    measure(device, &options(args, sizes, &precisions.collect::<Vec<_>>()))
}

fn on_cpu(args: &OpsArgs) -> Result<OpsReport, Failure> {
    let sizes = OpsOptions::default().sizes.into_iter().filter(|&size| size <= CPU_SIZE_MAX).collect();
    measure(&Processor, &options(args, sizes, &[Precision::Fp32]))
}

fn options(args: &OpsArgs, sizes: Vec<usize>, precisions: &[Precision]) -> OpsOptions {
    let given: Vec<usize> = args.sizes.iter().map(|&size| size.into()).collect();
    OpsOptions {
        sizes: if given.is_empty() { sizes } else { given },
        precisions: if args.precision.is_empty() { precisions.to_vec() } else { args.precision.clone() },
        count: args.count.get(),
        window: args.seconds,
        rounds: args.rounds,
        ..OpsOptions::default()
    }
}

fn measure(device: &impl OperationDevice, options: &OpsOptions) -> Result<OpsReport, Failure> {
    let progress = Progress::steps(0);
    let mut done = 0;
    let report = run(device, options, &mut |what| {
        progress.length(done + 1);
        progress.position(done);
        progress.message(what);
        done += 1;
        ControlFlow::Continue(())
    })?;
    Ok(report)
}

#[cfg(not(target_os = "macos"))]
mod cuda {
    use phalanx_backend::{BackendError, Device};
    use phalanx_cuda::Cuda;
    use phalanx_cuda::ops::Operations;

    /// With its compiled kernels kept where the backend keeps them.
    pub(super) fn open(device: Device) -> Result<Operations, BackendError> {
        let folder = phalanx_engine::choice::cache_folder();
        let cuda = folder.map_or_else(Cuda::new, |folder| Cuda::with_kernels_folder(folder.join("kernels")));
        cuda.operations(device)
    }
}

#[cfg(target_os = "macos")]
mod cuda {
    use phalanx_backend::{BackendError, Device};
    use phalanx_measure::ops::Processor;

    /// There is none: the device that is named is only a type.
    pub(super) fn open(device: Device) -> Result<Processor, BackendError> {
        Err(BackendError::NoSuchDevice { backend: "cuda", device, available: Vec::new() })
    }
}
