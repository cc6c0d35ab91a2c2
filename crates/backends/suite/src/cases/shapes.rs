//! Models whose axes are fixed, missing, free, without a name, or only known after the run.

use phalanx_backend::{Buckets, OutputSpec};
use phalanx_model::proto::AttributeProto;
use phalanx_model::{GraphBuilder, Model, samples};
use phalanx_tensor::{DType, Dim, Shape, Tensor};

use crate::{Draw, Rig, Subject, assert_close, reference};

/// Always run with the rows that the model declares, of which some are padding.
pub(super) fn fixed_batch(subject: &Subject) {
    let program = subject.prepare(&samples::fixed_batch(8)).expect("prepares");
    assert_eq!(program.buckets(), Buckets::Fixed(vec![8]));
    let mut rig = Rig::open(&program).expect("opens a lane");
    for rows in [1, 5, 8] {
        let input = Draw::new(rows as u64).tensor(DType::F32, &Shape::from([rows, 4]));
        let values: Vec<f32> = input.to_vec().expect("is f32");
        let doubled = values.iter().map(|value| 2.0 * value + 1.0).collect::<Vec<_>>();
        let expected = Tensor::from_vec([rows, 4], doubled).expect("same shape");
        let got = rig.batch(std::slice::from_ref(&input)).expect("runs");
        assert_close(&format!("{rows} of 8 rows"), &[expected], &got, subject.tolerance);
    }
}

pub(super) fn no_batch_axis(subject: &Subject) {
    let program = subject.prepare(&samples::no_batch_axis()).expect("prepares");
    let mut rig = Rig::open(&program).expect("opens a lane");
    let got = rig.single(&[Tensor::from_vec([3], vec![1.0_f32, 2.5, -4.0]).expect("3 numbers")]);
    let double = Tensor::from_vec([3], vec![2.0_f32, 5.0, -8.0]).expect("3 numbers");
    let sum = Tensor::from_vec([], vec![-0.5_f32]).expect("a scalar");
    assert_close("no batch axis", &[double, sum], &got.expect("runs"), subject.tolerance);
}

/// The layout says that the output's length is unknown, and both ways of running give all of it.
pub(super) fn data_dependent_shape(subject: &Subject) {
    let program = subject.prepare(&samples::data_dependent_shape()).expect("prepares");
    let layout = program.layout(&[Shape::from([4])]).expect("takes rows of 4");
    assert_eq!(layout.outputs, [OutputSpec::Dynamic(DType::I64)]);
    let mut rig = Rig::open(&program).expect("opens a lane");
    for (values, places) in [
        (vec![0.0_f32, 1.0, 0.0, 2.0, 0.0, 0.0, 0.0, 3.0], vec![0_i64, 1, 0, 3, 1, 3]),
        (vec![0.0; 8], vec![]),
        (vec![1.0; 4], vec![0, 0, 0, 1, 0, 2, 0, 3]),
    ] {
        let input = [Tensor::from_vec([values.len() / 4, 4], values).expect("rows of 4")];
        let expected = [Tensor::from_vec([places.len() / 2, 2], places).expect("pairs")];
        let batched = rig.batch_in(&input, input[0].rows()).expect("runs");
        assert_close("in a batch", &expected, &batched, 0.0);
        assert_close("alone", &expected, &rig.single(&input).expect("runs"), 0.0);
    }
}

/// One program, rows of many lengths, coming and going.
pub(super) fn free_axes_of_many_sizes(subject: &Subject) {
    let model = samples::sequence(7);
    let program = subject.prepare(&model).expect("prepares");
    let mut rig = Rig::open(&program).expect("opens a lane");
    let mut draw = Draw::new(7);
    for length in [1, 16, 3, 64, 16, 1, 5] {
        for rows in [1, 3] {
            let inputs = draw.inputs(model.signature(), rows, length);
            let got = rig.batch(&inputs).expect("runs");
            let expected = reference::sequence(&model, &inputs[0], &inputs[1]);
            assert_close(&format!("{rows} rows of length {length}"), &expected, &got, subject.tolerance);
        }
    }
}

/// Axes without a name are free, and not the same as each other.
pub(super) fn unnamed_axes(subject: &Subject) {
    let dims = [Dim::Unknown, Dim::Unknown];
    let mut graph = GraphBuilder::new("unnamed_axes");
    graph.input("left", DType::F32, &dims);
    graph.input("right", DType::F32, &dims);
    graph.node("joined", "Concat", &["left", "right"], &[AttributeProto::int("axis", 1)]);
    graph.node("y", "Neg", &["joined"], &[]);
    graph.output("y", DType::F32, &dims);
    let model = Model::from_proto(&graph.finish()).expect("is valid");
    let program = subject.prepare(&model).expect("prepares");
    let mut rig = Rig::open(&program).expect("opens a lane");
    for rows in [1, 2] {
        let left = Tensor::from_vec([rows, 1], vec![1.0_f32; rows]).expect("1 number a row");
        let right = Tensor::from_vec([rows, 2], vec![2.0_f32; 2 * rows]).expect("2 numbers a row");
        let expected = Tensor::from_vec([rows, 3], [-1.0_f32, -2.0, -2.0].repeat(rows)).expect("3 a row");
        let got = rig.batch(&[left, right]).expect("runs");
        assert_close(&format!("{rows} rows"), &[expected], &got, subject.tolerance);
    }
}

/// A request without rows is odd, and no reason to fall over.
pub(super) fn a_request_without_rows(subject: &Subject) {
    let program = subject.prepare(&samples::identity(DType::F32)).expect("prepares");
    let mut rig = Rig::open(&program).expect("opens a lane");
    let nothing = [Tensor::zeros(DType::F32, [0, 3]).expect("no bytes")];
    // Either answer will do: an empty tensor, or a refusal.
    if let Ok(got) = rig.single(&nothing) {
        assert_close("no rows", &nothing, &got, 0.0);
    }
    let one = [Tensor::from_vec([1, 3], vec![1.0_f32, 2.0, 3.0]).expect("3 numbers")];
    assert_close("one row after none", &one, &rig.batch(&one).expect("runs"), 0.0);
}
