//! Models of every kind through the engine, on the backend that is always there.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![cfg(feature = "tract")]

use phalanx_engine::{
    BackendChoice, Batching, Engine, EngineBuilder, EngineError, PadRule, Request, Response,
};
use phalanx_handoff::block_on;
use phalanx_model::{Model, samples};
use phalanx_tensor::{Element, Tensor};

fn builder(model: Model) -> EngineBuilder {
    Engine::builder(model).backend(BackendChoice::Named("tract".to_owned())).lanes(1).threads(1)
}

fn tensor<T: Element>(shape: &[usize], values: Vec<T>) -> Tensor {
    Tensor::from_vec(shape, values).unwrap()
}

fn numbers(response: &Response, output: usize) -> Vec<f32> {
    let bytes = response.output(output).unwrap().bytes;
    bytes.chunks_exact(4).map(|value| f32::from_ne_bytes(value.try_into().unwrap())).collect()
}

/// A text of `length` tokens, with nothing masked.
fn text(length: usize, seed: usize) -> Request {
    let ids =
        (0..length).map(|position| ((seed * 7 + position * 3) % samples::SEQUENCE_IDS) as i64).collect();
    Request::new(vec![tensor::<i64>(&[1, length], ids), tensor(&[1, length], vec![1.0_f32; length])])
}

fn close(left: &[f32], right: &[f32]) -> bool {
    let largest = left.iter().fold(0.0_f32, |max, value| max.max(value.abs()));
    left.len() == right.len() && left.iter().zip(right).all(|(a, b)| (a - b).abs() <= 1e-5 * largest)
}

#[test]
fn rows_of_different_lengths_never_share_a_batch() {
    let engine = builder(samples::sequence(1)).build().unwrap();
    assert_eq!(engine.info().batching, Batching::Batched, "{:?}", engine.info().warnings);
    let lengths = [3, 5, 3, 9, 5, 3];
    let waiting: Vec<_> =
        lengths.iter().enumerate().map(|(seed, &length)| engine.infer(text(length, seed))).collect();
    for ((seed, &length), infer) in lengths.iter().enumerate().zip(waiting) {
        let response = block_on(infer).unwrap();
        assert_eq!(response.output(1).unwrap().shape[..], [1, length, 8]);
        assert!(response.timing().batch_rows <= 3, "three of one length at most");
        let alone = engine.infer_blocking(text(length, seed)).unwrap();
        assert!(close(&numbers(&response, 0), &numbers(&alone, 0)));
    }
}

#[test]
fn padded_rows_share_a_batch_and_are_trimmed_back() {
    let rule = |input: &str| PadRule { input: input.to_owned(), axis: 1, lengths: vec![4, 8], fill: 0.0 };
    let plain = builder(samples::sequence(1)).build().unwrap();
    let padded = builder(samples::sequence(1)).pad(vec![rule("ids"), rule("mask")]).build().unwrap();
    for length in 1..=10 {
        let (expected, got) = (plain.infer_blocking(text(length, 5)), padded.infer_blocking(text(length, 5)));
        let (expected, got) = (expected.unwrap(), got.unwrap());
        assert_eq!(got.output(1).unwrap().shape[..], [1, length, 8]);
        for output in 0..2 {
            assert!(close(&numbers(&expected, output), &numbers(&got, output)), "length {length}");
        }
    }
}

#[test]
fn the_number_of_shapes_is_bounded() {
    let engine = builder(samples::sequence(1)).groups_max(2).build().unwrap();
    for length in [1, 2, 3, 4, 1, 2, 3, 4] {
        let response = engine.infer_blocking(text(length, 1)).unwrap();
        assert_eq!(response.output(1).unwrap().shape[..], [1, length, 8]);
    }
}

#[test]
fn rows_that_depend_on_each_other_run_unbatched() {
    let engine = builder(samples::batch_dependent()).build().unwrap();
    let Batching::Unbatched { reason } = &engine.info().batching else { panic!("it was batched") };
    assert!(reason.contains("inside a batch"), "{reason}");
    assert!(engine.info().warnings.iter().any(|warning| warning.contains("unbatched")));
    let width = engine.signature().inputs[0].dims.as_ref().unwrap()[1].fixed().unwrap();
    let values: Vec<f32> = (0..2 * width).map(|index| index as f32).collect();
    let response = engine.infer_blocking(Request::new(vec![tensor(&[2, width], values)])).unwrap();
    assert_eq!(response.output(0).unwrap().shape[..], [2, width]);
    assert_eq!(numbers(&response, 0)[0], -(width as f32) / 2.0, "its own rows are still run together");
}

#[test]
fn a_fixed_batch_is_padded_or_split() {
    let engine = builder(samples::fixed_batch(4)).build().unwrap();
    assert_eq!(engine.info().batching, Batching::Fixed(4));
    let width = engine.signature().inputs[0].dims.as_ref().unwrap()[1].fixed().unwrap();
    let rows_of = |rows: usize| (0..rows * width).map(|index| index as f32 / 8.0).collect::<Vec<f32>>();
    let whole = engine.infer_blocking(Request::new(vec![tensor(&[9, width], rows_of(9))])).unwrap();
    assert_eq!(whole.output(0).unwrap().shape[0], 9);
    let one = engine.infer_blocking(Request::new(vec![tensor(&[1, width], rows_of(1))])).unwrap();
    let (whole, one) = (numbers(&whole, 0), numbers(&one, 0));
    assert!(close(&one, &whole[..one.len()]));
}

