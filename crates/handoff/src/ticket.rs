use std::task::{Context, Poll, Waker};

use crate::sync::{Mutex, lock};

/// Hands one answer from one thread to one caller, who may wait for it, poll for it, or leave.
///
/// A ticket can be used again once both sides are through with it.
#[derive(Debug)]
pub struct Ticket<T> {
    state: Mutex<State<T>>,
}

#[derive(Debug)]
enum State<T> {
    /// No answer yet; the waker of a caller that waits.
    Pending(Option<Waker>),
    Ready(T),
    /// The answer was handed over.
    Taken,
    /// The caller will not come back.
    Left,
}

impl<T> Default for Ticket<T> {
    fn default() -> Self {
        Self { state: Mutex::new(State::Pending(None)) }
    }
}

impl<T> Ticket<T> {
    /// Makes a used ticket new.
    pub fn reset(&self) {
        *lock(&self.state) = State::Pending(None);
    }

    /// Gives the answer and wakes the caller.
    ///
    /// # Errors
    /// The answer comes back where there has been one already or the caller has left.
    pub fn fulfil(&self, answer: T) -> Result<(), T> {
        if let Some(waker) = self.fulfil_quietly(answer)? {
            waker.wake();
        }
        Ok(())
    }

    /// Gives the answer. The waker of a caller that waits comes back, to be woken together with others.
    ///
    /// # Errors
    /// As [`Ticket::fulfil`].
    pub fn fulfil_quietly(&self, answer: T) -> Result<Option<Waker>, T> {
        let mut state = lock(&self.state);
        match &mut *state {
            State::Pending(waker) => {
                let waker = waker.take();
                *state = State::Ready(answer);
                Ok(waker)
            }
            State::Ready(_) | State::Taken | State::Left => Err(answer),
        }
    }

    /// Whether an answer can still be given.
    #[must_use]
    pub fn is_pending(&self) -> bool {
        matches!(*lock(&self.state), State::Pending(_))
    }

    /// The answer, once; until then the waker is kept and woken with it. After the answer was handed over, this stays
    /// pending for ever.
    pub fn poll(&self, context: &Context<'_>) -> Poll<T> {
        let mut state = lock(&self.state);
        match &mut *state {
            State::Pending(waker) => {
                match waker {
                    Some(waker) => waker.clone_from(context.waker()),
                    None => *waker = Some(context.waker().clone()),
                }
                Poll::Pending
            }
            State::Ready(_) => match std::mem::replace(&mut *state, State::Taken) {
                State::Ready(answer) => Poll::Ready(answer),
                State::Pending(_) | State::Taken | State::Left => Poll::Pending,
            },
            State::Taken | State::Left => Poll::Pending,
        }
    }

    /// The caller leaves. An answer that has come meanwhile comes back.
    pub fn leave(&self) -> Option<T> {
        match std::mem::replace(&mut *lock(&self.state), State::Left) {
            State::Ready(answer) => Some(answer),
            State::Pending(_) | State::Taken | State::Left => None,
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn only_the_first_answer_counts() {
        let ticket = Ticket::default();
        assert_eq!(ticket.fulfil(1), Ok(()));
        assert_eq!(ticket.fulfil(2), Err(2));
        let context = Context::from_waker(Waker::noop());
        assert_eq!(ticket.poll(&context), Poll::Ready(1));
        assert_eq!(ticket.poll(&context), Poll::Pending);
        assert_eq!(ticket.fulfil(3), Err(3));
        ticket.reset();
        assert_eq!(ticket.fulfil(4), Ok(()));
        assert_eq!(ticket.leave(), Some(4));
        assert_eq!(ticket.fulfil(5), Err(5));
    }
}
