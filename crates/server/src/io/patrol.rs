use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use super::progress::{Order, Phase, Progress};
use crate::Timeouts;

/// How often connections are looked at.
const ROUND: Duration = Duration::from_millis(250);
/// A body or an answer that moves slower than this stalls.
const BYTES_PER_SECOND_MIN: u64 = 1024;

/// Watches all connections of one I/O thread, so that a request sets no timer of its own.
#[derive(Debug)]
pub(crate) struct Patrol {
    timeouts: Timeouts,
    watched: Mutex<Vec<Watched>>,
}

#[derive(Debug)]
struct Watched {
    progress: Weak<Progress>,
    seen: Seen,
}

/// What a connection was doing when its time began to count.
#[derive(Clone, Copy, Debug)]
struct Seen {
    change: u64,
    moved_bytes: u64,
    since: Instant,
}

impl Patrol {
    pub(crate) fn new(timeouts: Timeouts) -> Self {
        Self { timeouts, watched: Mutex::default() }
    }

    /// Watches a connection until it is gone.
    pub(crate) fn watch(&self, progress: &Arc<Progress>) {
        let seen = Seen::now(progress, Instant::now());
        self.watched().push(Watched { progress: Arc::downgrade(progress), seen });
    }

    /// Tells every connection the same.
    pub(crate) fn tell_all(&self, order: Order) {
        let all: Vec<_> = self.watched().iter().filter_map(|watched| watched.progress.upgrade()).collect();
        all.iter().for_each(|progress| progress.tell(order));
    }

    /// Looks at all connections again and again.
    pub(crate) async fn walk(&self) {
        let mut rounds = tokio::time::interval(ROUND);
        rounds.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            rounds.tick().await;
            let overdue = self.look(Instant::now());
            overdue.iter().for_each(|progress| progress.tell(Order::Drop));
        }
    }

    /// Connections that take too long.
    fn look(&self, now: Instant) -> Vec<Arc<Progress>> {
        let mut overdue = Vec::new();
        self.watched().retain_mut(|watched| {
            let Some(progress) = watched.progress.upgrade() else { return false };
            if watched.seen.is_overdue(&progress, now, &self.timeouts) {
                overdue.push(progress);
                return false;
            }
            true
        });
        overdue
    }

    fn watched(&self) -> std::sync::MutexGuard<'_, Vec<Watched>> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seen {
    fn now(progress: &Progress, now: Instant) -> Self {
        Self { change: progress.phase().1, moved_bytes: progress.moved_bytes(), since: now }
    }

    fn is_overdue(&mut self, progress: &Progress, now: Instant, timeouts: &Timeouts) -> bool {
        let (phase, change) = progress.phase();
        if change != self.change {
            *self = Self::now(progress, now);
            return false;
        }
        let took = now.saturating_duration_since(self.since);
        match phase {
            Phase::Idle => took >= timeouts.idle,
            Phase::Head => took >= timeouts.header,
            Phase::Working => false,
            Phase::Body | Phase::Reply if took < timeouts.stall => false,
            Phase::Body | Phase::Reply => {
                let moved = progress.moved_bytes().wrapping_sub(self.moved_bytes);
                let expected = BYTES_PER_SECOND_MIN.saturating_mul(took.as_secs().max(1));
                *self = Self::now(progress, now);
                moved < expected
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn patrol() -> (Patrol, Arc<Progress>, Instant) {
        let timeouts = Timeouts { header: 2 * SECOND, stall: 3 * SECOND, idle: 10 * SECOND };
        let (patrol, progress) = (Patrol::new(timeouts), Arc::new(Progress::default()));
        patrol.watch(&progress);
        (patrol, progress, Instant::now())
    }

    fn is_dropped(patrol: &Patrol, at: Instant) -> bool {
        !patrol.look(at).is_empty()
    }

    #[test]
    fn headers_have_to_come_in_time_however_they_trickle() {
        let (patrol, progress, start) = patrol();
        progress.enter(Phase::Head);
        assert!(!is_dropped(&patrol, start));
        progress.moved(1);
        assert!(!is_dropped(&patrol, start + SECOND));
        progress.moved(1);
        assert!(is_dropped(&patrol, start + 2 * SECOND));
    }

    #[test]
    fn a_body_may_take_long_but_not_stall() {
        let (patrol, progress, start) = patrol();
        progress.enter(Phase::Body);
        assert!(!is_dropped(&patrol, start));
        for second in 1..=30 {
            progress.moved(2048);
            assert!(!is_dropped(&patrol, start + second * SECOND), "after {second} s");
        }
        let trickle = (31..=40).map(|second| {
            progress.moved(10);
            is_dropped(&patrol, start + second * SECOND)
        });
        assert!(trickle.into_iter().any(|dropped| dropped));
    }

    #[test]
    fn computing_takes_as_long_as_it_takes_and_idling_does_not() {
        let (patrol, progress, start) = patrol();
        progress.enter(Phase::Working);
        assert!(!is_dropped(&patrol, start));
        assert!(!is_dropped(&patrol, start + 1000 * SECOND));
        progress.enter(Phase::Idle);
        assert!(!is_dropped(&patrol, start + 1001 * SECOND));
        assert!(!is_dropped(&patrol, start + 1010 * SECOND));
        assert!(is_dropped(&patrol, start + 1012 * SECOND));
    }

    #[test]
    fn a_connection_that_is_gone_is_forgotten() {
        let (patrol, progress, start) = patrol();
        drop(progress);
        assert!(!is_dropped(&patrol, start));
        assert!(patrol.watched().is_empty());
    }
}
