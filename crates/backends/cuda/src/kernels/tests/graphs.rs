//! Single operations of every form, over inputs.

use phalanx_plan::{
    Activation, Arena, Attention, Binary, Conv, Epilogue, Kernel, Map, Node, Op, Operand, Place, Plan, Pool,
    PoolKind, Port, Precision, Product, Reduction, Rows, Scalar, Step, Unary, Value, ValueId, Window,
};
use phalanx_tensor::{DType, Shape};

use super::models::inputs;
use super::{assert_agrees, lowered};
use crate::kernels::Task;

/// A plan of one operation, whose operands are inputs. Their elements are as many as it reads.
struct Single {
    values: Vec<Value>,
    inputs: Vec<Port>,
}

impl Single {
    fn new() -> Self {
        Self { values: Vec::new(), inputs: Vec::new() }
    }

    /// An operand of these strides over `shape`.
    fn operand(&mut self, dtype: DType, shape: &[usize], strides: &[usize], offset: usize) -> Operand {
        let value = ValueId(self.values.len());
        let operand = Operand { value, offset, strides: strides.to_vec() };
        let elements = operand.end(shape);
        let place = Place::Input(self.inputs.len());
        self.inputs.push(Port { name: format!("in{}", self.inputs.len()), value });
        self.values.push(Value { dtype, shape: Shape::from([elements]), place });
        operand
    }

    /// The plan, its result of the shape that it has in memory.
    fn plan(mut self, op: Op, dtype: DType, shape: &[usize]) -> Plan {
        let output = ValueId(self.values.len());
        self.values.push(Value { dtype, shape: shape.iter().copied().collect(), place: Place::Output(0) });
        let steps = vec![Step { name: "only".to_owned(), op, output }];
        Plan {
            precision: Precision::Fp32,
            inputs: self.inputs,
            outputs: vec![Port { name: "out".to_owned(), value: output }],
            values: self.values,
            constants: Vec::new(),
            steps,
            arena: Arena::default(),
            index_bounds: Vec::new(),
        }
    }
}

fn dense(shape: &[usize]) -> Vec<usize> {
    let mut strides = vec![1; shape.len()];
    for axis in (1..shape.len()).rev() {
        strides[axis - 1] = strides[axis] * shape[axis];
    }
    strides
}

/// The text of the kernel of the only step.
fn source(plan: &Plan) -> String {
    match &lowered(plan)[0].tasks[0] {
        Task::Launch(launch) => launch.source.to_string(),
        other => panic!("expected a kernel, got {other:?}"),
    }
}

fn agrees(plan: &Plan, tolerance: f32) {
    plan.check().unwrap();
    assert_agrees(plan, &inputs(plan), tolerance);
}

/// `scale · given + operand`, of each operand.
fn affine(scale: f32, operands: Vec<Operand>) -> Kernel {
    let mut nodes = vec![Node::Given, Node::Literal(Scalar::F32(scale)), Node::Binary(Binary::Mul, 0, 1)];
    for index in 0..operands.len() {
        nodes.push(Node::Load(index));
        nodes.push(Node::Binary(Binary::Add, nodes.len() - 2, nodes.len() - 1));
    }
    Kernel { operands, nodes }
}

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
    inputs[1] = phalanx_tensor::Tensor::from_vec([functions.len()], rows).unwrap();
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
    inputs[0] = phalanx_tensor::Tensor::from_vec([15], indices).unwrap();
    assert_agrees(&plan, &inputs, 0.0);
}

#[test]
fn rows_of_every_reduction_and_length() {
    let reductions = [
        Reduction::Sum,
        Reduction::Product,
        Reduction::Max,
        Reduction::Min,
        Reduction::MeanOfSquares,
        Reduction::Softmax,
        Reduction::LogSoftmax,
        Reduction::LayerNorm { epsilon: 1e-5 },
        Reduction::RmsNorm { epsilon: 1e-6 },
    ];
    for (index, reduction) in reductions.into_iter().enumerate() {
        // A part of a warp, a warp, a block; then neighbours of different rows.
        for (length, strides) in [
            ([1, 9], [18, 9, 1]),
            ([4, 65], [520, 65, 1]),
            ([2, 700], [2800, 1400, 1]),
            ([6, 3], [144, 24, 8]),
        ] {
            if index > 1 && index < 4 && length[1] == 65 {
                continue;
            }
            let (mut single, outer) = (Single::new(), [5, 2]);
            let full = [outer[0], outer[1], length[0], length[1]];
            let row = length[0] * length[1];
            let lies_apart = strides == [144, 24, 8];
            let strides = if lies_apart { [36, 1, 6, 2] } else { [2 * row, row, length[1], 1] };
            let x = single.operand(DType::F32, &full, &strides, 0);
            let is_each = reduction.is_per_element();
            let (shape, along) = if is_each {
                (full.to_vec(), vec![0, 0, length[1], 1])
            } else {
                (outer.to_vec(), vec![0, 1])
            };
            let bias = single.operand(DType::F16, &shape, &along, 0);
            let op = Op::Rows(Rows {
                outer: outer.to_vec(),
                inner: length.to_vec(),
                before: Kernel::load(x),
                reduction,
                after: affine(0.5, vec![bias]),
                store: dense(&shape),
            });
            let plan = single.plan(op, DType::F32, &shape);
            agrees(&plan, 1e-5);
        }
    }
}

