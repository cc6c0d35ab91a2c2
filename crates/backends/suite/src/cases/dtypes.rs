//! Every dtype passes through unchanged, bit for bit.

use phalanx_model::samples;
use phalanx_tensor::{DType, Tensor};

use crate::{Rig, Subject, assert_close};

macro_rules! identities {
    ($($name:ident: $type:ty = [$low:expr, $zero:expr, $high:expr];)*) => {$(
        pub(super) fn $name(subject: &Subject) {
            let values: Vec<$type> = vec![$low, $zero, $high, $high, $low, $zero];
            identity(subject, &Tensor::from_vec([2, 3], values).expect("2 rows of 3"));
        }
    )*};
}

identities! {
    identity_f16: half::f16 = [half::f16::MIN, half::f16::NEG_ZERO, half::f16::MIN_POSITIVE];
    identity_bf16: half::bf16 = [half::bf16::MIN, half::bf16::NEG_ZERO, half::bf16::MIN_POSITIVE];
    identity_f32: f32 = [f32::MIN, -0.0, f32::MIN_POSITIVE];
    identity_f64: f64 = [f64::MIN, -0.0, f64::MIN_POSITIVE];
    identity_i8: i8 = [i8::MIN, 0, i8::MAX];
    identity_i16: i16 = [i16::MIN, 0, i16::MAX];
    identity_i32: i32 = [i32::MIN, 0, i32::MAX];
    identity_i64: i64 = [i64::MIN, 0, i64::MAX];
    identity_u8: u8 = [1, 0, u8::MAX];
    identity_u16: u16 = [1, 0, u16::MAX];
    identity_u32: u32 = [1, 0, u32::MAX];
    identity_u64: u64 = [1, 0, u64::MAX];
}

pub(super) fn identity_bool(subject: &Subject) {
    let bytes = bytes::Bytes::from_static(&[1, 0, 0, 0, 1, 1]);
    identity(subject, &Tensor::from_bytes(DType::Bool, [2, 3], bytes).expect("2 rows of 3"));
}

pub(super) fn identity_string(subject: &Subject) {
    let texts = ["", "a", "naïve", "雪", "a b", "0"].map(str::to_owned).to_vec();
    let input = Tensor::from_strings([2, 3], texts).expect("2 rows of 3");
    let program = subject.prepare(&samples::identity(DType::String)).expect("prepares");
    let output = Rig::open(&program).and_then(|mut rig| rig.single(std::slice::from_ref(&input)));
    assert_close("strings", &[input], &output.expect("runs"), 0.0);
}

fn identity(subject: &Subject, input: &Tensor) {
    let program = subject.prepare(&samples::identity(input.dtype())).expect("prepares");
    let mut rig = Rig::open(&program).expect("opens a lane");
    for (how, output) in [
        ("a batch", rig.batch(std::slice::from_ref(input))),
        ("alone", rig.single(std::slice::from_ref(input))),
    ] {
        let output = output.unwrap_or_else(|error| panic!("{how}: {error}"));
        assert_eq!(output.len(), 1);
        assert_eq!((output[0].dtype(), output[0].shape()), (input.dtype(), input.shape()), "{how}");
        assert_eq!(output[0].bytes(), input.bytes(), "{how}");
    }
}
