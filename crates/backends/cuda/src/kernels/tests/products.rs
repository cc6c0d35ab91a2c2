//! Kernels of products, compared with products computed plainly.

use phalanx_plan::{Activation, Arena, Place, Plan, Port, Precision, Value, ValueId};
use phalanx_tensor::{DType, Shape};

use super::compile::Compiled;
use super::memory::Memory;
use super::models::inputs;
use super::{HOPPER, product};
use crate::kernels::{
    Bias, Chip, Launch, Matrix, Pointer, ProductCall, small_product, small_square, small_tile,
};

/// A product whose matrices are inputs; its result is the last.
#[derive(Clone, Copy)]
pub(super) struct Case {
    pub(super) size: [usize; 3],
    pub(super) batch: usize,
    pub(super) dtype: DType,
    pub(super) is_transposed: bool,
    pub(super) is_a_transposed: bool,
    pub(super) allow_tf32: bool,
    pub(super) activation: Activation,
    pub(super) has_residual: bool,
}

impl Case {
    pub(super) fn new(size: [usize; 3], dtype: DType, is_transposed: bool) -> Self {
        Self {
            size,
            batch: 1,
            dtype,
            is_transposed,
            is_a_transposed: false,
            allow_tf32: false,
            activation: Activation::GeluErf,
            has_residual: true,
        }
    }

    /// Memory for it as a plan without steps, and the call.
    pub(super) fn call(&self) -> (Plan, ProductCall) {
        let [m, n, k] = self.size;
        let Self { batch, dtype, is_transposed, .. } = *self;
        let sizes = [m * k, k * n, n, m * n, m * n];
        let values = sizes.iter().enumerate().map(|(index, &size)| {
            let place = if index < 4 { Place::Input(index) } else { Place::Output(0) };
            Value { dtype, shape: Shape::from([batch * size]), place }
        });
        let matrix = |index: usize, leading: usize, is_transposed: bool| Matrix {
            pointer: Pointer::Value { id: ValueId(index), offset_bytes: 0 },
            dtype,
            leading,
            is_transposed,
            batch_stride: sizes[index],
        };
        let call = ProductCall {
            m,
            n,
            k,
            batch,
            a: matrix(0, if self.is_a_transposed { m } else { k }, self.is_a_transposed),
            b: matrix(1, if is_transposed { k } else { n }, is_transposed),
            c: self.has_residual.then(|| matrix(3, n, false)),
            d: matrix(4, n, false),
            scale: 0.7,
            bias: Some(Bias { pointer: matrix(2, n, false).pointer, dtype, batch_stride: n }),
            activation: self.activation,
            allow_tf32: self.allow_tf32,
        };
        let port = |value| Port { name: String::new(), value: ValueId(value) };
        let plan = Plan {
            precision: Precision::Fp32,
            inputs: (0..4).map(port).collect(),
            outputs: vec![port(4)],
            values: values.collect(),
            constants: Vec::new(),
            steps: Vec::new(),
            arena: Arena::default(),
            index_bounds: Vec::new(),
        };
        (plan, call)
    }

    pub(super) fn tolerance(&self) -> f32 {
        match self.dtype {
            DType::F16 => 2e-3,
            DType::BF16 => 1e-2,
            _ if self.allow_tf32 => 2e-3,
            _ => 1e-5,
        }
    }
}

/// Compares the kernels that `lower` makes of products with what comes out plainly.
pub(super) fn assert_same(cases: &[Case], lower: impl Fn(&ProductCall) -> Launch) {
    let launches: Vec<Launch> = cases.iter().map(|case| lower(&case.call().1)).collect();
    let compiled = Compiled::new(launches.iter());
    for (case, launch) in cases.iter().zip(&launches) {
        let (plan, call) = case.call();
        let inputs = inputs(&plan);
        let (mut got, mut expected) = (Memory::new(&plan, &inputs), Memory::new(&plan, &inputs));
        compiled.run(launch, &mut got);
        product::run(&call, &mut expected);
        let expected = expected.numbers(ValueId(4));
        let size = expected.iter().fold(0.0_f32, |size, x| size.max(x.abs()));
        for (place, (got, expected)) in got.numbers(ValueId(4)).iter().zip(&expected).enumerate() {
            let error = (got - expected).abs();
            assert!(error <= case.tolerance() * size, "{call:?}: {got} for {expected} at {place}");
        }
    }
}

