//! Adapters, compared with their two products.

use half::f16;
use phalanx_plan::{Arena, Place, Plan, Port, Precision, Value, ValueId};
use phalanx_tensor::{DType, Shape, Tensor};

use super::HOPPER;
use super::compile::Compiled;
use super::memory::{Memory, numbers};
use super::models::inputs;
use crate::kernels::{LoraCall, Matrix, Pointer, lora};

const ADAPTERS: usize = 3;

/// x, A, B, C and the adapters' numbers as inputs, D as the output.
fn call(rows: usize, group_rows: usize, rank: usize, dtype: DType) -> (Plan, LoraCall) {
    // More than what is in shared memory at a time, and no multiple of it.
    let (width, n) = (340, 136);
    let sizes =
        [rows * width, ADAPTERS * width * rank, ADAPTERS * rank * n, rows * n, rows.div_ceil(group_rows)];
    let values = sizes.into_iter().enumerate().map(|(index, size)| Value {
        dtype: if index == 4 { DType::I32 } else { dtype },
        shape: Shape::from([size]),
        place: Place::Input(index),
    });
    let output = Value { dtype, shape: Shape::from([rows, n]), place: Place::Output(0) };
    let pointer = |index: usize| Pointer::Value { id: ValueId(index), offset_bytes: 0 };
    let matrix = |index: usize, leading: usize, batch_stride: usize| Matrix {
        pointer: pointer(index),
        dtype,
        leading,
        is_transposed: false,
        batch_stride,
    };
    let call = LoraCall {
        rows,
        group_rows,
        width,
        rank,
        n,
        x: matrix(0, width, 0),
        a: matrix(1, rank, width * rank),
        b: matrix(2, n, rank * n),
        c: Some(matrix(3, n, 0)),
        d: matrix(5, n, 0),
        adapters: ADAPTERS,
        numbers: pointer(4),
        scale: 2.0,
    };
    let port = |value| Port { name: String::new(), value: ValueId(value) };
    let plan = Plan {
        precision: Precision::Fp32,
        inputs: (0..5).map(port).collect(),
        outputs: vec![port(5)],
        values: values.chain([output]).collect(),
        constants: Vec::new(),
        steps: Vec::new(),
        arena: Arena::default(),
        index_bounds: Vec::new(),
    };
    (plan, call)
}

fn expected(call: &LoraCall, inputs: &[Tensor], chosen: &[i32]) -> Vec<f32> {
    let [x, a, b, c] = [0, 1, 2, 3].map(|index| numbers(&inputs[index]));
    let mut results = Vec::new();
    for row in 0..call.rows {
        let adapter = chosen[row / call.group_rows].clamp(0, ADAPTERS as i32 - 1) as usize;
        let hidden: Vec<f32> = (0..call.rank)
            .map(|at| {
                let place = |k: usize| (adapter * call.width + k) * call.rank + at;
                (0..call.width).map(|k| x[row * call.width + k] * a[place(k)]).sum()
            })
            .collect();
        results.extend((0..call.n).map(|column| {
            let place = |at: usize| (adapter * call.rank + at) * call.n + column;
            let sum: f32 = hidden.iter().enumerate().map(|(at, hidden)| hidden * b[place(at)]).sum();
            call.scale * sum + c[row * call.n + column]
        }));
    }
    results
}

#[test]
fn groups_of_rows_have_adapters_of_their_own() {
    let cases = [
        (64, 64, 8, DType::F32, vec![1]),
        (50, 20, 16, DType::F16, vec![2, 0, 1]),
        (5, 1, 32, DType::F32, vec![0, 1, 2, 7, 0]),
        (40, 16, 6, DType::F32, vec![2, 0, 1]),
        (20, 20, 64, DType::F32, vec![1]),
        (16, 8, 1, DType::F16, vec![0, 2]),
    ];
    let launches: Vec<_> = cases
        .iter()
        .map(|(rows, group, rank, dtype, _)| {
            lora(&call(*rows, *group, *rank, *dtype).1, &HOPPER).unwrap().unwrap()
        })
        .collect();
    let compiled = Compiled::new(launches.iter());
    for ((rows, group, rank, dtype, chosen), launch) in cases.into_iter().zip(&launches) {
        let (mut plan, call) = call(rows, group, rank, dtype);
        let mut tensors = {
            let indices = plan.inputs.pop();
            let tensors = inputs(&plan);
            plan.inputs.extend(indices);
            tensors
        };
        tensors.push(Tensor::from_vec([chosen.len()], chosen.clone()).unwrap());
        let mut memory = Memory::new(&plan, &tensors);
        compiled.run(launch, &mut memory);
        let expected = expected(&call, &tensors, &chosen);
        let size = expected.iter().fold(0.0_f32, |size, x| size.max(x.abs()));
        let tolerance = size * if dtype == DType::F16 { f16::EPSILON.to_f32() } else { 1e-5 };
        for (got, expected) in memory.numbers(ValueId(5)).iter().zip(&expected) {
            assert!((got - expected).abs() <= tolerance, "{got} for {expected}: {call:?}");
        }
    }
}
