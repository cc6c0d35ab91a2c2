//! Normalisations, softmax and reductions.

use phalanx_plan::{Kernel, Node, Op, Reduction, Rows};
use phalanx_tensor::DType;

use super::single::{Single, affine, agrees, dense, source};

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