#[test]
fn rows_that_are_looked_up_are_read_along() {
    let (mut single, full) = (Single::new(), [3, 5, 8]);
    let index = single.operand(DType::I64, &full, &[5, 1, 0], 0);
    let mut table = single.operand(DType::F16, &[4, 8], &[8, 1], 0);
    table.strides = vec![0, 0, 1];
    let nodes = vec![Node::Load(0), Node::LoadAt { operand: 1, index: 0, stride: 8, size: 4 }];
    let op = Op::Rows(Rows {
        outer: vec![3, 5],
        inner: vec![8],
        before: Kernel { operands: vec![index, table], nodes },
        reduction: Reduction::LayerNorm { epsilon: 1e-3 },
        after: Kernel::given(),
        store: dense(&full),
    });
    let plan = single.plan(op, DType::F32, &full);
    let text = source(&plan);
    assert!(text.contains("OWN_ROWS = false") && text.contains("pack<8>(at1 + nearest("), "{text}");
    agrees(&plan, 1e-5);
}

#[test]
fn a_row_may_be_a_single_element() {
    for reduction in [Reduction::Sum, Reduction::Softmax, Reduction::LayerNorm { epsilon: 0.1 }] {
        for (outer, inner) in [([3, 1], [1, 1]), ([1, 1], [1, 8]), ([1, 8], [1, 1])] {
            let mut single = Single::new();
            let full = [outer[0], outer[1], inner[0], inner[1]];
            let x = single.operand(DType::F32, &full, &dense(&full), 0);
            let shape = if reduction.is_per_element() { full.to_vec() } else { outer.to_vec() };
            let op = Op::Rows(Rows {
                outer: outer.to_vec(),
                inner: inner.to_vec(),
                before: Kernel::load(x),
                reduction,
                after: Kernel::given(),
                store: dense(&shape),
            });
            agrees(&single.plan(op, DType::F32, &shape), 1e-5);
        }
    }
}

#[test]
fn long_rows_do_not_stay_in_registers() {
    for (length, reduction) in [(9000, Reduction::Softmax), (70_001, Reduction::Sum)] {
        let mut single = Single::new();
        let x = single.operand(DType::F16, &[2, length], &[length, 1], 0);
        let shape = if reduction.is_per_element() { vec![2, length] } else { vec![2] };
        let op = Op::Rows(Rows {
            outer: vec![2],
            inner: vec![length],
            before: Kernel::load(x),
            reduction,
            after: Kernel::given(),
            store: dense(&shape),
        });
        agrees(&single.plan(op, DType::F32, &shape), 1e-4);
    }
}

fn attention_plan(dtype: DType, tokens: usize, heads: usize, width: usize, is_masked: bool) -> Plan {
    let (mut single, samples) = (Single::new(), 3);
    let joint = 3 * heads * width;
    let shape = [samples, heads, tokens, width];
    // Queries, keys and values lie behind each other for each token.
    let qkv = single.operand(dtype, &[samples, tokens, joint], &[tokens * joint, joint, 1], 0);
    let part = |index: usize| Operand {
        value: qkv.value,
        offset: index * heads * width,
        strides: vec![tokens * joint, width, joint, 1],
    };
    let scores = [samples, heads, tokens, tokens];
    let mask = is_masked.then(|| single.operand(DType::F32, &scores, &[tokens, 0, 0, 1], 0));
    let op = Op::Attention(Attention {
        batch: vec![samples, heads],
        queries: tokens,
        keys: tokens,
        width,
        value_width: width,
        query: part(0),
        key: part(1),
        value: part(2),
        score: affine(0.25, mask.into_iter().collect()),
        store: vec![tokens * heads * width, width, heads * width, 1],
    });
    let mut plan = single.plan(op, dtype, &[shape[0], tokens, heads, width]);
    plan.precision = match dtype {
        DType::F16 => Precision::Fp16,
        DType::BF16 => Precision::Bf16,
        _ => Precision::Fp32,
    };
    plan
}

#[test]
fn attention_of_every_size() {
    for (dtype, tokens, heads, width, is_masked, tolerance) in [
        (DType::F32, 32, 4, 64, false, 1e-5),
        (DType::F32, 70, 1, 5, true, 1e-5),
        (DType::F32, 45, 2, 20, true, 1e-5),
        (DType::F32, 7, 1, 160, false, 1e-5),
        (DType::F16, 32, 4, 64, false, 2e-3),
        (DType::F16, 32, 2, 32, true, 2e-3),
        (DType::BF16, 17, 2, 48, true, 2e-2),
        (DType::F16, 128, 1, 128, true, 2e-3),
        (DType::F16, 200, 1, 16, false, 2e-3),
    ] {
        agrees(&attention_plan(dtype, tokens, heads, width, is_masked), tolerance);
    }
}

#[test]
fn values_may_be_wider_than_a_warp_holds() {
    let mut single = Single::new();
    let query = single.operand(DType::F32, &[2, 5, 7], &[35, 7, 1], 0);
    let key = single.operand(DType::F32, &[2, 40, 7], &[280, 7, 1], 0);
    let value = single.operand(DType::F32, &[2, 40, 300], &[12_000, 300, 1], 0);
    let op = Op::Attention(Attention {
        batch: vec![2],
        queries: 5,
        keys: 40,
        width: 7,
        value_width: 300,
        query,
        key,
        value,
        score: Kernel::given(),
        store: vec![1500, 300, 1],
    });
    agrees(&single.plan(op, DType::F32, &[2, 5, 300]), 1e-5);
}

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
