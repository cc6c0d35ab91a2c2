//! Whole models, in every precision.

use phalanx_model::Model;
use phalanx_model::samples::{self, EncoderConfig};
use phalanx_plan::{Plan, Precision, Source};
use phalanx_tensor::{DType, Shape, Tensor};

use super::assert_agrees;

/// Numbers that are the same in every run: floats between -1 and 1, small integers.
pub(super) fn inputs(plan: &Plan) -> Vec<Tensor> {
    let mut state = 0x9E37_79B9_u32;
    let mut next = move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / (1 << 23) as f32 - 1.0
    };
    let tensor = |port: &phalanx_plan::Port| {
        let (dtype, shape) = plan.port(port);
        let count = shape.iter().product::<usize>();
        let numbers: Vec<f32> = (0..count).map(|_| next()).collect();
        match dtype {
            DType::F32 => Tensor::from_vec(shape.clone(), numbers),
            DType::F16 => {
                Tensor::from_vec(shape.clone(), numbers.into_iter().map(half::f16::from_f32).collect())
            }
            DType::BF16 => {
                Tensor::from_vec(shape.clone(), numbers.into_iter().map(half::bf16::from_f32).collect())
            }
            DType::I64 => {
                Tensor::from_vec(shape.clone(), (0..count).map(|place| (place * 7 % 5) as i64).collect())
            }
            other => panic!("no inputs of {other}"),
        }
    };
    plan.inputs.iter().map(tensor).collect::<Result<_, _>>().unwrap()
}

/// How far off results may be: those of 16 bits by what is rounded differently in between.
pub(super) fn tolerance(precision: Precision) -> f32 {
    match precision {
        Precision::Fp32 => 1e-5,
        Precision::Tf32 => 2e-3,
        Precision::Fp16 => 4e-3,
        Precision::Bf16 => 3e-2,
    }
}

fn agrees(model: &Model, rows: usize) {
    let source = Source::new(model).unwrap();
    for precision in [Precision::Fp32, Precision::Tf32, Precision::Fp16, Precision::Bf16] {
        let plan = source.plan_rows(rows, precision).unwrap();
        assert_agrees(&plan, &inputs(&plan), tolerance(precision));
    }
}

#[test]
fn an_mlp() {
    agrees(&samples::mlp(1), 3);
}

#[test]
fn an_encoder() {
    let config = EncoderConfig { layers: 1, heads: 2, head_width: 16, feed_forward: 48, tokens: 9, seed: 3 };
    agrees(&samples::encoder(&config), 3);
    agrees(&samples::encoder(&EncoderConfig { head_width: 12, tokens: 37, ..config }), 1);
}

#[test]
fn a_convolutional_network() {
    agrees(&samples::conv(1), 3);
}

#[test]
fn small_models() {
    for model in [samples::tiny(), samples::two_outputs(), samples::identity(DType::F32)] {
        agrees(&model, 3);
    }
}

#[test]
fn embeddings() {
    let source = Source::new(&samples::sequence(1)).unwrap();
    for precision in [Precision::Fp32, Precision::Fp16] {
        let plan = source.plan(&[Shape::from([3, 5]), Shape::from([3, 5])], precision).unwrap();
        assert_agrees(&plan, &inputs(&plan), tolerance(precision));
    }
}
