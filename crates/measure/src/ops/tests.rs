//! The benchmark on devices that do not do what they are told.

use std::ops::ControlFlow;
use std::rc::Rc;
use std::time::Duration;

use phalanx_backend::ops::{Operation, OperationDevice, Order, Route};
use phalanx_backend::{BackendError, Precision};
use phalanx_tensor::Tensor;

use super::{OpsOptions, Processor, Step, ladder, run};
use crate::MeasureError;

/// The processor, except for one thing.
#[derive(Clone, Copy, PartialEq)]
enum Faulty {
    /// A recording is not run again: what it computed the first time is still there.
    Replays,
    /// Every product is computed, and its last row forgotten.
    Rows,
    Nothing,
}

macro_rules! same {
    ($(fn $name:ident($($argument:ident: $type:ty),*) -> $result:ty;)*) => {
        $(fn $name(&self, $($argument: $type),*) -> Result<$result, BackendError> {
            Processor.$name($($argument),*)
        })*
    };
}

type Memory = <Processor as OperationDevice>::Memory;
type Prepared = <Processor as OperationDevice>::Prepared;
type Recording = <Processor as OperationDevice>::Recording;

impl OperationDevice for Faulty {
    type Queue = ();
    type Memory = Memory;
    type Prepared = Prepared;
    type Recording = Recording;

    fn description(&self) -> String {
        "a faulty device".to_owned()
    }

    same! {
        fn routes(operation: &Operation) -> Vec<Route>;
        fn queue() -> ();
        fn memory(queue: &(), operation: &Operation, inputs: &[Tensor]) -> Memory;
        fn prepare(operation: &Operation, route: Route) -> Prepared;
        fn prepare_measured(queue: &(), operation: &Operation, route: Route, memory: &Memory) -> Prepared;
        fn submit(queue: &(), prepared: &Prepared, memory: &Memory) -> ();
        fn record(queue: &(), submissions: &[(Rc<Prepared>, Rc<Memory>)], order: Order) -> Recording;
        fn wait(queue: &()) -> ();
    }

    fn replay(&self, queue: &(), recording: &Recording) -> Result<(), BackendError> {
        if *self == Self::Replays { Ok(()) } else { Processor.replay(queue, recording) }
    }

    fn take(&self, queue: &(), memory: &Memory) -> Result<Tensor, BackendError> {
        let tensor = Processor.take(queue, memory)?;
        if *self != Self::Rows {
            return Ok(tensor);
        }
        let mut numbers: Vec<f32> = tensor.to_vec().expect("the processor gives singles");
        let last = numbers.len() - 1;
        numbers[last] = 0.0;
        Ok(Tensor::from_vec(tensor.shape().clone(), numbers).expect("it has as many elements"))
    }
}

fn options() -> OpsOptions {
    OpsOptions { sizes: vec![16], count: 4, window: Duration::ZERO, rounds: 2, ..OpsOptions::default() }
}

fn measure(device: Faulty) -> Result<Vec<Step>, MeasureError> {
    let rows = ladder(&device, 16, Precision::Fp32, &options(), &mut |_| ControlFlow::Continue(()))?;
    Ok(rows.into_iter().map(|row| row.step).collect())
}

#[test]
fn a_device_that_does_as_told_passes() {
    let steps = measure(Faulty::Nothing).unwrap();
    assert_eq!(steps.len(), 2 * 9, "{steps:?}");
}

#[test]
fn old_results_are_not_taken_for_new_ones() {
    let error = measure(Faulty::Replays).unwrap_err();
    assert!(
        matches!(&error, MeasureError::WrongResult { of, .. } if of.contains("one submission")),
        "{error}"
    );
}

#[test]
fn wrong_elements_are_found() {
    let error = measure(Faulty::Rows).unwrap_err();
    assert!(matches!(&error, MeasureError::WrongResult { of, .. } if of.contains("naive")), "{error}");
}

#[test]
fn whoever_watches_can_break_off() {
    let stopped = run(&Processor, &options(), &mut |_| ControlFlow::Break(()));
    assert!(matches!(stopped, Err(MeasureError::Interrupted)));
}
