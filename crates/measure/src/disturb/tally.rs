use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use super::Turns;
use super::strike::{Strikes, lock};
use crate::load::{Answered, Tally};

/// Answers between two looks at whether to go on.
const WATCH_EVERY: u64 = 1 << 10;

/// Counts answers by whether they came in disturbed times, and how long those waited who were there at a strike.
pub(super) struct DisturbTally {
    turns: Turns,
    strikes: Strikes,
    watch: Box<dyn FnMut(u64) -> ControlFlow<()>>,
    pub(super) quiet: u64,
    pub(super) struck: u64,
    pub(super) checked: u64,
    pub(super) interrupted: bool,
    /// The last strike that was looked at, and how long somebody who was there had to wait after each.
    last: Option<(usize, Instant)>,
    recoveries: Vec<Duration>,
}

impl DisturbTally {
    pub(super) fn new(turns: Turns, strikes: Strikes, watch: Box<dyn FnMut(u64) -> ControlFlow<()>>) -> Self {
        Self {
            turns,
            strikes,
            watch,
            quiet: 0,
            struck: 0,
            checked: 0,
            interrupted: false,
            last: None,
            recoveries: Vec::new(),
        }
    }

    /// From each strike until all who were waiting had their answers, in milliseconds, ascending.
    pub(super) fn recovery_ms(&self) -> Vec<f64> {
        let mut all: Vec<f64> = self.recoveries.iter().map(|time| time.as_secs_f64() * 1e3).collect();
        all.sort_by(f64::total_cmp);
        all
    }

    fn note_recovery(&mut self, answer: &Answered) {
        {
            let strikes = lock(&self.strikes);
            if let Some(&at) = strikes.last() {
                self.last = Some((strikes.len() - 1, at));
            }
            self.recoveries.resize(strikes.len(), Duration::ZERO);
        }
        if let Some((index, at)) = self.last.filter(|&(_, at)| answer.sent <= at && at < answer.answered) {
            self.recoveries[index] = self.recoveries[index].max(answer.answered - at);
        }
    }
}

impl Tally for DisturbTally {
    fn answered(&mut self, answer: Answered) -> ControlFlow<()> {
        self.checked += u64::from(answer.error.is_some());
        self.note_recovery(&answer);
        match self.turns.is_struck(answer.answered) {
            Some(true) => self.struck += 1,
            Some(false) => self.quiet += 1,
            None => return ControlFlow::Break(()),
        }
        let answers = self.quiet + self.struck;
        if answers.is_multiple_of(WATCH_EVERY) && (self.watch)(answers).is_break() {
            self.interrupted = true;
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    }
}