#[test]
fn small_products_of_both_layouts() {
    let mut cases = Vec::new();
    for is_transposed in [false, true] {
        cases.extend([
            Case::new([1, 64, 256], DType::F32, is_transposed),
            Case::new([1, 16, 128], DType::F16, is_transposed),
            Case { batch: 3, ..Case::new([3, 24, 40], DType::F16, is_transposed) },
            Case { activation: Activation::Relu, ..Case::new([4, 36, 60], DType::BF16, is_transposed) },
            Case { has_residual: false, ..Case::new([13, 40, 96], DType::F32, is_transposed) },
            Case { activation: Activation::None, ..Case::new([16, 72, 64], DType::F16, is_transposed) },
            Case::new([2, 7, 5], DType::F32, is_transposed),
        ]);
    }
    assert_same(&cases, |call| small_product(call, &HOPPER).unwrap().unwrap());
}

#[test]
fn few_kernels_do_for_all_small_batches() {
    let text = |rows: usize| {
        let (_, call) = Case::new([rows, 64, 64], DType::F32, false).call();
        small_product(&call, &HOPPER).unwrap().unwrap().source
    };
    assert!(text(5) == text(8));
    assert!(text(8) != text(9));
    let (_, call) = Case::new([17, 64, 64], DType::F32, false).call();
    assert!(small_product(&call, &HOPPER).unwrap().is_none());
}

#[test]
fn tiles_of_every_arithmetic_and_layout() {
    let turing = Chip { major: 7, minor: 5, ..HOPPER };
    let mut cases = Vec::new();
    for is_transposed in [false, true] {
        cases.extend([
            Case::new([64, 64, 64], DType::F32, is_transposed),
            Case { allow_tf32: true, ..Case::new([100, 72, 40], DType::F32, is_transposed) },
            Case { batch: 2, ..Case::new([65, 64, 96], DType::F16, is_transposed) },
            Case { is_a_transposed: true, ..Case::new([33, 80, 24], DType::BF16, is_transposed) },
            Case { is_a_transposed: true, ..Case::new([7, 5, 3], DType::F32, is_transposed) },
            Case { allow_tf32: true, ..Case::new([17, 9, 33], DType::F32, is_transposed) },
        ]);
    }
    assert_same(&cases, |call| small_tile(call, &HOPPER).unwrap().unwrap());
    assert_same(&cases, |call| small_tile(call, &turing).unwrap().unwrap());
}

#[test]
fn squares_of_every_layout() {
    let mut cases = Vec::new();
    for is_transposed in [false, true] {
        cases.extend([
            Case::new([64, 64, 64], DType::F32, is_transposed),
            Case { batch: 2, ..Case::new([65, 64, 96], DType::F16, is_transposed) },
            Case { is_a_transposed: true, ..Case::new([33, 80, 24], DType::BF16, is_transposed) },
            Case { is_a_transposed: true, ..Case::new([7, 5, 3], DType::F32, is_transposed) },
            Case { has_residual: false, ..Case::new([17, 9, 130], DType::F32, is_transposed) },
        ]);
    }
    assert_same(&cases, |call| small_square(call, &HOPPER).unwrap().unwrap());
    let (_, call) = Case::new([512, 512, 64], DType::F32, false).call();
    assert!(small_square(&call, &HOPPER).unwrap().is_none(), "there are enough tiles");
}

#[test]
fn tiles_are_the_same_text_for_every_number_of_rows() {
    let text = |rows: usize| {
        let (_, call) = Case::new([rows, 64, 64], DType::F16, false).call();
        small_tile(&call, &HOPPER).unwrap().unwrap().source
    };
    assert!(text(32) == text(1000));
}
