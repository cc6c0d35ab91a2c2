//! The processor as a device for single operations: it computes while it is submitted to, so that there is nothing to
//! wait for. What the ladder measures here is its own cost; it is tested without a GPU.

mod compute;

use std::cell::RefCell;
use std::rc::Rc;

use half::f16;
use phalanx_backend::ops::{Operation, OperationDevice, Order, Route};
use phalanx_backend::{BackendError, Device, Precision};
use phalanx_tensor::{DType, Tensor};

use crate::Machine;
use crate::answers::numbers;

/// The name that its errors have.
const NAME: &str = "processor";
/// Plain loops, which beat a library that packs its operands while those are small.
const LOOPS: Route = Route::Kernel("loops");

/// The processor of this machine, one thread of it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Processor;

/// Operands and result in fp32.
pub struct Memory {
    operation: Operation,
    inputs: Vec<Vec<f32>>,
    result: RefCell<Vec<f32>>,
}

/// An operation by a route.
pub struct Prepared {
    operation: Operation,
    route: Route,
}

/// Operations to be computed one after the other.
pub struct Recording(Vec<(Rc<Prepared>, Rc<Memory>)>);

impl OperationDevice for Processor {
    type Queue = ();
    type Memory = Memory;
    type Prepared = Prepared;
    type Recording = Recording;

    fn description(&self) -> String {
        format!("{}, one thread", Machine::here().cpu)
    }

    fn routes(&self, operation: &Operation) -> Result<Vec<Route>, BackendError> {
        match operation.precision() {
            Precision::Fp32 | Precision::Fp16 => Ok(vec![Route::Library, LOOPS]),
            precision => Err(BackendError::UnsupportedOption {
                backend: NAME,
                device: Device::Cpu,
                option: format!("precision {precision}"),
            }),
        }
    }

    fn queue(&self) -> Result<(), BackendError> {
        Ok(())
    }

    fn memory(&self, _queue: &(), operation: &Operation, inputs: &[Tensor]) -> Result<Memory, BackendError> {
        let singles =
            |tensor: &Tensor| numbers(tensor.dtype(), tensor.bytes()).iter().map(|&x| x as f32).collect();
        let fits = inputs.iter().map(|tensor| tensor.shape().clone()).eq(operation.inputs());
        if !fits {
            return Err(failed(format!("expected operands of {:?}", operation.inputs())));
        }
        let elements = operation.output().elements();
        let elements = elements.ok_or_else(|| failed("the result is too large".to_owned()))?;
        Ok(Memory {
            operation: operation.clone(),
            inputs: inputs.iter().map(singles).collect(),
            result: RefCell::new(vec![f32::NAN; elements]),
        })
    }

    fn prepare(&self, operation: &Operation, route: Route) -> Result<Prepared, BackendError> {
        if self.routes(operation)?.contains(&route) {
            return Ok(Prepared { operation: operation.clone(), route });
        }
        Err(BackendError::Prepare { backend: NAME, message: format!("there is no route {route}") })
    }

    fn prepare_measured(
        &self,
        _queue: &(),
        operation: &Operation,
        route: Route,
        _memory: &Memory,
    ) -> Result<Prepared, BackendError> {
        self.prepare(operation, route)
    }

    fn submit(&self, _queue: &(), prepared: &Prepared, memory: &Memory) -> Result<(), BackendError> {
        if prepared.operation != memory.operation {
            let (expected, got) = (&prepared.operation, &memory.operation);
            return Err(failed(format!("expected memory for {expected:?}, got some for {got:?}")));
        }
        let mut result = memory.result.borrow_mut();
        let multiply = if prepared.route == LOOPS { compute::loops } else { compute::library };
        compute::run(&memory.operation, &memory.inputs, &mut result, multiply);
        Ok(())
    }

    fn record(
        &self,
        _queue: &(),
        submissions: &[(Rc<Prepared>, Rc<Memory>)],
        _order: Order,
    ) -> Result<Recording, BackendError> {
        Ok(Recording(submissions.to_vec()))
    }

    fn replay(&self, queue: &(), recording: &Recording) -> Result<(), BackendError> {
        recording.0.iter().try_for_each(|(prepared, memory)| self.submit(queue, prepared, memory))
    }

    fn wait(&self, _queue: &()) -> Result<(), BackendError> {
        Ok(())
    }

    fn take(&self, _queue: &(), memory: &Memory) -> Result<Tensor, BackendError> {
        let mut result = memory.result.borrow_mut();
        let shape = memory.operation.output();
        let tensor = match memory.operation.dtype() {
            DType::F16 => {
                Tensor::from_vec(shape, result.iter().map(|&x| f16::from_f32(x)).collect::<Vec<_>>())
            }
            _ => Tensor::from_vec(shape, result.clone()),
        };
        result.fill(f32::NAN);
        tensor.map_err(|error| failed(error.to_string()))
    }
}

fn failed(message: String) -> BackendError {
    BackendError::Run { backend: NAME, message }
}
