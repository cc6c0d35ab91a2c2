use phalanx_model::samples::{self, EncoderConfig};
use phalanx_plan::{PlanError, Precision, Source, interpret, model_cost};
use phalanx_tensor::{DType, Shape, Tensor};

use crate::reference::{TOLERANCE, agreeing, compare, difference, inputs, kinds, none};

#[test]
fn an_mlp_is_its_products() {
    let model = samples::mlp(1);
    for rows in [1, 3, 32, 256] {
        let plan = agreeing(&model, rows, none);
        assert_eq!(kinds(&plan), [("product", 3)], "{plan}");
    }
}

#[test]
fn an_encoder_is_seven_operations_a_layer() {
    let model = samples::encoder(&EncoderConfig::default());
    for rows in [1, 3, 32] {
        let plan = agreeing(&model, rows, none);
        assert_eq!(kinds(&plan), [("attention", 2), ("layer_norm", 5), ("product", 8)], "{plan}");
    }
}

#[test]
fn an_encoder_of_one_head_and_one_token_still_has_attention() {
    let config = EncoderConfig { layers: 1, heads: 1, head_width: 8, feed_forward: 16, tokens: 3, seed: 2 };
    let plan = agreeing(&samples::encoder(&config), 2, none);
    assert!(kinds(&plan).contains(&("attention", 1)), "{plan}");
    // Over a single key a softmax is 1, so what the pieces are called does not matter.
    agreeing(&samples::encoder(&EncoderConfig { tokens: 1, ..config }), 3, none);
}

#[test]
fn convolutions_take_their_activations() {
    let model = samples::conv(1);
    for rows in [1, 3, 32, 256] {
        let plan = agreeing(&model, rows, none);
        assert_eq!(kinds(&plan), [("conv", 3), ("product", 1), ("sum", 1)], "{plan}");
    }
}

#[test]
fn embeddings_are_looked_up_where_they_are_used() {
    let model = samples::sequence(1);
    let source = Source::new(&model).unwrap();
    let plan = source.plan(&[Shape::from([3, 5]), Shape::from([3, 5])], Precision::Fp32).unwrap();
    let id = |_: &str, place: usize| (place * 7 % samples::SEQUENCE_IDS) as i64;
    assert!(compare(&model, &plan, id) <= TOLERANCE, "{plan}");
    let bound = plan.index_bounds[0];
    let ids = samples::SEQUENCE_IDS as i64;
    assert_eq!((bound.input, bound.min, bound.max), (0, -ids, ids - 1));
}

#[test]
fn indices_outside_take_the_nearest_row() {
    let model = samples::sequence(1);
    let source = Source::new(&model).unwrap();
    let plan = source.plan(&[Shape::from([1, 4]), Shape::from([1, 4])], Precision::Fp32).unwrap();
    let last = samples::SEQUENCE_IDS as i64 - 1;
    let run = |ids: [i64; 4]| {
        let ids = Tensor::from_vec([1, 4], ids.to_vec()).unwrap();
        let mask = Tensor::from_vec([1, 4], vec![1.0_f32; 4]).unwrap();
        interpret(&plan, &[ids, mask]).unwrap()
    };
    assert_eq!(run([i64::MAX, i64::MIN, last + 1, -1]), run([last, 0, last, last]));
}

#[test]
fn small_models_agree() {
    for model in
        [samples::tiny(), samples::two_outputs(), samples::batch_dependent(), samples::identity(DType::F32)]
    {
        agreeing(&model, 3, none);
    }
    agreeing(&samples::no_batch_axis(), 1, none);
    agreeing(&samples::fixed_batch(4), 4, none);
}

#[test]
fn half_precision_models_keep_their_dtypes() {
    let model = samples::f16_model(1);
    let plan = Source::new(&model).unwrap().plan_rows(2, Precision::Fp32).unwrap();
    assert_eq!(plan.port(&plan.inputs[0]).0, DType::F16);
    assert_eq!(plan.port(&plan.outputs[0]).0, DType::F16);
    let input = (0..8).map(|place| half::f16::from_f32(place as f32 / 8.0)).collect();
    let output = interpret(&plan, &[Tensor::from_vec([2, 4], input).unwrap()]).unwrap();
    assert!(output[0].to_vec::<half::f16>().unwrap().iter().all(|number| number.is_finite()));
}

#[test]
fn everything_unknown_is_listed_at_once() {
    let Err(PlanError::Unsupported { operators }) = Source::new(&samples::unknown_operator()) else {
        panic!("expected that it has no plan");
    };
    assert!(operators.iter().any(|operator| operator.contains("Mystery")), "{operators:?}");
    let source = Source::new(&samples::data_dependent_shape()).unwrap();
    let error = source.plan_rows(2, Precision::Fp32).unwrap_err();
    assert!(matches!(error, PlanError::Unsupported { .. } | PlanError::Prepare { .. }), "{error}");
}

