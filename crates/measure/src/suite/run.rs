use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use phalanx_backend::BackendError;
use phalanx_engine::EngineError;

use super::budget::Budget;
use super::peak::Peak;
use super::{Group, Skipped};
use crate::MeasureError;
use crate::report::{Row, fill_efficiency, fill_shares};
use crate::stats::median;
use crate::strategy::{Label, Measured, Rule, Strategy};
use crate::truth::Gate;

/// A window of the baseline, beside one of a row.
const BASELINE_SHARE: f64 = 0.2;
const BASELINE_MIN: Duration = Duration::from_millis(20);

/// How long and how often to measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// Windows of each row.
    pub rounds: usize,
    /// The longest window.
    pub window_max: Duration,
    /// The longest warm-up of a row.
    pub warm_up_max: Duration,
    /// What everything together may take; each row gets its share. Without it all windows are as long as they may be.
    pub budget: Option<Duration>,
}

/// Who follows a measurement.
pub trait Watch {
    /// This is about to be measured: so many of all rows are done, and about so much time is left.
    fn step(&mut self, label: &Label, done: usize, total: usize, left: Option<Duration>) -> ControlFlow<()>;

    /// All rows so far, of which those from `new` on have just been measured.
    fn rows(&mut self, rows: &[Row], new: usize);
}

/// What came of it.
pub struct Outcome {
    /// The rows.
    pub rows: Vec<Row>,
    /// Those that could not be measured here.
    pub skipped: Vec<Skipped>,
    /// Why rows were refused, each with its name: [`MeasureError::AboveCeiling`]. They are not among the rows.
    pub refused: Vec<MeasureError>,
    /// What they were held against.
    pub gate: Option<Gate>,
}

/// What is measured, and held against what.
pub struct Suite<'a> {
    /// The rows.
    pub groups: Vec<Group<'a>>,
    /// One lane that runs one row at a time, for as long as everything lasts.
    pub baseline: Option<Box<dyn Strategy + 'a>>,
    /// What rows may not be above; none where nothing can be counted.
    pub gate: Option<Gate>,
}

impl Suite<'_> {
    /// Measures all groups, one after the other.
    ///
    /// # Errors
    /// Wrong answers, [`MeasureError::Interrupted`], and whatever else is not only a
    /// backend that cannot do what a row asks of it.
    pub fn run(self, timing: &Timing, watch: &mut dyn Watch) -> Result<Outcome, MeasureError> {
        let total = self.groups.iter().map(|group| group.rows).sum();
        let weight = self.groups.iter().map(|group| group.weight * group.rows as f64).sum();
        let mut course = Course {
            timing: *timing,
            budget: Budget::new(timing.budget, timing.window_max, timing.rounds, weight),
            peak: Peak::watch()?,
            baseline: self.baseline,
            gate: self.gate,
            done: 0,
            total,
            rows: Vec::new(),
            refused: Vec::new(),
        };
        let mut skipped = Vec::new();
        for group in self.groups {
            let (strategy, rows, count, weight) =
                (group.strategy, group.about.clone(), group.rows, group.weight);
            match course.group(group, watch) {
                Ok(()) => {}
                Err(error) if is_beyond(&error) => {
                    skipped.push(Skipped { strategy, rows, reason: error.to_string() });
                }
                Err(error) => return Err(error),
            }
            course.done += count;
            course.budget.done(count, weight);
        }
        let refused = course.appeal(watch)?;
        Ok(Outcome { rows: course.rows, skipped, refused, gate: course.gate })
    }
}

/// Whether a row asks more than the backend, the device or this machine can do. What is wrong is not.
fn is_beyond(error: &MeasureError) -> bool {
    let backend = match error {
        MeasureError::Backend(error) => error,
        MeasureError::Engine(EngineError::Prepare(error) | EngineError::BackendFailed(error)) => error,
        MeasureError::Engine(EngineError::InvalidOption { .. } | EngineError::NoBackend { .. }) => {
            return true;
        }
        _ => return false,
    };
    matches!(
        backend,
        BackendError::UnsupportedOption { .. }
            | BackendError::UnsupportedOperators { .. }
            | BackendError::Unavailable { .. }
            | BackendError::OutOfMemory { .. }
            | BackendError::NoWorker { .. }
            | BackendError::Prepare { .. }
    )
}

/// A measurement under way.
struct Course<'a> {
    timing: Timing,
    budget: Budget,
    peak: Peak,
    baseline: Option<Box<dyn Strategy + 'a>>,
    gate: Option<Gate>,
    done: usize,
    total: usize,
    rows: Vec<Row>,
    /// Those that were above the ceilings.
    refused: Vec<Row>,
}

