//! Options change how a model is run, and not what it answers.

use std::num::NonZeroUsize;

use phalanx_backend::{Optimize, PrepareOptions};
use phalanx_model::Model;
use phalanx_model::samples::{self, EncoderConfig};
use phalanx_tensor::Tensor;

use crate::{Draw, Rig, Subject, assert_close};

pub(super) fn optimization_levels_agree(subject: &Subject) {
    for model in models() {
        let [none, basic, full] = [Optimize::None, Optimize::Basic, Optimize::Full]
            .map(|optimize| answer(subject, &model, &PrepareOptions { optimize, ..subject.options.clone() }));
        assert_close(&format!("{}: none against basic", model.name()), &none, &basic, subject.tolerance);
        assert_close(&format!("{}: none against full", model.name()), &none, &full, subject.tolerance);
    }
}

pub(super) fn threads_agree(subject: &Subject) {
    for model in models() {
        let [one, two] = [1, 2].map(|threads| {
            let threads = NonZeroUsize::new(threads).expect("not zero");
            answer(subject, &model, &PrepareOptions { threads, ..subject.options.clone() })
        });
        assert_close(&format!("{}: one thread against two", model.name()), &one, &two, subject.tolerance);
    }
}

pub(super) fn rows_max_is_respected(subject: &Subject) {
    let model = samples::tiny();
    for rows_max in [1, 2, 7, 33] {
        let limit = NonZeroUsize::new(rows_max).expect("not zero");
        let options = PrepareOptions { rows_max: limit, ..subject.options.clone() };
        let program = subject.prepare_with(&model, &options).expect("prepares");
        let buckets = program.buckets();
        assert_eq!(buckets.max(), rows_max, "{buckets:?}");
        assert_eq!(buckets.fit(rows_max + 1), None);
        let mut rig = Rig::open(&program).expect("opens a lane");
        for rows in 1..=rows_max {
            let bucket =
                buckets.fit(rows).unwrap_or_else(|| panic!("{rows} rows fit nowhere in {buckets:?}"));
            assert!((rows..=rows_max).contains(&bucket), "{rows} rows in a bucket of {bucket}");
        }
        let inputs = Draw::new(12).inputs(model.signature(), rows_max, 1);
        assert_eq!(rig.batch(&inputs).expect("runs")[0].rows(), rows_max);
    }
}

/// More shapes in use than may be kept: slower, and no different.
pub(super) fn more_shapes_than_are_kept(subject: &Subject) {
    let model = samples::sequence(13);
    let few = PrepareOptions { shapes_max: NonZeroUsize::MIN, ..subject.options.clone() };
    let programs = [&subject.options, &few].map(|options| subject.prepare_with(&model, options));
    let [mut many, mut few] = programs.map(|program| {
        let program = program.expect("prepares");
        Rig::open(&program).expect("opens a lane")
    });
    let mut draw = Draw::new(13);
    for _ in 0..20 {
        let (rows, length) = (1 + draw.below(3), 1 + draw.below(5));
        let inputs = draw.inputs(model.signature(), rows, length);
        let expected = many.batch(&inputs).expect("runs");
        assert_close("one shape kept", &expected, &few.batch(&inputs).expect("runs"), subject.tolerance);
        assert_close("alone", &expected, &few.single(&inputs).expect("runs"), subject.tolerance);
    }
}

pub(super) fn describes_itself(subject: &Subject) {
    assert!(!subject.backend.name().is_empty());
    assert!(!subject.backend.version().expect("is here").is_empty());
    let devices = subject.backend.devices().expect("is here");
    assert!(devices.iter().any(|info| info.device == subject.device && !info.description.is_empty()));
    let model = samples::mlp(1);
    let program = subject.prepare(&model).expect("prepares");
    assert_eq!(program.signature(), model.signature());
    let (limits, placement) = (program.limits(), program.placement());
    assert!(limits.lanes_max >= 1 && limits.depth_max >= 1, "{limits:?}");
    assert!((0.0..=1.0).contains(&placement.cpu_share()), "{placement:?}");
}

fn models() -> [Model; 4] {
    let encoder = EncoderConfig { layers: 1, heads: 2, head_width: 16, feed_forward: 64, tokens: 8, seed: 3 };
    [samples::mlp(14), samples::conv(14), samples::encoder(&encoder), samples::sequence(14)]
}

/// Large enough a batch that a second thread has something to do.
fn answer(subject: &Subject, model: &Model, options: &PrepareOptions) -> Vec<Tensor> {
    let program = subject.prepare_with(model, options).expect("prepares");
    let inputs = Draw::new(14).inputs(model.signature(), 24, 5);
    Rig::open(&program).and_then(|mut rig| rig.answer(&inputs)).expect("runs")
}
