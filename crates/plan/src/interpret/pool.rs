use super::conv::{indices, sources};
use super::memory::Memory;
use crate::op::{Pool, PoolKind};

pub(super) fn pool(memory: &Memory<'_>, op: &Pool) -> Vec<f32> {
    let input = memory.floats(op.input.value);
    let kernel: Vec<usize> = op.windows.iter().map(|window| window.kernel).collect();
    let output: Vec<usize> = op.windows.iter().map(|window| window.output).collect();
    let (taps, pixels) = (kernel.iter().product::<usize>(), output.iter().product::<usize>());
    let sources = sources(&op.windows, &kernel, &output, &op.input.strides[2..]);
    let counts = counts(op, &kernel, &output);
    let mut results = Vec::with_capacity(op.shape().iter().product());
    for image in 0..op.batch {
        for channel in 0..op.channels {
            let start = op.input.offset + image * op.input.strides[0] + channel * op.input.strides[1];
            for pixel in 0..pixels {
                let of_window = (0..taps).filter_map(|tap| sources[tap * pixels + pixel]);
                let elements = of_window.map(|source| input[start + source]);
                results.push(match op.kind {
                    PoolKind::Max => elements.fold(f32::NEG_INFINITY, f32::max),
                    PoolKind::Sum => elements.sum(),
                    PoolKind::Mean | PoolKind::MeanWithPadding => elements.sum::<f32>() / counts[pixel],
                });
            }
        }
    }
    results
}

/// What the sum of each window is divided by.
fn counts(op: &Pool, kernel: &[usize], output: &[usize]) -> Vec<f32> {
    let counted = |pixel: &[usize], tap: &[usize]| {
        op.windows.iter().zip(pixel.iter().zip(tap)).all(|(window, (&pixel, &tap))| match op.kind {
            PoolKind::MeanWithPadding => window.is_padded(pixel, tap),
            _ => window.source(pixel, tap).is_some(),
        })
    };
    let taps = indices(kernel);
    let count = |pixel: &Vec<usize>| taps.iter().filter(|tap| counted(pixel, tap)).count() as f32;
    indices(output).iter().map(count).collect()
}
