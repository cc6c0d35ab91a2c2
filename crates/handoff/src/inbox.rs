use std::collections::VecDeque;
#[cfg(not(loom))]
use std::sync::PoisonError;
#[cfg(not(loom))]
use std::time::Duration;

use crate::sync::{Condvar, Mutex, lock};

/// Work for the thread that empties it. Its owner bounds what can be in it.
#[derive(Debug)]
pub struct Inbox<T> {
    state: Mutex<State<T>>,
    arrived: Condvar,
}

#[derive(Debug)]
struct State<T> {
    items: VecDeque<T>,
    sleepers: usize,
    closed: bool,
}

impl<T> Default for Inbox<T> {
    fn default() -> Self {
        let state = State { items: VecDeque::new(), sleepers: 0, closed: false };
        Self { state: Mutex::new(state), arrived: Condvar::new() }
    }
}

impl<T> Inbox<T> {
    /// An inbox that holds `capacity` items without allocating.
    #[must_use]
    pub fn with_capacity(capacity: usize) -> Self {
        let state = State { items: VecDeque::with_capacity(capacity), sleepers: 0, closed: false };
        Self { state: Mutex::new(state), arrived: Condvar::new() }
    }

    /// Puts an item in, also after [`Inbox::close`]: what is there is still emptied.
    pub fn push(&self, item: T) {
        let mut state = lock(&self.state);
        state.items.push_back(item);
        let asleep = state.sleepers > 0;
        drop(state);
        // A wake-up is a system call; nobody asleep needs none.
        if asleep {
            self.arrived.notify_one();
        }
    }

    /// The next item, waited for; `None` once the inbox is closed and empty.
    #[cfg(loom)]
    pub fn pop(&self) -> Option<T> {
        let mut state = lock(&self.state);
        loop {
            if let Some(item) = state.items.pop_front() {
                return Some(item);
            }
            if state.closed {
                return None;
            }
            state.sleepers += 1;
            state = self.arrived.wait(state).unwrap();
            state.sleepers -= 1;
        }
    }

    /// The next item, waited for until `timeout` (for ever where there is none).
    #[cfg(not(loom))]
    pub fn pop(&self, timeout: Option<Duration>) -> Popped<T> {
        let mut state = lock(&self.state);
        loop {
            if let Some(item) = state.items.pop_front() {
                return Popped::Item(item);
            }
            if state.closed {
                return Popped::Closed;
            }
            state.sleepers += 1;
            let timed_out;
            (state, timed_out) = match timeout {
                None => (self.arrived.wait(state).unwrap_or_else(PoisonError::into_inner), false),
                Some(timeout) => {
                    let (state, wait) =
                        self.arrived.wait_timeout(state, timeout).unwrap_or_else(PoisonError::into_inner);
                    (state, wait.timed_out())
                }
            };
            state.sleepers -= 1;
            if timed_out && state.items.is_empty() {
                return Popped::TimedOut;
            }
        }
    }

    /// The next item, where there is one.
    pub fn try_pop(&self) -> Option<T> {
        lock(&self.state).items.pop_front()
    }

    /// Lets waiting threads go once it is empty.
    pub fn close(&self) {
        lock(&self.state).closed = true;
        self.arrived.notify_all();
    }
}

/// What [`Inbox::pop`] found.
#[cfg(not(loom))]
#[derive(Debug, PartialEq, Eq)]
pub enum Popped<T> {
    /// An item.
    Item(T),
    /// Nothing came in time.
    TimedOut,
    /// Nothing will come any more.
    Closed,
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn empties_in_order_and_then_closes() {
        let inbox = Inbox::default();
        inbox.push(1);
        inbox.push(2);
        inbox.close();
        assert_eq!(inbox.pop(None), Popped::Item(1));
        assert_eq!(inbox.try_pop(), Some(2));
        assert_eq!(inbox.pop(None), Popped::Closed);
    }

    #[test]
    fn gives_up_at_the_timeout() {
        assert_eq!(Inbox::<u8>::default().pop(Some(Duration::from_micros(1))), Popped::TimedOut);
    }
}
