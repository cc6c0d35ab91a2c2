use super::epilogue::finish;
use super::memory::Memory;
use super::product::{dense, matrix};
use super::walk::offsets;
use crate::op::{Conv, Window};

/// As matrix products of unfolded windows with the weights, one for each image and group.
pub(super) fn conv(memory: &Memory<'_>, op: &Conv) -> Vec<f32> {
    let (input, weight) = (matrix(memory, &op.input), matrix(memory, &op.weight));
    let kernel: Vec<usize> = op.windows.iter().map(|window| window.kernel).collect();
    let output: Vec<usize> = op.windows.iter().map(|window| window.output).collect();
    let (taps, pixels) = (kernel.iter().product::<usize>(), output.iter().product::<usize>());
    let depth = op.channels_in * taps;
    let sources = sources(&op.windows, &kernel, &output, &op.input.strides[2..]);
    let weights: Vec<f32> = offsets(&op.weight_shape(), &op.weight.strides, op.weight.offset)
        .into_iter()
        .map(|place| weight[place])
        .collect();
    let mut sums = Vec::with_capacity(op.shape().iter().product());
    for image in 0..op.batch {
        for group in 0..op.groups {
            let mut unfolded = Vec::with_capacity(depth * pixels);
            for channel in group * op.channels_in..(group + 1) * op.channels_in {
                let start = op.input.offset + image * op.input.strides[0] + channel * op.input.strides[1];
                unfolded
                    .extend(sources.iter().map(|source| source.map_or(0.0, |source| input[start + source])));
            }
            let rows = &weights[group * op.channels_out * depth..(group + 1) * op.channels_out * depth];
            let rows = dense(rows.to_vec(), (op.channels_out, depth));
            sums.extend(rows.dot(&dense(unfolded, (depth, pixels))));
        }
    }
    finish(memory, &op.epilogue, &op.shape(), sums)
}

/// For each element of the kernel and each of the output where in a channel of the input its factor lies.
pub(super) fn sources(
    windows: &[Window],
    kernel: &[usize],
    output: &[usize],
    strides: &[usize],
) -> Vec<Option<usize>> {
    let mut sources = Vec::new();
    for tap in indices(kernel) {
        for pixel in indices(output) {
            let axes = windows.iter().zip(tap.iter().zip(&pixel)).zip(strides);
            sources.push(
                axes.map(|((window, (&tap, &pixel)), stride)| Some(window.source(pixel, tap)? * stride))
                    .sum(),
            );
        }
    }
    sources
}

/// All indices of a shape, in order.
pub(super) fn indices(shape: &[usize]) -> Vec<Vec<usize>> {
    shape.iter().fold(vec![Vec::new()], |indices, &size| {
        indices.iter().flat_map(|index| (0..size).map(move |last| [&index[..], &[last]].concat())).collect()
    })
}
