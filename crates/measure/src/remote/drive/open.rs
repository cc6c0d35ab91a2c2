use std::cell::{Cell, RefCell};
use std::iter::Peekable;
use std::rc::Rc;
use std::time::Duration;

use tokio::task::JoinSet;

use super::asker::Asker;
use super::queue::{Pushed, Queue};
use super::running::{Watch, watched};
use super::{Driven, Job};
use crate::remote::check::Check;
use crate::remote::outcome::Outcome;
use crate::remote::pace::Timer;
use crate::remote::profile::{Due, Profile, Step};
use crate::remote::tally::{Stretch, Tally, Timing};
use crate::remote::transport::Transport;
use crate::remote::{OpenLoop, RemoteError};

/// Requests due within this time are sent together: waking for each costs more than it tells, where many are due.
const TOGETHER: Duration = Duration::from_micros(50);

/// How long the pace sleeps at most, so that it hears of an early end.
const NAP_MAX: Duration = Duration::from_millis(100);

struct Open<T, S: Iterator> {
    asker: Asker<T>,
    queue: Queue,
    schedule: RefCell<Peekable<S>>,
    workers: RefCell<JoinSet<()>>,
    connections_max: usize,
    connections: Cell<usize>,
    numbers: Cell<u64>,
    /// Misses after which it is known how this ends.
    missed_max: u64,
}

/// Sends requests when they are due, whatever became of those before.
///
/// Must run within a local runtime.
pub(crate) async fn drive<T: Transport>(
    transport: &T,
    check: Check,
    plan: &OpenLoop,
    patience: Duration,
    watch: Watch<'_>,
) -> Result<Driven, RemoteError> {
    let timer = Timer::new().map_err(|error| RemoteError::Runtime { message: error.to_string() })?;
    let profile: &Profile = &plan.profile;
    let mut end = Duration::ZERO;
    let stretch = |step: &Step| {
        end += step.duration;
        Stretch { end, counted: step.counted }
    };
    let stretches = profile.steps().iter().map(stretch).collect();
    let open = Rc::new(Open {
        asker: Asker::new(transport, check, Tally::new(stretches, plan.slo), patience),
        queue: Queue::default(),
        schedule: RefCell::new(profile.due(plan.arrivals.gaps(plan.seed)).peekable()),
        workers: RefCell::new(JoinSet::new()),
        connections_max: plan.connections.get(),
        connections: Cell::new(0),
        numbers: Cell::new(0),
        missed_max: plan.missed_max.unwrap_or(u64::MAX),
    });
    let progress = || (open.asker.now(), open.asker.tally.borrow().counts);
    let paced = async {
        open.pace(timer).await?;
        open.queue.close();
        // Every request is over when its patience is: this waits for the last of them.
        let mut workers = open.workers.take();
        while let Some(ended) = workers.join_next().await {
            ended.map_err(|error| RemoteError::Runtime { message: error.to_string() })?;
        }
        Ok::<_, RemoteError>(())
    };
    watched(paced, progress, watch).await??;
    let (elapsed, connections) = (open.asker.now(), open.connections.get());
    let given_up = open.asker.stopped.get();
    let open = Rc::into_inner(open).expect("every worker that held it has ended");
    Ok(Driven { tally: open.asker.tally.into_inner(), connections, elapsed, given_up })
}

impl<T: Transport, S: Iterator<Item = Due> + 'static> Open<T, S> {
    async fn pace(self: &Rc<Self>, mut timer: Timer) -> Result<(), RemoteError> {
        loop {
            let now = self.asker.now();
            let Some(next) = self.send_due(now) else { return Ok(()) };
            let wake = next.clamp(now + TOGETHER, now + NAP_MAX);
            let waited = timer.wait_until(self.asker.instant(wake)).await;
            waited.map_err(|error| RemoteError::Runtime { message: error.to_string() })?;
        }
    }

    /// Sends all that is due at `now`. Gives when the next is due; none where that was the last.
    fn send_due(self: &Rc<Self>, now: Duration) -> Option<Duration> {
        if self.asker.stopped.get() {
            return None;
        }
        loop {
            let Due { at, step } = {
                let mut schedule = self.schedule.borrow_mut();
                let next = schedule.peek()?.at;
                if next > now {
                    return Some(next);
                }
                schedule.next()?
            };
            let number = self.numbers.get();
            self.numbers.set(number + 1);
            self.asker.tally.borrow_mut().due(step);
            self.send(Job { due: at, step, number }, now);
        }
    }

    fn send(self: &Rc<Self>, job: Job, now: Duration) {
        if self.connections.get() < self.connections_max {
            if !self.queue.hand(job) {
                let worker = self.connections.get();
                self.connections.set(worker + 1);
                self.workers.borrow_mut().spawn_local(Rc::clone(self).work(worker, job));
            }
        } else if self.queue.push(job) == Pushed::Full {
            let timing = Timing { due: job.due, sent: None, over: now };
            self.asker.tally.borrow_mut().over(job.step, timing, &Outcome::NotSent);
        }
    }

    /// Sends one request after the other on a connection of its own, beginning with `job`.
    async fn work(self: Rc<Self>, worker: usize, job: Job) {
        let mut connection = self.asker.transport.connection(worker);
        let handed = Rc::default();
        let mut job = Some(job);
        while let Some(due) = job {
            let (now, _) = self.asker.ask(&mut connection, due).await;
            self.stop_where_known();
            // An event loop that is never idle hears late of its timers.
            self.send_due(now);
            job = self.queue.next(&handed).await;
        }
    }

    /// Ends the load where too many requests have missed the SLO for it to hold.
    fn stop_where_known(&self) {
        if self.asker.tally.borrow().missed > self.missed_max {
            self.asker.stopped.set(true);
            self.queue.clear();
        }
    }
}
