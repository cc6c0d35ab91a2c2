//! Element-wise work and products.

use phalanx_plan::{Activation, Binary, Epilogue, Kernel, Map, Node, Op, Product, Scalar, Unary};
use phalanx_tensor::{DType, Tensor};

use super::assert_agrees;
use super::models::inputs;
use super::single::{Single, agrees, dense};

fn map(shape: &[usize], kernel: Kernel, store: Vec<usize>) -> Op {
    Op::Map(Map { shape: shape.to_vec(), kernel, store, store_offset: 0 })
}

#[test]
fn functions_of_one_number() {
    let functions = [
        Unary::Neg,
        Unary::Abs,
        Unary::Sign,
        Unary::Exp,
        Unary::Sin,
        Unary::Cos,
        Unary::Tan,
        Unary::Sinh,
        Unary::Cosh,
        Unary::Tanh,
        Unary::Asin,
        Unary::Acos,
        Unary::Atan,
        Unary::Asinh,
        Unary::Erf,
        Unary::Floor,
        Unary::Ceil,
        Unary::Round,
        Unary::RoundEven,
        Unary::Sigmoid,
        Unary::Silu,
        Unary::GeluErf,
        Unary::GeluTanh,
        Unary::HardSwish,
        Unary::Recip,
        Unary::Ln,
        Unary::Sqrt,
        Unary::Rsqrt,
    ];
    // All in one kernel, so that the compiler is called once.
    let mut single = Single::new();
    let shape = [functions.len(), 24];
    let mut kernel = Kernel { operands: Vec::new(), nodes: Vec::new() };
    kernel.operands.push(single.operand(DType::F32, &shape, &[24, 1], 0));
    kernel.operands.push(single.operand(DType::I64, &shape, &[1, 0], 0));
    kernel.nodes.extend([Node::Load(0), Node::Load(1), Node::Literal(Scalar::F32(0.0))]);
    let mut root = 2;
    for (index, function) in functions.into_iter().enumerate() {
        let next = kernel.nodes.len();
        kernel.nodes.extend([
            Node::Unary(function, 0),
            Node::Literal(Scalar::I64(index as i64)),
            Node::Binary(Binary::Equal, 1, next + 1),
            Node::Select { condition: next + 2, then: next, otherwise: root },
        ]);
        root = next + 3;
    }
    let plan = single.plan(map(&shape, kernel, dense(&shape)), DType::F32, &shape);
    let mut inputs = inputs(&plan);
    let rows = (0..functions.len() as i64).collect();
    inputs[1] = Tensor::from_vec([functions.len()], rows).unwrap();
    assert_agrees(&plan, &inputs, 1e-5);
}

#[test]
fn maps_walk_any_strides() {
    for (strides, store, dtype) in [
        ([24, 6, 1], [24, 6, 1], DType::F32),
        ([24, 1, 4], [24, 6, 1], DType::F16),
        ([24, 6, 1], [1, 5, 20], DType::BF16),
        ([0, 0, 1], [24, 6, 1], DType::F32),
        ([1, 0, 0], [24, 6, 1], DType::I32),
    ] {
        let (mut single, shape) = (Single::new(), [5, 4, 6]);
        let first = single.operand(DType::F32, &shape, &strides, 2);
        let second = single.operand(DType::F32, &shape, &[24, 6, 1], 0);
        let nodes = vec![
            Node::Load(0),
            Node::Load(1),
            Node::Binary(Binary::Max, 0, 1),
            Node::Literal(Scalar::F32(100.0)),
            Node::Binary(Binary::Mul, 2, 3),
        ];
        let kernel = Kernel { operands: vec![first, second], nodes };
        let plan = single.plan(map(&shape, kernel, store.to_vec()), dtype, &[5, 4, 6]);
        agrees(&plan, 1e-6);
    }
}

#[test]
fn rows_are_found_by_indices() {
    let (mut single, shape) = (Single::new(), [3, 5, 8]);
    let index = single.operand(DType::I64, &shape, &[5, 1, 0], 0);
    let mut table = single.operand(DType::F16, &[4, 8], &[8, 1], 0);
    table.strides = vec![0, 0, 1];
    let nodes = vec![Node::Load(0), Node::LoadAt { operand: 1, index: 0, stride: 8, size: 4 }];
    let kernel = Kernel { operands: vec![index, table], nodes };
    let plan = single.plan(map(&shape, kernel, dense(&shape)), DType::F32, &shape);
    let mut inputs = inputs(&plan);
    let indices = (0..15).map(|place| [i64::MIN, -5, -4, -1, 0, 3, 4, i64::MAX][place % 8]).collect();
    inputs[0] = Tensor::from_vec([15], indices).unwrap();
    assert_agrees(&plan, &inputs, 0.0);
}

#[test]
fn products_of_several_batch_axes() {
    let mut single = Single::new();
    let a = single.operand(DType::F32, &[2, 3, 5, 4], &[20, 40, 4, 1], 0);
    let b = single.operand(DType::F32, &[2, 3, 4, 6], &[0, 24, 1, 4], 0);
    let shape = [2, 3, 5, 6];
    let residual = single.operand(DType::F32, &shape, &dense(&shape), 0);
    let bias = single.operand(DType::F32, &shape, &[0, 0, 0, 1], 0);
    let epilogue =
        Epilogue { scale: 0.3, bias: Some(bias), residual: Some(residual), activation: Activation::Relu };
    let op =
        Op::Product(Product { batch: vec![2, 3], m: 5, n: 6, k: 4, a, b, store: dense(&shape), epilogue });
    agrees(&single.plan(op, DType::F32, &shape), 1e-5);
}
