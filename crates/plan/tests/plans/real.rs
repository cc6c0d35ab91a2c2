use std::path::Path;

use phalanx_model::Model;
use phalanx_plan::{Plan, Precision, Source};
use phalanx_tensor::Shape;

use crate::reference::{TOLERANCE, agreeing, compare, kinds, none};

/// Where models that are not part of the project lie: `mlp.onnx`, `encoder.onnx`, `conv.onnx`, `minilm.onnx`.
const FOLDER: &str = "PHALANX_PLAN_MODELS";

/// The model of this name, where there is one.
#[allow(clippy::print_stderr, reason = "says why a test did nothing")]
fn model(name: &str) -> Option<Model> {
    let folder = std::env::var_os(FOLDER);
    let path = folder.map(|folder| Path::new(&folder).join(format!("{name}.onnx")));
    let found = path.filter(|path| path.exists()).map(|path| Model::load(path).unwrap());
    if found.is_none() {
        eprintln!("skipped: there is no {name}.onnx in the folder that {FOLDER} names");
    }
    found
}

#[test]
fn the_mlp() {
    let Some(model) = model("mlp") else { return };
    for rows in [1, 3, 32, 256] {
        assert_eq!(kinds(&agreeing(&model, rows, none)), [("product", 3)]);
    }
}

#[test]
fn the_encoder() {
    let Some(model) = model("encoder") else { return };
    for rows in [1, 3, 32, 256] {
        let plan = agreeing(&model, rows, none);
        assert_eq!(kinds(&plan), [("attention", 2), ("layer_norm", 4), ("product", 8)], "{plan}");
    }
}

#[test]
fn the_conv() {
    let Some(model) = model("conv") else { return };
    for rows in [1, 3, 32, 256] {
        let plan = agreeing(&model, rows, none);
        assert_eq!(kinds(&plan), [("conv", 3), ("product", 1), ("sum", 1)], "{plan}");
    }
}

const LAYERS: usize = 6;

fn minilm_plan(source: &Source, rows: usize, precision: Precision) -> Plan {
    let shape = Shape::from([rows, 32]);
    source.plan(&[shape.clone(), shape.clone(), shape], precision).unwrap()
}

/// Ids from the whole vocabulary, and sentences of different lengths.
fn token(name: &str, place: usize) -> i64 {
    match name {
        "input_ids" => (place as i64 * 7919 + 13) % 30_522,
        "attention_mask" => i64::from(place % 32 < 20 + place / 32),
        _ => (place % 2) as i64,
    }
}

#[test]
fn minilm() {
    let Some(model) = model("minilm") else { return };
    let source = Source::new(&model).unwrap();
    for rows in [1, 3, 32, 256] {
        let plan = minilm_plan(&source, rows, Precision::Fp32);
        let kinds = kinds(&plan);
        assert!(kinds.contains(&("attention", LAYERS)), "{plan}");
        assert!(kinds.contains(&("product", 4 * LAYERS)), "{plan}");
        assert!(kinds.contains(&("layer_norm", 2 * LAYERS + 1)), "{plan}");
        // And the mask, the pooling under it, and the norm of the result.
        assert_eq!(plan.steps.len(), 7 * LAYERS + 6, "{plan}");
        assert_eq!(plan.arena.bytes, plan.arena.bytes_min);
        let worst = compare(&model, &plan, token);
        assert!(worst <= TOLERANCE, "{rows} rows: {worst}");
    }
}

#[test]
fn minilm_in_half_precision_comes_close() {
    let Some(model) = model("minilm") else { return };
    let source = Source::new(&model).unwrap();
    for (precision, most) in [(Precision::Tf32, 0.01), (Precision::Fp16, 0.01), (Precision::Bf16, 0.1)] {
        let plan = minilm_plan(&source, 2, precision);
        let worst = compare(&model, &plan, token);
        assert!(worst < most, "{precision}: {worst}");
    }
}
