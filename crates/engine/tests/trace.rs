//! What an engine tells of its batches.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod fake;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use fake::{Controls, build, is_answer, request};
use phalanx_engine::{Span, Stage, Trace};

#[derive(Debug, Default)]
struct Kept(Mutex<Vec<Span>>);

impl Trace for Kept {
    fn span(&self, span: Span) {
        self.0.lock().unwrap().push(span);
    }
}

#[test]
fn every_batch_is_followed_from_its_rows_to_its_answers() {
    for asynchronous in [false, true] {
        let controls = Arc::new(Controls { asynchronous, ..Controls::default() });
        let kept = Arc::new(Kept::default());
        let trace = Arc::clone(&kept);
        let engine = build(&controls, |builder| builder.max_batch(4).trace(trace));
        for index in 0..20 {
            let answer = engine.infer_blocking(request(index as f32, 2)).unwrap();
            assert!(is_answer(&answer, index as f32, 2));
        }
        let batches = engine.metrics().batches as usize;
        assert!(engine.stop(Duration::from_secs(60)));
        drop(engine);

        let mut of_batch: BTreeMap<u64, Vec<Span>> = BTreeMap::new();
        for span in kept.0.lock().unwrap().drain(..) {
            assert!(span.begin_ns <= span.end_ns, "{span:?}");
            of_batch.entry(span.batch).or_default().push(span);
        }
        assert_eq!(of_batch.len(), batches);
        for spans in of_batch.values() {
            let one = |stage: Stage| {
                let found: Vec<&Span> = spans.iter().filter(|span| span.stage == stage).collect();
                assert_eq!(found.len(), 1, "{stage:?} of {spans:?}");
                *found[0]
            };
            let (seal, run, scatter) = (one(Stage::Seal), one(Stage::Run), one(Stage::Scatter));
            assert!(seal.end_ns <= run.begin_ns && run.end_ns <= scatter.begin_ns, "{spans:?}");
            assert_eq!((run.rows, run.lane, scatter.lane), (2, Some(0), Some(0)), "{spans:?}");
            assert_eq!(spans.iter().any(|span| span.stage == Stage::Submit), asynchronous, "{spans:?}");
        }
    }
}
