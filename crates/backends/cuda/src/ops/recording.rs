use std::rc::Rc;
use std::sync::Arc;

use phalanx_backend::BackendError;
use phalanx_backend::ops::Order;

use super::queue::Branches;
use super::{Memory, Prepared, Queue};
use crate::driver::{Graph, Stream};
use crate::error;

/// Branches of a recording: each has a stream and memory that the library works in.
const BRANCHES_MAX: usize = 128;

/// One operation of a recording.
type Submission = (Rc<Prepared>, Rc<Memory>);

/// Many operations as one graph.
pub struct Recording {
    stream: Arc<Stream>,
    graph: Graph,
    /// What the graph computes with, and in.
    _submissions: Vec<Submission>,
    branches: Vec<Queue>,
    idle: Rc<Branches>,
}

impl Recording {
    pub(super) fn new(
        queue: &Queue,
        submissions: &[Submission],
        order: Order,
        idle: &Rc<Branches>,
    ) -> Result<Self, BackendError> {
        for (prepared, memory) in submissions {
            prepared.check(queue, memory)?;
        }
        let count = match order {
            Order::Chained => 0,
            Order::Independent { branches } => branches.clamp(1, submissions.len().max(1)),
        };
        if count > BRANCHES_MAX {
            return Err(error::run(format!("expected at most {BRANCHES_MAX} branches, got {count}")));
        }
        let branches = idle.lend(count)?;
        let graph = Graph::capture(&queue.stream, || match order {
            Order::Chained => chain(queue, submissions),
            Order::Independent { .. } => fork(queue, submissions, &branches),
        })?;
        let (stream, idle) = (Arc::clone(&queue.stream), Rc::clone(idle));
        Ok(Self { stream, graph, _submissions: submissions.to_vec(), branches, idle })
    }

    pub(super) fn replay(&self, queue: &Queue) -> Result<(), BackendError> {
        if !Arc::ptr_eq(&self.stream, &queue.stream) {
            return Err(error::run("expected the queue that was recorded for, got another".to_owned()));
        }
        self.graph.launch(&self.stream)
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        // The branches are lent to others next. Where waiting fails, the device is lost.
        let _ = self.stream.finish();
        self.idle.take_back(std::mem::take(&mut self.branches));
    }
}

fn chain(queue: &Queue, submissions: &[Submission]) -> Result<(), BackendError> {
    submissions.iter().try_for_each(|(prepared, memory)| prepared.submit(queue, memory))
}

fn fork(queue: &Queue, submissions: &[Submission], branches: &[Queue]) -> Result<(), BackendError> {
    queue.mark()?;
    branches.iter().try_for_each(|branch| queue.hold(branch))?;
    for ((prepared, memory), branch) in submissions.iter().zip(branches.iter().cycle()) {
        prepared.submit(branch, memory)?;
    }
    branches.iter().try_for_each(|branch| {
        branch.mark()?;
        branch.hold(queue)
    })
}
