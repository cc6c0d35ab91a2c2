use std::path::Path;

use phalanx_model::Model;
use phalanx_plan::{Plan, Precision, Source};

use crate::reference::{agreeing, kinds, none};

/// Where models that are not part of the project lie: `mlp.onnx`, `encoder.onnx`, `conv.onnx`, `minilm.onnx`.
const FOLDER: &str = "PHALANX_PLAN_MODELS";

/// The model of this name, where there is one.
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
    for rows in [1, 3, 32] {
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

fn minilm_plan(model: &Model, rows: usize) -> Plan {
    let shape = phalanx_tensor::Shape::from([rows, 32]);
    Source::new(model).unwrap().plan(&vec![shape; 3], Precision::Fp32).unwrap()
}

#[test]
fn minilm() {
    let Some(model) = model("minilm") else { return };
    for rows in [1, 3] {
        let plan = minilm_plan(&model, rows);
        println!("{plan}");
        let integer = |name: &str, place: usize| match name {
            "input_ids" => (place as i64 * 7919 + 13) % 30_522,
            "attention_mask" => i64::from(place % 32 < 20 + place / 32),
            _ => (place % 2) as i64,
        };
        let worst = crate::reference::compare(&model, &plan, integer);
        assert!(worst <= crate::reference::TOLERANCE, "{worst}");
    }
}