#[test]
fn weights_are_the_same_in_every_bucket() {
    let source = Source::new(&samples::encoder(&EncoderConfig::default())).unwrap();
    let [one, other] = [1, 32].map(|rows| source.plan_rows(rows, Precision::Fp32).unwrap());
    let names = |plan: &phalanx_plan::Plan| {
        let mut names: Vec<_> = plan.constants.iter().map(|constant| constant.hash).collect();
        names.sort();
        names
    };
    assert_eq!(names(&one), names(&other));
    // Nor are they there twice.
    for constant in &one.constants {
        let same = other.constants.iter().find(|same| same.hash == constant.hash).unwrap();
        let is_large = constant.tensor.bytes().len() > 10_000;
        let is_shared = constant.tensor.bytes().as_ptr() == same.tensor.bytes().as_ptr();
        assert!(is_shared || !is_large, "{:?} of {}", constant.hash, constant.tensor.shape());
    }
}

#[test]
fn narrow_precision_narrows_what_products_read() {
    let model = samples::encoder(&EncoderConfig::default());
    let source = Source::new(&model).unwrap();
    let exact = source.plan_rows(2, Precision::Fp32).unwrap();
    let inputs = inputs(&exact, none);
    let expected = interpret(&exact, &inputs).unwrap()[0].to_vec::<f32>().unwrap();
    for (precision, dtype, most) in [
        (Precision::Tf32, DType::F32, 5e-3),
        (Precision::Fp16, DType::F16, 5e-3),
        (Precision::Bf16, DType::BF16, 5e-2),
    ] {
        let plan = source.plan_rows(2, precision).unwrap();
        let output = interpret(&plan, &inputs).unwrap();
        assert_eq!(output[0].dtype(), DType::F32);
        let worst = difference(&output[0].to_vec::<f32>().unwrap(), &expected, output[0].shape());
        assert!(worst > 0.0 && worst < most, "{precision}: {worst}");
        let stored = plan.values.iter().filter(|value| value.dtype == dtype).count();
        assert!(stored > 10, "{plan}");
    }
}

#[test]
fn memory_is_near_what_lives_at_once() {
    for model in [samples::encoder(&EncoderConfig::default()), samples::conv(1)] {
        let plan = Source::new(&model).unwrap().plan_rows(32, Precision::Fp32).unwrap();
        let arena = plan.arena;
        assert!(arena.bytes * 10 <= arena.bytes_min * 11, "{}: {arena:?}", model.name());
        assert!(arena.bytes < arena.bytes_unshared, "{}: {arena:?}", model.name());
    }
}

#[test]
fn costs_are_those_of_the_products() {
    let rows = 32;
    let cost = model_cost(&samples::mlp(1), rows).unwrap();
    let (weights, biases) = (256 * 512 + 512 * 512 + 512 * 256, 512 + 512 + 256);
    let activated = 512 + 512;
    assert_eq!(cost.flops, (rows * (2 * weights + biases + activated)) as u64);
    assert_eq!(cost.constant_bytes, 4 * (weights + biases) as u64);
    assert_eq!(cost.read_bytes, (4 * rows * (256 + 512 + 512)) as u64);
    assert_eq!(cost.written_bytes, (4 * rows * (512 + 512 + 256)) as u64);
    assert_eq!(cost.bytes(), cost.constant_bytes + cost.read_bytes + cost.written_bytes);
}

#[test]
fn inputs_are_compared_with_the_plan() {
    let plan = Source::new(&samples::tiny()).unwrap().plan_rows(2, Precision::Fp32).unwrap();
    assert!(matches!(interpret(&plan, &[]), Err(PlanError::InputCount { expected: 1, got: 0 })));
    let wrong = Tensor::from_vec([3, 4], vec![0.0_f32; 12]).unwrap();
    assert!(matches!(interpret(&plan, &[wrong]), Err(PlanError::Input { .. })));
}

#[test]
fn every_bucket_has_a_plan() {
    for model in [samples::mlp(1), samples::encoder(&EncoderConfig::default()), samples::conv(1)] {
        let source = Source::new(&model).unwrap();
        for precision in [Precision::Fp32, Precision::Tf32, Precision::Fp16, Precision::Bf16] {
            let counts = [1, 3, 32, 256].map(|rows| source.plan_rows(rows, precision).unwrap().steps.len());
            assert!(counts.iter().all(|&count| count == counts[0]), "{}: {counts:?}", model.name());
        }
    }
}
