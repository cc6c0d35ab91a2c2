use std::cell::{Cell, RefCell};
use std::time::{Duration, Instant};

use super::Job;
use crate::remote::check::Check;
use crate::remote::outcome::{Failure, Outcome, Reply};
use crate::remote::tally::{Tally, Timing};
use crate::remote::transport::{Connection, Transport};

/// Answers made out in full: the first, and every one after this many more.
const CHECK_EVERY: u64 = 61;

/// Distinct requests whose answers those are: few, so that each is asked again soon.
const CHECKED: u64 = 16;

/// Sends requests, and counts what comes of them.
pub(super) struct Asker<T> {
    pub(super) transport: T,
    pub(super) tally: RefCell<Tally>,
    check: RefCell<Check>,
    start: Instant,
    patience: Duration,
    /// Set when nothing more is to be sent.
    pub(super) stopped: Cell<bool>,
}

impl<T: Transport> Asker<T> {
    /// Time begins here.
    pub(super) fn new(transport: &T, check: Check, tally: Tally, patience: Duration) -> Self {
        Self {
            transport: transport.clone(),
            tally: RefCell::new(tally),
            check: RefCell::new(check),
            start: Instant::now(),
            patience,
            stopped: Cell::new(false),
        }
    }

    /// Time since the beginning.
    pub(super) fn now(&self) -> Duration {
        self.start.elapsed()
    }

    /// An instant of this load's time.
    pub(super) fn instant(&self, time: Duration) -> Instant {
        self.start + time
    }

    /// Sends one request and waits until it is over. Gives when that was, and what came of it.
    pub(super) async fn ask(&self, connection: &mut T::Connection, job: Job) -> (Duration, Outcome) {
        let sent = Cell::new(None);
        let deadline = job.due + self.patience;
        let reply = if self.now() < deadline {
            let deadline = self.instant(deadline).into();
            tokio::time::timeout_at(deadline, self.send(connection, job, &sent)).await.ok()
        } else {
            None
        };
        let over = self.now();
        let outcome = match reply {
            Some(Ok(Reply::Answered(_))) => Outcome::Answered,
            Some(Ok(Reply::Refused(refusal))) => Outcome::Refused(refusal),
            Some(Err(failure)) => Outcome::Failed(failure),
            None if sent.get().is_none() => Outcome::NotSent,
            None => Outcome::Failed(Failure::NoAnswer),
        };
        if matches!(outcome, Outcome::Failed(_) | Outcome::NotSent) {
            connection.close();
        }
        let timing = Timing { due: job.due, sent: sent.get(), over };
        self.tally.borrow_mut().over(job.step, timing, &outcome);
        (over, outcome)
    }

    async fn send(
        &self,
        connection: &mut T::Connection,
        job: Job,
        sent: &Cell<Option<Duration>>,
    ) -> Result<Reply, Failure> {
        connection.open().await?;
        sent.set(Some(self.now()));
        let (request, kept) = self.choose(job.number);
        let reply = connection.ask(request, kept).await?;
        if let Reply::Answered(Some(answer)) = &reply {
            self.check.borrow_mut().look(request, answer)?;
        }
        Ok(reply)
    }

    /// Which request is sent, and whether its answer is looked at closely.
    fn choose(&self, number: u64) -> (usize, bool) {
        let requests = self.transport.requests() as u64;
        let kept = number.is_multiple_of(CHECK_EVERY);
        let request = if kept { number / CHECK_EVERY % CHECKED.min(requests) } else { number % requests };
        (request as usize, kept)
    }
}
