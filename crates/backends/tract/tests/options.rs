//! Options that tract does not have are refused by name, and its limits hold.

use std::num::NonZeroUsize;
use std::sync::Arc;

use phalanx_backend::{Backend, BackendError, Buckets, Device, Precision, PrepareOptions, Program};
use phalanx_backend_suite::{Draw, Rig};
use phalanx_model::samples;
use phalanx_tensor::Shape;
use phalanx_tract::Tract;

fn prepare(options: &PrepareOptions) -> Result<Arc<dyn Program>, BackendError> {
    Tract.prepare(&samples::mlp(1), Device::Cpu, options)
}

#[test]
fn precisions_without_fast_arithmetic_are_refused() {
    for precision in [Precision::Tf32, Precision::Bf16, Precision::Fp16] {
        let result = prepare(&PrepareOptions { precision, ..PrepareOptions::default() }).map(|_| ());
        if precision == Precision::Fp16 && cfg!(target_arch = "aarch64") {
            assert_eq!(result, Ok(()));
        } else {
            let option = format!("precision {precision}");
            let refusal = BackendError::UnsupportedOption { backend: "tract", device: Device::Cpu, option };
            assert_eq!(result, Err(refusal));
        }
    }
}

#[test]
fn axes_of_one_name_have_one_size() {
    let program = Tract.prepare(&samples::sequence(1), Device::Cpu, &PrepareOptions::default()).unwrap();
    let tails = [Shape::from([4]), Shape::from([5])];
    match program.layout(&tails) {
        Err(BackendError::Input { input, expected, got }) => {
            assert_eq!((input.as_str(), got.as_str()), ("mask", "rows of [5]"));
            assert!(expected.contains("seq = 4 as in \"ids\""), "{expected}");
        }
        other => panic!("{other:?}"),
    }
}

/// Few kernels serve all buckets, and each packs the weights once.
#[test]
fn buckets_share_their_weights() {
    let model = samples::mlp(1);
    let program = prepare(&PrepareOptions::default()).unwrap();
    let Buckets::Fixed(buckets) = program.buckets() else { panic!("expected fixed buckets") };
    let count = buckets.len() as u64;
    assert!(count > 20);
    let mut rig = Rig::open(&program).unwrap();
    for rows in buckets {
        rig.batch(&Draw::new(1).inputs(model.signature(), rows, 1)).unwrap();
    }
    let bytes = program.memory().host_bytes.unwrap();
    let weights = model.parameter_bytes();
    assert!(bytes > weights && bytes < weights * count / 2, "{bytes} bytes for weights of {weights}");
}

#[test]
fn shapes_that_are_no_longer_kept_give_their_memory_back() {
    let model = samples::mlp(1);
    let kept = |shapes_max: usize| {
        let shapes_max = NonZeroUsize::new(shapes_max).unwrap();
        let program = prepare(&PrepareOptions { shapes_max, ..PrepareOptions::default() }).unwrap();
        let mut rig = Rig::open(&program).unwrap();
        for rows in [1, 128, 2, 64, 1, 32] {
            rig.batch(&Draw::new(1).inputs(model.signature(), rows, 1)).unwrap();
        }
        program.memory().host_bytes.unwrap()
    };
    assert!(kept(1) <= kept(6));
}
