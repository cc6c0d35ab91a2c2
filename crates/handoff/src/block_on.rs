#![cfg(not(loom))]

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;
use std::time::{Duration, Instant};

/// Wakes a thread, and counts how often.
struct Unpark {
    thread: Thread,
    wakes: AtomicUsize,
}

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.wakes.fetch_add(1, Ordering::Release);
        self.thread.unpark();
    }
}

thread_local! {
    /// One waker a thread, so that a blocking call allocates nothing.
    static UNPARK: Arc<Unpark> =
        Arc::new(Unpark { thread: std::thread::current(), wakes: AtomicUsize::new(0) });
    static WAKER: Waker = UNPARK.with(|unpark| Waker::from(Arc::clone(unpark)));
}

/// Runs a future on this thread, which sleeps while the future waits.
pub fn block_on<F: Future>(future: F) -> F::Output {
    block_on_spinning(future, Duration::ZERO)
}

/// The same, but the thread stays awake for up to `spin` before it sleeps.
pub fn block_on_spinning<F: Future>(future: F, spin: Duration) -> F::Output {
    let mut future = pin!(future);
    let waker = WAKER.with(Waker::clone);
    let unpark = UNPARK.with(Arc::clone);
    let mut context = Context::from_waker(&waker);
    loop {
        let seen = unpark.wakes.load(Ordering::Acquire);
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
        if !is_woken_within(&unpark, seen, spin) {
            std::thread::park();
        }
    }
}

fn is_woken_within(unpark: &Unpark, seen: usize, spin: Duration) -> bool {
    if spin.is_zero() {
        return false;
    }
    let start = Instant::now();
    while start.elapsed() < spin {
        if unpark.wakes.load(Ordering::Acquire) != seen {
            return true;
        }
        std::hint::spin_loop();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Ticket;

    #[test]
    fn waits_for_an_answer_from_another_thread() {
        let ticket = Arc::new(Ticket::default());
        let other = Arc::clone(&ticket);
        let thread = std::thread::spawn(move || other.fulfil(42));
        assert_eq!(block_on(std::future::poll_fn(|context| ticket.poll(context))), 42);
        assert_eq!(thread.join().unwrap(), Ok(()));
    }
}