#[test]
fn a_model_without_a_batch_axis_runs_one_request_at_a_time() {
    let engine = builder(samples::no_batch_axis()).build().unwrap();
    assert!(matches!(engine.info().batching, Batching::Unbatched { .. }));
    let request = || {
        let inputs = engine.signature().inputs.iter().map(|info| {
            let dims: Vec<usize> = info.dims.iter().flatten().map(|dim| dim.fixed().unwrap()).collect();
            tensor(&dims, vec![2.0_f32; dims.iter().product()])
        });
        Request::new(inputs.collect())
    };
    let waiting: Vec<_> = (0..5).map(|_| engine.infer(request())).collect();
    for infer in waiting {
        assert!(!numbers(&block_on(infer).unwrap(), 0).is_empty());
    }
}

#[test]
fn outputs_whose_shape_depends_on_the_data_run_unbatched() {
    let engine = builder(samples::data_dependent_shape()).build().unwrap();
    assert!(matches!(engine.info().batching, Batching::Unbatched { .. }), "{:?}", engine.info().batching);
}

#[test]
fn several_outputs_stay_in_order() {
    let engine = builder(samples::two_outputs()).build().unwrap();
    let inputs = engine.signature().inputs.iter().map(|info| {
        let tail: usize = info.dims.iter().flatten().skip(1).map(|dim| dim.fixed().unwrap()).product();
        tensor(&[3, tail], (0..3 * tail).map(|value| value as f32).collect())
    });
    let response = engine.infer_blocking(Request::new(inputs.collect())).unwrap();
    assert_eq!(response.len(), engine.signature().outputs.len());
    assert!((0..response.len()).all(|output| response.output(output).unwrap().shape[0] == 3));
}

#[test]
fn a_dataset_comes_back_in_order() {
    let engine = builder(samples::tiny()).max_batch(8).build().unwrap();
    let batches = (0..100).map(|batch| vec![tensor(&[5, 4], vec![batch as f32; 20])]);
    let mut count = 0;
    for (batch, response) in engine.run(batches).enumerate() {
        assert_eq!(numbers(&response.unwrap(), 0), vec![2.0 * batch as f32 + 1.0; 20]);
        count += 1;
    }
    assert_eq!(count, 100);
}

#[test]
fn wrong_requests_say_what_was_expected_and_what_came() {
    let engine = builder(samples::tiny()).build().unwrap();
    let row = || tensor(&[1, 4], vec![0.0_f32; 4]);
    let cases = [
        (Request::new(vec![]), "number of inputs: expected 1, got 0"),
        (Request::new(vec![row(), row()]), "number of inputs: expected 1, got 2"),
        (Request::new(vec![tensor(&[1, 4], vec![0_i64; 4])]), "expected f32, got i64"),
        (Request::new(vec![tensor(&[1, 5], vec![0.0_f32; 5])]), "expected shape [batch, 4], got [1, 5]"),
        (Request::new(vec![tensor(&[4], vec![0.0_f32; 4])]), "expected shape [batch, 4], got [4]"),
        (Request::new(vec![tensor(&[0, 4], Vec::<f32>::new())]), "expected at least one row, got none"),
    ];
    for (request, expected) in cases {
        let error = engine.infer_blocking(request).unwrap_err();
        assert!(matches!(error, EngineError::InvalidInput { .. }));
        assert!(error.to_string().contains(expected), "{error}");
    }
    assert_eq!(engine.metrics().refused.invalid, 6);
    let unknown = Request::named([("nobody", row())], engine.signature()).unwrap_err();
    assert!(unknown.to_string().contains("\"nobody\""), "{unknown}");
}

#[test]
fn options_that_make_no_sense_are_refused_by_name() {
    let cases: [(&str, EngineBuilder); 6] = [
        ("depth", builder(samples::tiny()).depth(0)),
        ("queue_limit", builder(samples::tiny()).queue_limit(0)),
        ("max_batch and queue_limit", builder(samples::tiny()).max_batch(9).queue_limit(8)),
        ("backend", Engine::builder(samples::tiny()).backend(BackendChoice::Named("torch".to_owned()))),
        ("lanes", builder(samples::tiny()).lanes(0)),
        (
            "pad",
            builder(samples::sequence(1)).pad(vec![PadRule {
                input: "ids".to_owned(),
                axis: 0,
                lengths: vec![4],
                fill: 0.0,
            }]),
        ),
    ];
    for (name, builder) in cases {
        match builder.build().unwrap_err() {
            EngineError::InvalidOption { option, .. } => assert_eq!(option, name),
            other => panic!("{other}"),
        }
    }
}

#[test]
fn it_says_which_sizes_batches_are_padded_to() {
    let engine = builder(samples::mlp(1)).max_batch(8).build().unwrap();
    let info = engine.info();
    assert_eq!((info.padded_to.first(), info.padded_to.last()), (Some(&1), Some(&info.max_batch)));
    assert!(info.padded_to.is_sorted(), "{:?}", info.padded_to);
}
