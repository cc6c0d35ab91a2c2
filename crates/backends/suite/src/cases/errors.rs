//! What cannot work is refused with the error that says why, and harms nothing.

use phalanx_backend::{BackendError, Device};
use phalanx_model::samples::{self, SEQUENCE_IDS};
use phalanx_tensor::{DType, Shape, Tensor};

use crate::{Draw, Rig, Subject, assert_close};

pub(super) fn unknown_operator(subject: &Subject) {
    match subject.prepare(&samples::unknown_operator()).map(|_| ()) {
        Err(BackendError::UnsupportedOperators { backend, operators }) => {
            assert_eq!(backend, subject.backend.name());
            assert!(operators.iter().any(|operator| operator.contains("Mystery")), "{operators:?}");
            assert!(!operators.iter().any(|operator| operator.contains("Relu")), "{operators:?}");
        }
        other => panic!("expected the operator to be named, got {other:?}"),
    }
}

/// A device that is nowhere gives a list of those that are.
pub(super) fn unknown_device(subject: &Subject) {
    let nowhere = Device::Cuda(4095);
    match subject.backend.prepare(&samples::tiny(), nowhere, &subject.options).map(|_| ()) {
        Err(BackendError::NoSuchDevice { device, available, .. }) => {
            assert_eq!(device, nowhere);
            assert!(available.contains(&subject.device), "{available:?} lacks {}", subject.device);
        }
        other => panic!("expected the devices there are, got {other:?}"),
    }
}

pub(super) fn wrong_tails(subject: &Subject) {
    let program = subject.prepare(&samples::sequence(1)).expect("prepares");
    for (tails, what) in [
        (vec![], "no inputs"),
        (vec![Shape::from([4])], "one input of two"),
        (vec![Shape::from([4]); 3], "three inputs of two"),
        (vec![Shape::from([4, 1]), Shape::from([4, 1])], "an axis too many"),
        (vec![Shape::default(), Shape::default()], "an axis too few"),
    ] {
        expect_input_error(what, program.layout(&tails));
    }
    assert!(program.layout(&[Shape::from([4]), Shape::from([4])]).is_ok());
    let program = subject.prepare(&samples::mlp(1)).expect("prepares");
    for (tail, what) in
        [(Shape::from([255]), "a size too small"), (Shape::from([256, 1]), "an axis too many")]
    {
        let error = expect_input_error(what, program.layout(&[tail]));
        assert!(matches!(&error, BackendError::Input { input, .. } if input == "input"), "{what}: {error}");
    }
}

/// A single run is checked like a batch.
pub(super) fn wrong_single_inputs(subject: &Subject) {
    let program = subject.prepare(&samples::mlp(1)).expect("prepares");
    let mut rig = Rig::open(&program).expect("opens a lane");
    let right = Draw::new(1).tensor(DType::F32, &Shape::from([2, 256]));
    let zeros = |dtype, shape: &[usize]| Tensor::zeros(dtype, shape).expect("is small");
    for (inputs, what) in [
        (vec![], "no inputs"),
        (vec![right.clone(), right.clone()], "two inputs of one"),
        (vec![zeros(DType::F64, &[2, 256])], "another dtype"),
        (vec![zeros(DType::I32, &[2, 256])], "another dtype of the same size"),
        (vec![zeros(DType::F32, &[2, 255])], "a size too small"),
        (vec![zeros(DType::F32, &[256])], "an axis too few"),
        (vec![zeros(DType::F32, &[2, 256, 1])], "an axis too many"),
        (vec![zeros(DType::F32, &[])], "a scalar"),
        (vec![Tensor::from_strings([1, 256], vec![String::new(); 256]).expect("as many")], "strings"),
    ] {
        expect_input_error(what, rig.single(&inputs));
    }
    let expected = rig.batch(std::slice::from_ref(&right)).expect("runs");
    let got = rig.single(std::slice::from_ref(&right)).expect("runs after all that");
    assert_close("alone against a batch", &expected, &got, subject.tolerance);
}

/// Ids that the model's table does not have: the run fails, or the device clamps them; either way the slot comes back
/// and the lane goes on.
pub(super) fn a_failed_run_leaves_slot_and_lane(subject: &Subject) {
    let model = samples::sequence(1);
    let program = subject.prepare(&model).expect("prepares");
    let mut rig = Rig::open(&program).expect("opens a lane");
    let good = Draw::new(1).inputs(model.signature(), 2, 4);
    let expected = rig.batch_in(&good, 2).expect("runs");
    for _ in 0..3 {
        let mut bad = good.clone();
        bad[0] = Tensor::from_vec([2, 4], vec![SEQUENCE_IDS as i64; 8]).expect("2 rows of 4");
        let slot = rig.slot(&bad, 2).expect("has room");
        let (outcome, slot) = rig.submit(slot, 2, 2);
        assert!(slot.is_some(), "the slot is gone after {outcome:?}");
        let got = rig.batch_in(&good, 2).expect("runs after a failure");
        assert_close("after a failure", &expected, &got, subject.tolerance);
        if let Err(error) = rig.single(&bad) {
            assert!(matches!(error, BackendError::Run { .. } | BackendError::Input { .. }), "{error}");
        }
    }
}

fn expect_input_error<T>(what: &str, result: Result<T, BackendError>) -> BackendError {
    match result {
        Err(error @ BackendError::Input { .. }) => error,
        Err(other) => panic!("{what}: expected an error about the input, got {other:?}"),
        Ok(_) => panic!("{what}: expected an error about the input, got an answer"),
    }
}
