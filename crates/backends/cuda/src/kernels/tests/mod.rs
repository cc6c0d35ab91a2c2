//! What comes out of generated kernels, their threads emulated, compared with the plan's interpreter.
#![expect(clippy::unwrap_used, reason = "what the tests share fails as tests do")]

mod attention;
mod compile;
mod launches;
mod lora;
mod maps;
mod memory;
mod models;
mod product;
mod products;
mod rows;
mod single;
mod windows;

use phalanx_plan::{Activation, Place, Plan, Port, interpret};
use phalanx_tensor::Tensor;

use self::memory::Memory;
use super::{Chip, Launch, Lowered, Task, epilogue, lower};

pub(super) const HOPPER: Chip =
    Chip { major: 9, minor: 0, multiprocessors: 132, shared_bytes_max: 227 << 10 };

/// Every step of a plan as tasks.
pub(super) fn lowered(plan: &Plan) -> Vec<Lowered> {
    plan.steps.iter().map(|step| lower(plan, step, &HOPPER).unwrap()).collect()
}

/// Runs the kernels of a plan and its interpreter; the largest difference, relative to the largest magnitude of the row
/// it is in.
pub(super) fn difference(plan: &Plan, inputs: &[Tensor]) -> f32 {
    let steps = lowered(plan);
    // What follows sums is computed apart, as for libraries that only do these.
    let launches: Vec<Launch> = steps
        .iter()
        .flat_map(|step| &step.tasks)
        .map(|task| match task {
            Task::Launch(launch) => launch.clone(),
            Task::Product(call) => epilogue(plan, call).unwrap(),
        })
        .collect();
    let compiled = compile::Compiled::new(launches.iter());
    let mut memory = Memory::new(plan, inputs);
    for step in &steps {
        memory.make_scratch(step.scratch_bytes);
        for task in &step.tasks {
            match task {
                Task::Launch(launch) => compiled.run(launch, &mut memory),
                Task::Product(call) if call.activation == Activation::GeluErf => {
                    product::run(&call.sums(), &mut memory);
                    compiled.run(&epilogue(plan, call).unwrap(), &mut memory);
                }
                Task::Product(call) => product::run(call, &mut memory),
            }
        }
    }
    let expected = interpret(plan, inputs).unwrap();
    let outputs = plan.outputs.iter().zip(&expected);
    outputs
        .map(|(port, expected)| worst(&memory.numbers(port.value), &memory::numbers(expected), expected))
        .fold(0.0, f32::max)
}

/// The plan that ends with a step, whose result is its only output.
fn until(plan: &Plan, last: usize) -> Plan {
    let mut part = plan.clone();
    part.steps.truncate(last + 1);
    let value = plan.steps[last].output;
    for (index, step) in part.steps.iter().enumerate() {
        if let Place::Output(_) = plan.value(step.output).place {
            // Behind all else.
            let offset_bytes = part.arena.bytes + index * (64 << 10);
            part.values[step.output.0].place = Place::Arena { offset_bytes };
        }
    }
    part.arena.bytes += part.steps.len() * (64 << 10);
    part.values[value.0].place = Place::Output(0);
    part.outputs = vec![Port { name: "last".to_owned(), value }];
    part
}

/// Panics with the first step whose result is further off than allowed.
pub(super) fn assert_agrees(plan: &Plan, inputs: &[Tensor], tolerance: f32) {
    let worst = difference(plan, inputs);
    if worst <= tolerance {
        return;
    }
    for (last, step) in plan.steps.iter().enumerate() {
        let worst = difference(&until(plan, last), inputs);
        assert!(worst <= tolerance, "step {last} ({}) is off by {worst}\n{plan}", step.name);
    }
    panic!("off by {worst}\n{plan}");
}

/// A number that is NaN must be in both.
fn worst(got: &[f32], expected: &[f32], tensor: &Tensor) -> f32 {
    assert_eq!(got.len(), expected.len());
    let width = tensor.shape().last().copied().unwrap_or(1).max(1);
    let rows = got.chunks(width).zip(expected.chunks(width));
    rows.map(|(got, expected)| {
        let size =
            expected.iter().filter(|x| x.is_finite()).fold(f32::MIN_POSITIVE, |size, x| size.max(x.abs()));
        let pairs = got.iter().zip(expected);
        let errors = pairs.map(|(got, expected)| match (got.is_nan(), expected.is_nan()) {
            (true, true) => 0.0,
            _ if got == expected => 0.0,
            (false, false) => (got - expected).abs() / size,
            _ => f32::INFINITY,
        });
        errors.fold(0.0, f32::max)
    })
    .fold(0.0, f32::max)
}
