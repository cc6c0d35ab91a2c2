use half::{bf16, f16};
use phalanx_plan::Activation;
use phalanx_tensor::DType;

use super::memory::Memory;
use crate::kernels::{Matrix, Pointer, ProductCall};

fn size(dtype: DType) -> usize {
    dtype.size_bytes().unwrap()
}

fn read(memory: &mut Memory<'_>, pointer: Pointer, dtype: DType, place: usize) -> f32 {
    let bytes = &memory.bytes(pointer)[place * size(dtype)..];
    match dtype {
        DType::F16 => f16::from_ne_bytes([bytes[0], bytes[1]]).to_f32(),
        DType::BF16 => bf16::from_ne_bytes([bytes[0], bytes[1]]).to_f32(),
        DType::F32 => f32::from_ne_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]),
        other => panic!("no product is of {other}"),
    }
}

fn write(memory: &mut Memory<'_>, matrix: &Matrix, place: usize, number: f32) {
    let bytes = &mut memory.bytes(matrix.pointer)[place * size(matrix.dtype)..];
    match matrix.dtype {
        DType::F16 => bytes[..2].copy_from_slice(&f16::from_f32(number).to_ne_bytes()),
        DType::BF16 => bytes[..2].copy_from_slice(&bf16::from_f32(number).to_ne_bytes()),
        _ => bytes[..4].copy_from_slice(&number.to_ne_bytes()),
    }
}

fn place(matrix: &Matrix, batch: usize, row: usize, column: usize) -> usize {
    let (major, minor) = if matrix.is_transposed { (column, row) } else { (row, column) };
    batch * matrix.batch_stride + major * matrix.leading + minor
}

fn activate(activation: Activation, x: f32) -> f32 {
    match activation {
        Activation::None => x,
        Activation::Relu => x.max(0.0),
        Activation::GeluErf => 0.5 * x * (1.0 + libm::erff(x * std::f32::consts::FRAC_1_SQRT_2)),
        Activation::GeluTanh => {
            let inner = (2.0 / std::f32::consts::PI).sqrt() * (x + 0.044_715 * x * x * x);
            0.5 * x * (1.0 + inner.tanh())
        }
    }
}

/// What a library of products does, plainly.
pub(super) fn run(call: &ProductCall, memory: &mut Memory<'_>) {
    let mut results = Vec::new();
    for batch in 0..call.batch {
        for row in 0..call.m {
            for column in 0..call.n {
                let mut sum = 0.0_f64;
                for step in 0..call.k {
                    let a = read(memory, call.a.pointer, call.a.dtype, place(&call.a, batch, row, step));
                    let b = read(memory, call.b.pointer, call.b.dtype, place(&call.b, batch, step, column));
                    sum += f64::from(a) * f64::from(b);
                }
                let mut result = call.scale * sum as f32;
                if let Some(bias) = &call.bias {
                    result += read(memory, bias.pointer, bias.dtype, batch * bias.batch_stride + column);
                }
                if let Some(c) = &call.c {
                    result += read(memory, c.pointer, c.dtype, place(c, batch, row, column));
                }
                results.push((place(&call.d, batch, row, column), activate(call.activation, result)));
            }
        }
    }
    results.into_iter().for_each(|(place, number)| write(memory, &call.d, place, number));
}
