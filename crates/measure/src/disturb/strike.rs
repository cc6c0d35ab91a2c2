use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use phalanx_engine::Engine;
use rustix::process::{Pid, Signal, kill_process};

use super::{Strike, Turns};
use crate::MeasureError;

/// When workers were struck, the latest last.
pub(super) type Strikes = Arc<Mutex<Vec<Instant>>>;

/// A thread that strikes a worker every so often, one after the other.
pub(super) struct Striker {
    strikes: Strikes,
    /// Dropped to end the thread.
    stop: Sender<()>,
    thread: JoinHandle<()>,
}

impl Striker {
    pub(super) fn start(
        engine: Engine,
        strike: Strike,
        every: Duration,
        turns: Turns,
    ) -> Result<Self, MeasureError> {
        let strikes = Strikes::default();
        let noted = Arc::clone(&strikes);
        let (stop, stopped) = channel();
        let run = move || {
            let mut turn = 0;
            while stopped.recv_timeout(every) == Err(RecvTimeoutError::Timeout) {
                if turns.is_struck(Instant::now()) == Some(true) && strike_one(&engine, strike, turn, &noted)
                {
                    turn += 1;
                }
            }
        };
        let thread = std::thread::Builder::new()
            .name("phalanx-striker".to_owned())
            .spawn(run)
            .map_err(|error| MeasureError::Thread { message: error.to_string() })?;
        Ok(Self { strikes, stop, thread })
    }

    pub(super) fn strikes(&self) -> Strikes {
        Arc::clone(&self.strikes)
    }

    /// Ends it; how many workers were struck.
    pub(super) fn stop(self) -> usize {
        drop(self.stop);
        // It does not panic, and there would be nobody to tell.
        let _ = self.thread.join();
        lock(&self.strikes).len()
    }
}

/// Strikes one of the workers that have a lane. `false` where there is none at the moment.
fn strike_one(engine: &Engine, strike: Strike, turn: usize, strikes: &Strikes) -> bool {
    let workers: Vec<_> = engine.metrics().workers.into_iter().filter(|worker| !worker.is_spare).collect();
    let Some(worker) = turn.checked_rem(workers.len()).map(|index| workers[index]) else { return false };
    let Some(pid) = i32::try_from(worker.pid).ok().and_then(Pid::from_raw) else { return false };
    let signal = match strike {
        Strike::Kill => Signal::KILL,
        Strike::Stop => Signal::STOP,
    };
    let struck = Instant::now();
    if kill_process(pid, signal).is_err() {
        return false;
    }
    lock(strikes).push(struck);
    true
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
