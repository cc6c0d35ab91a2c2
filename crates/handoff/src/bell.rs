use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use atomic_waker::AtomicWaker;

use crate::sync::{Mutex, lock};

/// Wakes the tasks of one thread from other threads, with one wake-up of that thread for all tasks that became ready
/// since it last looked.
///
/// Waking a thread is a system call, waking a task on its own thread is not. A listener on the tasks' thread polls
/// [`Bell::poll`] and wakes the tasks; [`Bell::announce`] makes a future's wake-ups go that way.
#[derive(Debug, Default)]
pub struct Bell {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    rung: Vec<Waker>,
    /// There only while the listener sleeps.
    listener: Option<Waker>,
}

impl Bell {
    /// Has the listener wake `task`.
    pub fn ring(&self, task: Waker) {
        let mut state = lock(&self.state);
        state.rung.push(task);
        let listener = state.listener.take();
        drop(state);
        if let Some(listener) = listener {
            listener.wake();
        }
    }

    /// Moves the tasks to be woken into `tasks`, which has to be empty; pending while there are none.
    pub fn poll(&self, context: &Context<'_>, tasks: &mut Vec<Waker>) -> Poll<()> {
        let mut state = lock(&self.state);
        if state.rung.is_empty() {
            state.listener = Some(context.waker().clone());
            return Poll::Pending;
        }
        std::mem::swap(&mut state.rung, tasks);
        Poll::Ready(())
    }

    /// `future`, whose wake-ups ring this bell.
    pub fn announce<F: Future + Unpin>(self: &Arc<Self>, future: F) -> Announced<F> {
        let ringer = Arc::new(Ringer { bell: Arc::clone(self), task: AtomicWaker::new() });
        Announced { future, waker: Waker::from(Arc::clone(&ringer)), ringer }
    }
}

struct Ringer {
    bell: Arc<Bell>,
    task: AtomicWaker,
}

impl Wake for Ringer {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if let Some(task) = self.task.take() {
            self.bell.ring(task);
        }
    }
}

/// A future whose wake-ups ring a [`Bell`].
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct Announced<F> {
    future: F,
    waker: Waker,
    ringer: Arc<Ringer>,
}

impl std::fmt::Debug for Ringer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Ringer")
    }
}

impl<F: Future + Unpin> Future for Announced<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        self.ringer.task.register(context.waker());
        let Self { future, waker, .. } = &mut *self;
        Pin::new(future).poll(&mut Context::from_waker(waker))
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::Ticket;

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn counter() -> (Arc<Count>, Waker) {
        let count = Arc::new(Count::default());
        (Arc::clone(&count), Waker::from(count))
    }

    #[test]
    fn many_tasks_cost_the_listener_one_wake_up() {
        let bell = Arc::new(Bell::default());
        let (listened, listener) = counter();
        let mut tasks = Vec::new();
        assert!(bell.poll(&Context::from_waker(&listener), &mut tasks).is_pending());

        let tickets: Vec<Ticket<usize>> = (0..3).map(|_| Ticket::default()).collect();
        let (woken, task) = counter();
        let mut calls: Vec<_> = tickets
            .iter()
            .map(|ticket| bell.announce(Box::pin(std::future::poll_fn(|context| ticket.poll(context)))))
            .collect();
        for call in &mut calls {
            assert!(Pin::new(call).poll(&mut Context::from_waker(&task)).is_pending());
        }
        for (answer, ticket) in tickets.iter().enumerate() {
            ticket.fulfil(answer).unwrap();
        }
        assert_eq!(listened.0.load(Ordering::Relaxed), 1);
        assert_eq!(woken.0.load(Ordering::Relaxed), 0, "only the listener wakes tasks");

        assert!(bell.poll(&Context::from_waker(&listener), &mut tasks).is_ready());
        tasks.drain(..).for_each(Waker::wake);
        assert_eq!(woken.0.load(Ordering::Relaxed), 3);
        for (answer, call) in calls.iter_mut().enumerate() {
            assert_eq!(Pin::new(call).poll(&mut Context::from_waker(&task)), Poll::Ready(answer));
        }
    }
}
