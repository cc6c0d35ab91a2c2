//! Convolutions and poolings.

use phalanx_plan::{Activation, Conv, Epilogue, Op, Plan, Pool, PoolKind, Precision, Window};
use phalanx_tensor::DType;

use super::single::{Single, agrees, dense, source};

fn window(input: usize, kernel: usize, stride: usize, dilation: usize, pad: usize) -> Window {
    let output = (input + 2 * pad - dilation * (kernel - 1) - 1) / stride + 1;
    Window { input, output, kernel, stride, dilation, pad_before: pad, pad_after: pad }
}

#[test]
fn poolings_of_both_layouts() {
    for (kind, is_innermost) in [
        (PoolKind::Max, true),
        (PoolKind::Mean, false),
        (PoolKind::MeanWithPadding, true),
        (PoolKind::Sum, false),
    ] {
        let mut single = Single::new();
        let windows = vec![window(7, 3, 2, 1, 1), window(6, 2, 1, 2, 1)];
        let (shape, out) = ([3, 8, 7, 6], [3, 8, windows[0].output, windows[1].output]);
        let strides = if is_innermost { [336, 1, 48, 8] } else { [336, 42, 6, 1] };
        let input = single.operand(DType::F16, &shape, &strides, 0);
        let pixels = out[2] * out[3];
        let store = if is_innermost { vec![8 * pixels, 1, 8 * out[3], 8] } else { dense(&out) };
        let op = Op::Pool(Pool { kind, batch: 3, channels: 8, windows, input, store });
        agrees(&single.plan(op, DType::F32, &[3, pixels, 8]), 1e-5);
    }
}

/// A convolution over two axes, whose input and result have their channels innermost or outermost.
fn conv_plan(
    dtype: DType,
    groups: usize,
    channels: [usize; 2],
    is_innermost: [bool; 2],
    has_residual: bool,
) -> Plan {
    let mut single = Single::new();
    let windows = vec![window(7, 3, 1, 2, 2), window(6, 2, 2, 1, 0)];
    let [channels_in, channels_out] = channels;
    let (ins, outs) = (groups * channels_in, groups * channels_out);
    let lie = |is_innermost: bool, channels: usize, height: usize, width: usize| match is_innermost {
        true => vec![channels * height * width, 1, width * channels, channels],
        false => dense(&[3, channels, height, width]),
    };
    let input = single.operand(dtype, &[3, ins, 7, 6], &lie(is_innermost[0], ins, 7, 6), 0);
    let weights = [outs, channels_in, 3, 2];
    let weight = single.operand(dtype, &weights, &dense(&weights), 0);
    let shape = [3, outs, windows[0].output, windows[1].output];
    let store = lie(is_innermost[1], outs, shape[2], shape[3]);
    let bias = single.operand(dtype, &shape, &[0, 1, 0, 0], 0);
    let residual = has_residual.then(|| single.operand(dtype, &shape, &store, 0));
    let epilogue = Epilogue { scale: 0.5, bias: Some(bias), residual, activation: Activation::GeluErf };
    let op = Op::Conv(Conv {
        batch: 3,
        groups,
        channels_in,
        channels_out,
        windows,
        input,
        weight,
        store,
        epilogue,
    });
    let mut plan = single.plan(op, dtype, &[3, shape[2] * shape[3], outs]);
    plan.precision = if dtype == DType::F16 { Precision::Fp16 } else { Precision::Fp32 };
    plan
}

#[test]
fn convolutions_by_tensor_cores() {
    for (groups, channels) in [(1, [32, 64]), (2, [12, 70])] {
        let mut plan = conv_plan(DType::F32, groups, channels, [true, true], true);
        plan.precision = Precision::Tf32;
        assert!(source(&plan).contains("to_tf32(x); }"));
        agrees(&plan, 2e-3);
        agrees(&conv_plan(DType::BF16, groups, channels, [true, true], true), 1e-2);
    }
}

#[test]
fn convolutions_of_every_form() {
    for (groups, channels, is_innermost, has_residual) in [
        (1, [3, 8], [false, true], false),
        (1, [16, 24], [true, true], true),
        (2, [20, 8], [true, true], true),
        (1, [16, 3], [true, false], true),
        (16, [1, 1], [true, true], true),
        (6, [1, 1], [false, false], false),
        (1, [128, 8], [false, false], false),
        (2, [16, 130], [true, true], true),
        (1, [18, 72], [true, true], false),
    ] {
        agrees(&conv_plan(DType::F32, groups, channels, is_innermost, has_residual), 1e-5);
        agrees(&conv_plan(DType::F16, groups, channels, is_innermost, has_residual), 2e-3);
    }
}
