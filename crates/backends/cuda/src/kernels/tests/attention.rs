//! Attention of every form.

use phalanx_plan::{Attention, Kernel, Op, Operand, Plan, Precision};
use phalanx_tensor::DType;

use super::single::{Single, affine, agrees};

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
