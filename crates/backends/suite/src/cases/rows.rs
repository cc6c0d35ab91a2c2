//! A row's answer does not depend on the batch it is in: its size, its order, its padding, its neighbours' values.

use std::sync::Arc;

use phalanx_backend::Program;
use phalanx_model::Model;
use phalanx_model::samples::{self, EncoderConfig};
use phalanx_tensor::Tensor;

use crate::{Draw, Rig, Subject, assert_close};

/// The largest batch of these cases.
const ROWS_MAX: usize = 64;

/// Tokens of the samples whose length is free.
const LENGTH: usize = 6;

pub(super) fn tiny_rows_in_every_position(subject: &Subject) {
    every_position(subject, &samples::tiny());
}

pub(super) fn mlp_rows_in_every_position(subject: &Subject) {
    every_position(subject, &samples::mlp(2));
}

pub(super) fn conv_rows_in_batches(subject: &Subject) {
    shuffled_batches(subject, &samples::conv(2));
}

pub(super) fn encoder_rows_in_batches(subject: &Subject) {
    shuffled_batches(subject, &samples::encoder(&small_encoder()));
}

pub(super) fn sequence_rows_in_batches(subject: &Subject) {
    shuffled_batches(subject, &samples::sequence(2));
}

/// In every bucket that is large enough, with copies of the last row behind.
pub(super) fn padded_rows(subject: &Subject) {
    for model in [samples::mlp(3), samples::conv(3), samples::encoder(&small_encoder()), samples::sequence(3)]
    {
        let mut samples = Samples::draw(subject, &model);
        let buckets = samples.rig.program().buckets();
        for rows in [1, 3, 7] {
            let order: Vec<usize> = (0..rows).collect();
            let mut bucket = buckets.fit(rows);
            while let Some(size) = bucket.filter(|&size| size <= 20) {
                let got = samples.rig.batch_in(&samples.inputs(&order), size).expect("runs");
                samples.check(&format!("{}: {rows} rows padded to {size}", model.name()), &order, &got);
                bucket = buckets.fit(size + 1);
            }
        }
    }
}

/// Every sample at every position of batches of every size.
fn every_position(subject: &Subject, model: &Model) {
    let mut samples = Samples::draw(subject, model);
    for rows in 1..=ROWS_MAX {
        for first in 0..rows {
            let order: Vec<usize> = (0..rows).map(|row| (first + row) % rows).collect();
            samples.run(model.name(), &order);
        }
    }
}

/// Batches of every size, in random orders, some samples more than once.
fn shuffled_batches(subject: &Subject, model: &Model) {
    let mut samples = Samples::draw(subject, model);
    let mut draw = Draw::new(4);
    for rows in 1..=ROWS_MAX {
        let mut order = draw.order(ROWS_MAX);
        order.truncate(rows);
        order[rows - 1] = order[0];
        samples.run(model.name(), &order);
    }
}

/// A model whose rows do depend on each other must show it, or the engine could not notice.
pub(super) fn dependent_rows_are_not_hidden(subject: &Subject) {
    let program = subject.prepare(&samples::batch_dependent()).expect("prepares");
    let mut rig = Rig::open(&program).expect("opens a lane");
    let input =
        Tensor::from_vec([2, 4], vec![1.0_f32, 2.0, 3.0, 4.0, 3.0, 2.0, 1.0, 0.0]).expect("2 rows of 4");
    let expected = Tensor::from_vec([2, 4], vec![-1.0_f32, 0.0, 1.0, 2.0, 1.0, 0.0, -1.0, -2.0]);
    let got = rig.batch_in(std::slice::from_ref(&input), 2).expect("runs");
    assert_close("two rows", &[expected.expect("2 rows of 4")], &got, subject.tolerance);
    let alone = rig.batch(&[input.slice_rows(0, 1).expect("row 0")]).expect("runs");
    assert_eq!(alone[0].to_vec::<f32>().expect("is f32"), [0.0; 4], "a row alone is its own mean");
}

