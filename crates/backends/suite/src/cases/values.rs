//! The samples' answers against references computed in double precision.

use half::f16;
use phalanx_model::samples::{self, EncoderConfig};
use phalanx_model::{GraphBuilder, Model};
use phalanx_tensor::{DType, Dim, Tensor};

use crate::{Draw, Rig, Subject, assert_close, reference};

/// Rows of each comparison: none of the usual buckets, so that some are padding.
const ROWS: usize = 5;

pub(super) fn tiny_values(subject: &Subject) {
    check(subject, &samples::tiny(), |inputs| vec![map(&inputs[0], |value| 2.0 * value + 1.0)]);
}

pub(super) fn two_outputs_values(subject: &Subject) {
    check(subject, &samples::two_outputs(), |inputs| {
        let values: Vec<f32> = inputs[0].to_vec().expect("x is f32");
        let sums: Vec<f32> = values.chunks(4).map(|row| row.iter().sum()).collect();
        vec![map(&inputs[0], |value| 2.0 * value), Tensor::from_vec([ROWS, 1], sums).expect("a sum a row")]
    });
}

pub(super) fn mlp_values(subject: &Subject) {
    let model = samples::mlp(1);
    check(subject, &model, |inputs| vec![reference::mlp(&model, &inputs[0])]);
}

pub(super) fn conv_values(subject: &Subject) {
    let model = samples::conv(1);
    check(subject, &model, |inputs| vec![reference::conv(&model, &inputs[0])]);
}

pub(super) fn encoder_values(subject: &Subject) {
    let config = EncoderConfig::default();
    let model = samples::encoder(&config);
    check(subject, &model, |inputs| vec![reference::encoder(&model, &config, &inputs[0])]);
}

pub(super) fn sequence_values(subject: &Subject) {
    let model = samples::sequence(1);
    check(subject, &model, |inputs| reference::sequence(&model, &inputs[0], &inputs[1]).to_vec());
}

pub(super) fn external_data_values(subject: &Subject) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let model = samples::external_data(folder.path(), 1).expect("is written");
    let file = std::fs::read(&model.external_data()[0]).expect("is there");
    let numbers = file.chunks_exact(4);
    let weights: Vec<f64> = numbers
        .map(|bytes| f64::from(f32::from_le_bytes(bytes.try_into().expect("chunks of four bytes"))))
        .collect();
    let (weight, bias) = weights.split_at(16 * 8);
    check(subject, &model, |inputs| {
        let values: Vec<f32> = inputs[0].to_vec().expect("x is f32");
        let rows = values.chunks(16).flat_map(|row| {
            let row: Vec<f64> = row.iter().copied().map(f64::from).collect();
            reference::linear(&row, weight, bias)
        });
        let rows = rows.map(|value| value as f32).collect();
        vec![Tensor::from_vec([ROWS, 8], rows).expect("8 numbers a row")]
    });
}

/// Half precision has 11 bits of mantissa, so that sums of four products differ between orders of addition.
pub(super) fn f16_values(subject: &Subject) {
    let model = samples::f16_model(1);
    let graph = model.to_proto().expect("was read before").graph.expect("has a graph");
    let constant = |name: &str| -> Vec<f64> {
        let tensor = graph.initializer.iter().find(|tensor| tensor.name == name).expect("is there");
        let raw = tensor.raw_data.as_ref().expect("is raw");
        raw.chunks_exact(2).map(|bytes| f64::from(f16::from_le_bytes([bytes[0], bytes[1]]))).collect()
    };
    let (weight, bias) = (constant("weight"), constant("bias"));
    let inputs = Draw::new(16).inputs(model.signature(), ROWS, 1);
    let values: Vec<f16> = inputs[0].to_vec().expect("x is f16");
    let expected: Vec<f16> = values
        .chunks(4)
        .flat_map(|row| {
            let row: Vec<f64> = row.iter().copied().map(f64::from).collect();
            reference::linear(&row, &weight, &bias)
        })
        .map(f16::from_f64)
        .collect();
    let expected = Tensor::from_vec([ROWS, 4], expected).expect("4 numbers a row");
    let program = subject.prepare(&model).expect("prepares");
    let got = Rig::open(&program).and_then(|mut rig| rig.answer(&inputs)).expect("runs");
    assert_close("f16", &[expected], &got, 4e-3);
}

/// Inputs keep their order, and those of different dtypes keep apart.
pub(super) fn several_inputs_values(subject: &Subject) {
    let dims = |width: usize| [Dim::Symbol("batch".into()), Dim::Fixed(width)];
    let mut graph = GraphBuilder::new("several_inputs");
    graph.input("minuend", DType::F32, &dims(3));
    graph.input("flag", DType::Bool, &dims(1));
    graph.input("subtrahend", DType::F32, &dims(3));
    graph.node("difference", "Sub", &["minuend", "subtrahend"], &[]);
    graph.node("chosen", "Where", &["flag", "difference", "minuend"], &[]);
    graph.output("chosen", DType::F32, &dims(3));
    graph.output("difference", DType::F32, &dims(3));
    let model = Model::from_proto(&graph.finish()).expect("is valid");
    check(subject, &model, |inputs| {
        let minuend: Vec<f32> = inputs[0].to_vec().expect("is f32");
        let subtrahend: Vec<f32> = inputs[2].to_vec().expect("is f32");
        let difference: Vec<f32> =
            minuend.iter().zip(&subtrahend).map(|(left, right)| left - right).collect();
        let flags = inputs[1].bytes();
        let chosen = (0..ROWS * 3).map(|at| if flags[at / 3] == 1 { difference[at] } else { minuend[at] });
        let tensor = |values: Vec<f32>| Tensor::from_vec([ROWS, 3], values).expect("3 numbers a row");
        vec![tensor(chosen.collect()), tensor(difference)]
    });
}

fn check(subject: &Subject, model: &Model, expected: impl FnOnce(&[Tensor]) -> Vec<Tensor>) {
    let inputs = Draw::new(1).inputs(model.signature(), ROWS, 7);
    let program = subject.prepare(model).unwrap_or_else(|error| panic!("{}: {error}", model.name()));
    let got = Rig::open(&program).and_then(|mut rig| rig.answer(&inputs)).expect("runs");
    assert_close(model.name(), &expected(&inputs), &got, subject.tolerance);
}

fn map(tensor: &Tensor, function: impl Fn(f32) -> f32) -> Tensor {
    let values: Vec<f32> = tensor.to_vec().expect("the samples compute with f32");
    Tensor::from_vec(tensor.shape().clone(), values.into_iter().map(function).collect()).expect("same shape")
}
