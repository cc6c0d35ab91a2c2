//! What holds of the launches of whole models, without running them.

use std::collections::HashSet;
use std::sync::Arc;

use phalanx_model::Model;
use phalanx_model::samples::{self, EncoderConfig};
use phalanx_plan::{Plan, Precision, Source};

use super::lowered;
use crate::kernels::{Argument, Launch, Pointer, Task};

const PRECISIONS: [Precision; 4] = [Precision::Fp32, Precision::Tf32, Precision::Fp16, Precision::Bf16];

fn models() -> [Model; 3] {
    [samples::mlp(1), samples::encoder(&EncoderConfig::default()), samples::conv(1)]
}

fn launches(plan: &Plan) -> Vec<Launch> {
    let tasks = lowered(plan).into_iter().flat_map(|step| step.tasks);
    tasks
        .filter_map(|task| match task {
            Task::Launch(launch) => Some(launch),
            Task::Product(_) => None,
        })
        .collect()
}

#[test]
fn the_buckets_of_a_model_share_their_programs() {
    for model in models() {
        let source = Source::new(&model).unwrap();
        for precision in PRECISIONS {
            let texts = |rows: usize| -> HashSet<Arc<str>> {
                let plan = source.plan_rows(rows, precision).unwrap();
                launches(&plan).into_iter().map(|launch| launch.source).collect()
            };
            let expected = texts(2);
            for rows in [8, 32, 256] {
                assert!(texts(rows) == expected, "{} of {rows} rows in {precision}", model.name());
            }
        }
    }
}

#[test]
fn launches_are_within_the_limits_of_devices() {
    for model in models() {
        let source = Source::new(&model).unwrap();
        for (precision, rows) in PRECISIONS.into_iter().zip([1, 3, 64, 1024]) {
            let plan = source.plan_rows(rows, precision).unwrap();
            for launch in launches(&plan) {
                let [x, y, z] = launch.grid;
                assert!((1..=i32::MAX as u32).contains(&x), "{:?}", launch.grid);
                assert!((1..=65_535).contains(&y) && (1..=65_535).contains(&z), "{:?}", launch.grid);
                let threads = launch.block.iter().product::<u32>();
                assert!(threads <= 1024 && threads.is_multiple_of(32), "{:?}", launch.block);
            }
        }
    }
}

#[test]
fn scratch_is_never_read_past_its_end() {
    let source = Source::new(&samples::conv(1)).unwrap();
    let plan = source.plan_rows(300, Precision::Fp32).unwrap();
    for step in lowered(&plan) {
        for task in &step.tasks {
            let Task::Launch(launch) = task else { continue };
            for argument in &launch.arguments {
                if let Argument::Pointer(Pointer::Scratch { offset_bytes }) = *argument {
                    assert!(offset_bytes < step.scratch_bytes);
                }
            }
        }
    }
}
