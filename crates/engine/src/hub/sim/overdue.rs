//! Batches that do not come back.

use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use phalanx_backend::{Buckets, Completion};
use phalanx_batch::{LaneId, Nanos, Options, Taken};
use phalanx_tensor::Tensor;

use super::hub::{TIMEOUT_NS, hub};
use super::program::run;
use crate::hub::{Finished, Hub, Next, Scratch, Submission};
use crate::{EngineError, Infer, Response};

const LANE: LaneId = LaneId(0);
const HOUR_NS: Nanos = 3_600_000_000_000;

/// An engine with one lane, whose batch of one request has left at time 0.
struct Scene {
    hub: Arc<Hub>,
    infer: Infer,
    running: Next,
}

impl Scene {
    fn new() -> Self {
        let options = Options { rows_max: 4, ..Options::default() };
        let hub = hub(options, Buckets::Any(4), true, 1);
        let row = Tensor::from_vec::<f32>([1, 2], vec![5.0; 2]).unwrap();
        let admitted = hub.admit(vec![row], None, 0, 0).unwrap();
        let infer = Infer::waiting(Arc::clone(&hub), admitted.call, admitted.generation);
        let running = hub.next(LANE, None, 0, &mut Taken::default());
        Self { hub, infer, running }
    }

    /// The lanes that are given up at this time.
    fn given_up(&self, now_ns: Nanos) -> usize {
        self.hub.watch(now_ns).given_up.len()
    }

    /// The batch ends well; what its caller gets.
    fn end(mut self, now_ns: Nanos) -> Poll<Result<Response, EngineError>> {
        let Next::Run { batch, work: Submission::Rows { mut slot, rows }, .. } = self.running else {
            panic!("expected a batch");
        };
        run(&mut slot, rows);
        let finished = Finished { batch, completion: Completion::Done(slot), took_ns: now_ns };
        self.hub.finish(LANE, finished, now_ns);
        while let Some(crate::hub::Work::Deliver(finished)) = self.hub.inbox.try_pop() {
            self.hub.deliver(finished, || now_ns, &mut Scratch::default());
        }
        std::pin::Pin::new(&mut self.infer).poll(&mut Context::from_waker(Waker::noop()))
    }
}

#[test]
fn a_batch_that_is_overdue_is_given_up_where_the_look_is_on_time() {
    let scene = Scene::new();
    assert_eq!(scene.given_up(0), 0);
    assert_eq!(scene.given_up(TIMEOUT_NS), 1);
    assert!(matches!(scene.end(TIMEOUT_NS), Poll::Ready(Err(EngineError::BackendFailed(_)))));
}

#[test]
fn time_in_which_the_engine_did_not_run_counts_for_no_batch() {
    let scene = Scene::new();
    assert_eq!(scene.given_up(0), 0);
    // Stopped from 100 ns on, for an hour.
    assert_eq!(scene.given_up(HOUR_NS), 0);
    assert!(matches!(scene.end(HOUR_NS + 1), Poll::Ready(Ok(_))));
}

#[test]
fn a_batch_that_does_not_end_after_that_either_is_given_up() {
    let scene = Scene::new();
    assert_eq!(scene.given_up(0), 0);
    assert_eq!(scene.given_up(HOUR_NS), 0);
    let due_ns = scene.hub.watch(HOUR_NS + 1).due_ns;
    assert_eq!(scene.given_up(due_ns), 1);
    assert!(matches!(scene.end(due_ns), Poll::Ready(Err(_))));
}

#[test]
fn looks_that_are_always_late_spare_a_batch_only_once() {
    let scene = Scene::new();
    let mut now_ns = 0;
    for look in 0..5 {
        now_ns = scene.hub.watch(now_ns).due_ns + HOUR_NS;
        if scene.given_up(now_ns) > 0 {
            return assert!(look > 0, "not spared");
        }
    }
    panic!("never given up");
}
