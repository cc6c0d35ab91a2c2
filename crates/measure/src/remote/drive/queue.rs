use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use super::Job;

/// Requests that may wait for a connection: beyond them a request that is due counts as not sent.
pub(super) const WAITING_MAX: usize = 1 << 20;

/// Requests that wait for a worker, and workers that wait for a request.
///
/// The worker that was idle last gets the next request: as few connections as possible are in use, and those are warm.
#[derive(Default)]
pub(super) struct Queue {
    waiting: RefCell<VecDeque<Job>>,
    idle: RefCell<Vec<(Rc<Handed>, Waker)>>,
    closed: Cell<bool>,
}

/// A request that was handed to an idle worker.
type Handed = Cell<Option<Job>>;

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pushed {
    /// A worker has it.
    Handed,
    /// It waits for one.
    Waits,
    /// Too many wait.
    Full,
}

impl Queue {
    /// Hands the request to a worker that is idle.
    pub(super) fn hand(&self, job: Job) -> bool {
        let Some((handed, waker)) = self.idle.borrow_mut().pop() else { return false };
        handed.set(Some(job));
        waker.wake();
        true
    }

    /// Hands the request to a worker, now or when one is idle.
    pub(super) fn push(&self, job: Job) -> Pushed {
        if self.hand(job) {
            return Pushed::Handed;
        }
        let mut waiting = self.waiting.borrow_mut();
        if waiting.len() >= WAITING_MAX {
            return Pushed::Full;
        }
        waiting.push_back(job);
        Pushed::Waits
    }

    /// The next request for the worker that calls; none once the queue is closed and empty.
    pub(super) async fn next(&self, handed: &Rc<Handed>) -> Option<Job> {
        let mut listed = false;
        poll_fn(|context| self.poll_next(context, handed, &mut listed)).await
    }

    fn poll_next(
        &self,
        context: &mut Context<'_>,
        handed: &Rc<Handed>,
        listed: &mut bool,
    ) -> Poll<Option<Job>> {
        if let Some(job) = handed.take() {
            return Poll::Ready(Some(job));
        }
        if let Some(job) = self.waiting.borrow_mut().pop_front() {
            return Poll::Ready(Some(job));
        }
        if self.closed.get() {
            return Poll::Ready(None);
        }
        // Its task never changes, and with it the waker: it is listed once until it was handed something.
        if !std::mem::replace(listed, true) {
            self.idle.borrow_mut().push((Rc::clone(handed), context.waker().clone()));
        }
        Poll::Pending
    }

    /// No more requests come: idle workers end.
    pub(super) fn close(&self) {
        self.closed.set(true);
        self.idle.borrow_mut().drain(..).for_each(|(_, waker)| waker.wake());
    }

    /// Forgets the requests that wait.
    pub(super) fn clear(&self) {
        self.waiting.borrow_mut().clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn job(number: u64) -> Job {
        Job { due: Duration::ZERO, step: 0, number }
    }

    /// Polls once.
    fn poll(queue: &Queue, handed: &Rc<Handed>, listed: &mut bool) -> Poll<Option<u64>> {
        let mut context = Context::from_waker(Waker::noop());
        queue.poll_next(&mut context, handed, listed).map(|job| job.map(|job| job.number))
    }

    #[test]
    fn the_worker_that_was_idle_last_is_next() {
        let (queue, workers) = (Queue::default(), [Rc::default(), Rc::default()]);
        let mut listed = [false; 2];
        for (worker, listed) in workers.iter().zip(&mut listed) {
            assert_eq!(poll(&queue, worker, listed), Poll::Pending);
            assert_eq!(poll(&queue, worker, listed), Poll::Pending);
        }
        assert_eq!(queue.push(job(1)), Pushed::Handed);
        assert_eq!(poll(&queue, &workers[1], &mut listed[1]), Poll::Ready(Some(1)));
        assert_eq!(queue.push(job(2)), Pushed::Handed);
        assert_eq!(poll(&queue, &workers[0], &mut listed[0]), Poll::Ready(Some(2)));
        assert_eq!(queue.push(job(3)), Pushed::Waits);
    }

    #[test]
    fn what_waits_is_answered_before_the_end() {
        let (queue, worker) = (Queue::default(), Rc::default());
        assert_eq!([queue.push(job(1)), queue.push(job(2))], [Pushed::Waits; 2]);
        queue.close();
        let next = || poll(&queue, &worker, &mut false);
        assert_eq!([next(), next(), next()], [Poll::Ready(Some(1)), Poll::Ready(Some(2)), Poll::Ready(None)]);
    }

    #[test]
    fn no_more_wait_than_there_is_room_for() {
        let queue = Queue::default();
        let pushed = (0..WAITING_MAX as u64).all(|number| queue.push(job(number)) == Pushed::Waits);
        assert!(pushed);
        assert_eq!(queue.push(job(0)), Pushed::Full);
        queue.clear();
        assert_eq!(queue.push(job(0)), Pushed::Waits);
    }
}