/// A row being measured.
struct Turn {
    measured: Measured,
    baseline: Vec<f64>,
    memory_bytes_max: Option<u64>,
}

impl Course<'_> {
    fn group(&mut self, group: Group<'_>, watch: &mut dyn Watch) -> Result<(), MeasureError> {
        let (weight, count, is_held) = (group.weight, group.rows, group.is_held);
        let mut strategies = (group.open)()?;
        let length = self.budget.window(count, weight, Instant::now());
        let turn = |label: Label| Turn {
            measured: Measured { label, windows: Vec::new() },
            baseline: Vec::new(),
            memory_bytes_max: None,
        };
        let mut turns: Vec<Turn> = strategies.iter().map(|strategy| turn(strategy.label())).collect();
        for round in 0..=self.timing.rounds {
            for (index, (strategy, turn)) in strategies.iter_mut().zip(&mut turns).enumerate() {
                let left = self.budget.left(Instant::now());
                let share = (round * count + index) / (self.timing.rounds + 1);
                if watch.step(&turn.measured.label, self.done + share, self.total, left).is_break() {
                    return Err(MeasureError::Interrupted);
                }
                if round == 0 {
                    strategy.window(length.min(self.timing.warm_up_max))?;
                } else {
                    self.turn(&mut **strategy, length, turn)?;
                }
            }
        }
        drop(strategies);
        self.finish(turns, is_held, watch)
    }

    /// One window of a row, and one of the baseline.
    fn turn(
        &mut self,
        strategy: &mut dyn Strategy,
        length: Duration,
        turn: &mut Turn,
    ) -> Result<(), MeasureError> {
        if let Some(baseline) = &mut self.baseline {
            let short = length.mul_f64(BASELINE_SHARE).max(BASELINE_MIN);
            turn.baseline.push(baseline.window(short)?.samples_per_s());
        }
        self.peak.take();
        turn.measured.windows.push(strategy.window(length)?);
        let bytes = self.peak.take().map(|bytes| bytes + strategy.worker_bytes());
        turn.memory_bytes_max = turn.memory_bytes_max.max(bytes);
        Ok(())
    }

    /// Makes rows of what was measured, and holds them against the ceilings.
    fn finish(&mut self, turns: Vec<Turn>, is_held: bool, watch: &mut dyn Watch) -> Result<(), MeasureError> {
        let new = self.rows.len();
        for turn in turns {
            let mut row = Row::of(&turn.measured);
            row.baseline_samples_per_s = median(&turn.baseline);
            row.memory_bytes_max = turn.memory_bytes_max;
            let is_held = is_held && row.rule != Rule::Nothing;
            if let Some(gate) = self.gate.as_mut().filter(|_| is_held) {
                match gate.judge(&mut row) {
                    Ok(()) => {}
                    Err(MeasureError::AboveCeiling { .. }) => {
                        self.refused.push(row);
                        continue;
                    }
                    Err(error) => return Err(error),
                }
            }
            self.rows.push(row);
        }
        self.fill();
        watch.rows(&self.rows, new);
        Ok(())
    }

    fn fill(&mut self) {
        if let Some(gate) = &self.gate {
            gate.fill_shares(&mut self.rows);
        }
        fill_efficiency(&mut self.rows);
        fill_shares(&mut self.rows);
    }

    /// Rows that were refused are judged once more by ceilings that are measured now; those that pass join the others of
    /// their strategy. Gives why the rest does not.
    fn appeal(&mut self, watch: &mut dyn Watch) -> Result<Vec<MeasureError>, MeasureError> {
        let Some(gate) = self.gate.as_mut().filter(|_| !self.refused.is_empty()) else {
            return Ok(Vec::new());
        };
        gate.measure_again()?;
        let (new, mut errors) = (self.rows.len(), Vec::new());
        for mut row in std::mem::take(&mut self.refused) {
            match gate.judge(&mut row) {
                Ok(()) => self.rows.push(row),
                Err(error @ MeasureError::AboveCeiling { .. }) => errors.push(error),
                Err(error) => return Err(error),
            }
        }
        self.fill();
        watch.rows(&self.rows, new);
        let order: Vec<&'static str> = self.rows.iter().map(|row| row.strategy).collect();
        self.rows.sort_by_key(|row| order.iter().position(|strategy| *strategy == row.strategy));
        Ok(errors)
    }
}
