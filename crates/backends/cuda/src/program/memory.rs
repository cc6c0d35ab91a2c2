use cudarc::driver::sys::CUdeviceptr;
use phalanx_plan::{Place, Plan};

use crate::driver::DeviceMemory;
use crate::kernels::Pointer;

/// Where the values of a plan lie in one run.
#[derive(Debug)]
pub(super) struct Memory<'a> {
    /// One an input.
    pub(super) inputs: &'a [CUdeviceptr],
    /// One an output.
    pub(super) outputs: &'a [CUdeviceptr],
    /// One a constant.
    pub(super) weights: &'a [std::sync::Arc<DeviceMemory>],
    pub(super) arena: CUdeviceptr,
    pub(super) scratch: CUdeviceptr,
    /// What the library of products works in.
    pub(super) workspace: CUdeviceptr,
    pub(super) workspace_bytes: usize,
}

impl Memory<'_> {
    /// The address of a pointer of this plan.
    pub(super) fn address(&self, plan: &Plan, pointer: &Pointer) -> CUdeviceptr {
        match *pointer {
            Pointer::Value { id, offset_bytes } => {
                let start = match plan.value(id).place {
                    Place::Input(index) => self.inputs[index],
                    Place::Output(index) => self.outputs[index],
                    Place::Constant(index) => self.weights[index].address(),
                    Place::Arena { offset_bytes } => self.arena + offset_bytes as u64,
                };
                start + offset_bytes as u64
            }
            Pointer::Scratch { offset_bytes } => self.scratch + offset_bytes as u64,
        }
    }
}
