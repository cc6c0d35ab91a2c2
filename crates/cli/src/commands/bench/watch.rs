use std::ops::ControlFlow;
use std::time::Duration;

use phalanx_measure::report::Row;
use phalanx_measure::strategy::Label;
use phalanx_measure::suite::Watch;

use super::table;
use crate::failure::Failure;
use crate::progress::Progress;
use crate::terminal;

/// Shows rows as they are measured, and how far it has come.
pub(super) struct Live {
    progress: Progress,
    /// Whether a program reads the figures, so that nothing is printed before the end.
    is_silent: bool,
    /// What came of printing.
    pub(super) printed: Result<(), Failure>,
}

impl Live {
    pub(super) fn new(is_silent: bool) -> Self {
        Self { progress: Progress::steps(0), is_silent, printed: Ok(()) }
    }

    /// Prints lines beneath which the bar goes on.
    pub(super) fn print(&mut self, text: &str) {
        if !self.is_silent && self.printed.is_ok() {
            self.printed = self.progress.aside(|| terminal::data(text));
        }
    }
}

impl Watch for Live {
    fn step(&mut self, label: &Label, done: usize, total: usize, left: Option<Duration>) -> ControlFlow<()> {
        self.progress.length(total as u64);
        self.progress.position(done as u64);
        let left = left.map(|left| format!(", at most {} left", humantime::format_duration(whole(left))));
        self.progress.message(&format!("{label}{}", left.unwrap_or_default()));
        // Nobody reads the rows any more: there is nothing left to measure them for.
        if self.printed.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    }

    fn rows(&mut self, rows: &[Row], new: usize) {
        let lines: String = rows[new..].iter().map(table::line).collect();
        self.print(&lines);
    }
}

/// In seconds: nobody reads nanoseconds.
fn whole(time: Duration) -> Duration {
    Duration::from_secs(time.as_secs())
}