/// Numbers that are none, in one row, change no other.
pub(super) fn nan_and_infinity_stay_in_their_row(subject: &Subject) {
    for model in [samples::mlp(5), samples::conv(5), samples::encoder(&small_encoder())] {
        let mut samples = Samples::draw(subject, &model);
        for poison in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            for (rows, poisoned) in [(2, 0), (5, 2), (8, 7)] {
                let order: Vec<usize> = (0..rows).collect();
                let mut inputs = samples.inputs(&order);
                inputs[0] = with_row(&inputs[0], poisoned, poison);
                let got = samples.rig.batch(&inputs).expect("runs");
                for row in (0..rows).filter(|&row| row != poisoned) {
                    let what = format!("{}: row {row} beside {poison} in row {poisoned}", model.name());
                    samples.check(&what, &[row], &slice(&got, row));
                }
            }
        }
    }
}

/// Different samples of one model, and the answer of each one alone.
struct Samples {
    rig: Rig,
    inputs: Vec<Vec<Tensor>>,
    alone: Vec<Vec<Tensor>>,
    tolerance: f64,
}

impl Samples {
    fn draw(subject: &Subject, model: &Model) -> Self {
        let program: Arc<dyn Program> = subject.prepare(model).expect("prepares");
        let mut rig = Rig::open(&program).expect("opens a lane");
        let mut draw = Draw::new(6);
        let mut drawn = Vec::new();
        let mut alone = Vec::new();
        for _ in 0..ROWS_MAX {
            let mut inputs = draw.inputs(model.signature(), 1, LENGTH);
            // A mask of any sign would make sums of numbers that cancel, whose error no tolerance of the row bounds.
            if let Some(mask) = model.signature().input_index("mask") {
                let ones = Tensor::from_vec([1, LENGTH], vec![1.0_f32; LENGTH]);
                inputs[mask] = ones.expect("one number a token");
            }
            alone.push(rig.batch(&inputs).expect("runs"));
            drawn.push(inputs);
        }
        Self { rig, inputs: drawn, alone, tolerance: subject.tolerance }
    }

    fn run(&mut self, what: &str, order: &[usize]) {
        let got = self.rig.batch(&self.inputs(order)).expect("runs");
        self.check(&format!("{what} in a batch of {}", order.len()), order, &got);
    }

    fn inputs(&self, order: &[usize]) -> Vec<Tensor> {
        stack(order.iter().map(|&sample| self.inputs[sample].as_slice()))
    }

    fn check(&self, what: &str, order: &[usize], got: &[Tensor]) {
        let expected = stack(order.iter().map(|&sample| self.alone[sample].as_slice()));
        assert_close(what, &expected, got, self.tolerance);
    }
}

fn small_encoder() -> EncoderConfig {
    EncoderConfig { layers: 1, heads: 2, head_width: 16, feed_forward: 64, tokens: 8, seed: 2 }
}

/// The tensors of several requests, one below the other.
fn stack<'a>(requests: impl Iterator<Item = &'a [Tensor]>) -> Vec<Tensor> {
    let requests: Vec<&[Tensor]> = requests.collect();
    (0..requests[0].len())
        .map(|index| {
            let bytes: Vec<u8> =
                requests.iter().flat_map(|tensors| tensors[index].bytes()).copied().collect();
            let (dtype, tail) = (requests[0][index].dtype(), requests[0][index].shape().tail());
            let rows = requests.iter().map(|tensors| tensors[index].rows()).sum();
            Tensor::from_bytes(dtype, tail.with_rows(rows), bytes.into()).expect("rows of the same shape")
        })
        .collect()
}

fn slice(tensors: &[Tensor], row: usize) -> Vec<Tensor> {
    tensors.iter().map(|tensor| tensor.slice_rows(row, row + 1).expect("the row is there")).collect()
}

/// `tensor` with one row made of `value`.
fn with_row(tensor: &Tensor, row: usize, value: f32) -> Tensor {
    let mut bytes = tensor.bytes().to_vec();
    let row_bytes = bytes.len() / tensor.rows();
    let poison = value.to_ne_bytes().repeat(row_bytes / size_of::<f32>());
    bytes[row * row_bytes..(row + 1) * row_bytes].copy_from_slice(&poison);
    Tensor::from_bytes(tensor.dtype(), tensor.shape().clone(), bytes.into()).expect("same shape")
}
