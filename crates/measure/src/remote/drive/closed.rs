use std::rc::Rc;
use std::time::Duration;

use tokio::task::JoinSet;

use super::asker::Asker;
use super::running::{Watch, watched};
use super::{Driven, Job};
use crate::remote::check::Check;
use crate::remote::outcome::Outcome;
use crate::remote::tally::{Stretch, Tally};
use crate::remote::transport::Transport;
use crate::remote::{ClosedLoop, RemoteError};

/// How long a caller waits after a request that was not answered: the time asked for, but neither so short that the
/// load generator is busy with asking in vain nor so long that the caller is gone.
const PAUSE_MIN: Duration = Duration::from_millis(5);
const PAUSE_MAX: Duration = Duration::from_secs(1);

struct Closed<T> {
    asker: Asker<T>,
    callers: usize,
    warm_up: Duration,
    end: Duration,
}

/// Lets callers ask one after the other, each on a connection of its own.
///
/// Must run within a local runtime. Step 0 is the warm-up, step 1 what counts.
pub(crate) async fn drive<T: Transport>(
    transport: &T,
    check: Check,
    plan: &ClosedLoop,
    patience: Duration,
    watch: Watch<'_>,
) -> Result<Driven, RemoteError> {
    let end = plan.warm_up + plan.duration;
    let warm_up = Stretch { end: plan.warm_up, counted: false };
    let tally = Tally::new(vec![warm_up, Stretch { end, counted: true }], plan.slo);
    let closed = Rc::new(Closed {
        asker: Asker::new(transport, check, tally, patience),
        callers: plan.callers.get(),
        warm_up: plan.warm_up,
        end,
    });
    let mut callers = JoinSet::new();
    (0..closed.callers).for_each(|caller| drop(callers.spawn_local(Rc::clone(&closed).call(caller))));
    let progress = || (closed.asker.now(), closed.asker.tally.borrow().counts);
    let called = async {
        while let Some(ended) = callers.join_next().await {
            ended.map_err(|error| RemoteError::Runtime { message: error.to_string() })?;
        }
        Ok::<_, RemoteError>(())
    };
    watched(called, progress, watch).await??;
    let elapsed = closed.asker.now();
    drop(callers);
    let closed = Rc::into_inner(closed).expect("every caller that held it has ended");
    let tally = closed.asker.tally.into_inner();
    Ok(Driven { tally, connections: closed.callers, elapsed, given_up: false })
}

impl<T: Transport> Closed<T> {
    async fn call(self: Rc<Self>, caller: usize) {
        let mut connection = self.asker.transport.connection(caller);
        let mut now = self.asker.now();
        // Callers take requests in strides, so that concurrent ones are different.
        for number in (caller as u64..).step_by(self.callers) {
            if now >= self.end {
                break;
            }
            let step = usize::from(now >= self.warm_up);
            self.asker.tally.borrow_mut().due(step);
            let (over, outcome) = self.asker.ask(&mut connection, Job { due: now, step, number }).await;
            now = over;
            if let Some(pause) = pause(&outcome) {
                tokio::time::sleep(pause.min(self.end.saturating_sub(now))).await;
                now = self.asker.now();
            }
        }
    }
}

/// How long to wait after this outcome.
fn pause(outcome: &Outcome) -> Option<Duration> {
    match outcome {
        Outcome::Answered => None,
        Outcome::Refused(refusal) => {
            Some(refusal.retry_after.unwrap_or_default().clamp(PAUSE_MIN, PAUSE_MAX))
        }
        Outcome::Failed(_) | Outcome::NotSent => Some(PAUSE_MIN),
    }
}
