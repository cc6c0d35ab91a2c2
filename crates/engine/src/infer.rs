use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use crate::call::Call;
use crate::hub::Hub;
use crate::{EngineError, Response};

/// The answer to a request that has been admitted or refused already. Dropping it cancels the request.
///
/// It needs no particular async runtime.
#[must_use = "dropping the answer cancels the request"]
pub struct Infer {
    state: State,
}

enum State {
    Refused(EngineError),
    Waiting { hub: Arc<Hub>, call: Arc<Call>, generation: u64 },
    Done,
}

impl Infer {
    pub(crate) fn refused(error: EngineError) -> Self {
        Self { state: State::Refused(error) }
    }

    pub(crate) fn waiting(hub: Arc<Hub>, call: Arc<Call>, generation: u64) -> Self {
        Self { state: State::Waiting { hub, call, generation } }
    }

    /// Asks for the request not to be run. The answer is then [`EngineError::Cancelled`], unless it was already there.
    pub fn cancel(&self) {
        if let State::Waiting { hub, call, generation } = &self.state {
            hub.cancel(call, *generation);
        }
    }

    /// The refusal, where the request was not even admitted.
    #[must_use]
    pub fn refusal(&self) -> Option<&EngineError> {
        match &self.state {
            State::Refused(error) => Some(error),
            State::Waiting { .. } | State::Done => None,
        }
    }
}

impl Future for Infer {
    type Output = Result<Response, EngineError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let answer = match &self.state {
            State::Waiting { call, .. } => match call.ticket.poll(context) {
                Poll::Ready(answer) => Some(answer),
                Poll::Pending => return Poll::Pending,
            },
            State::Refused(_) => None,
            State::Done => return Poll::Pending,
        };
        match (std::mem::replace(&mut self.state, State::Done), answer) {
            (State::Waiting { hub, call, .. }, Some(answer)) => {
                hub.release(call);
                Poll::Ready(answer)
            }
            (State::Refused(error), _) => Poll::Ready(Err(error)),
            (State::Waiting { .. } | State::Done, _) => Poll::Pending,
        }
    }
}

impl Drop for Infer {
    fn drop(&mut self) {
        if let State::Waiting { hub, call, generation } = std::mem::replace(&mut self.state, State::Done) {
            // Leaving first: whatever answer comes now is nobody's.
            drop(call.ticket.leave());
            hub.cancel(&call, generation);
            hub.release(call);
        }
    }
}

impl fmt::Debug for Infer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match self.state {
            State::Refused(_) => "refused",
            State::Waiting { .. } => "waiting",
            State::Done => "done",
        };
        write!(f, "Infer({state})")
    }
}
