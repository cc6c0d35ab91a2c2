use std::ops::ControlFlow;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use phalanx_measure::remote::Counts;
use phalanx_measure::report::{grouped, thousands};

use crate::terminal;

/// A line that says how a load goes, shown where somebody watches.
pub(super) struct Live(ProgressBar);

impl Live {
    /// A line about a load that takes about so long.
    pub(super) fn start(duration: Duration) -> Self {
        let target =
            if terminal::watched() { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(Some(milliseconds(duration)), target);
        let style = ProgressStyle::with_template("{bar:20} {msg}");
        bar.set_style(style.expect("the template above is valid"));
        Self(bar)
    }

    /// What a load tells how far it has come.
    pub(super) fn watch(&self, before: &str) -> impl FnMut(Duration, Counts) -> ControlFlow<()> {
        let mut last = (Duration::ZERO, Counts::default());
        move |elapsed, counts| {
            if elapsed < last.0 {
                last = (Duration::ZERO, Counts::default());
            }
            self.0.set_position(milliseconds(elapsed));
            self.0.set_message(format!("{before}{}", line(last, (elapsed, counts))));
            last = (elapsed, counts);
            ControlFlow::Continue(())
        }
    }

    /// Prints a line of words above.
    pub(super) fn above(&self, text: &str) {
        self.0.suspend(|| terminal::words(text));
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// What happened since the last time, a second, and in all.
fn line((before, earlier): (Duration, Counts), (elapsed, counts): (Duration, Counts)) -> String {
    let seconds = (elapsed - before).as_secs_f64().max(1e-3);
    let per_s = |now: u64, then: u64| grouped(now.saturating_sub(then) as f64 / seconds);
    format!(
        "{:.1} s  {} due/s  {} answered/s  {} in time/s  {} under way  {} refused  {} failed",
        elapsed.as_secs_f64(),
        per_s(counts.due, earlier.due),
        per_s(counts.answered, earlier.answered),
        per_s(counts.in_time, earlier.in_time),
        thousands(counts.due.saturating_sub(counts.over())),
        thousands(counts.refused),
        thousands(counts.failed + counts.not_sent),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_counts_what_happened_since_the_last() {
        let then = Counts { due: 100, answered: 90, in_time: 80, ..Counts::default() };
        let now = Counts { due: 1100, answered: 1000, in_time: 900, refused: 5, failed: 1, not_sent: 2 };
        let line = line((Duration::from_secs(1), then), (Duration::from_secs(3), now));
        let expected = "3.0 s  500 due/s  455 answered/s  410 in time/s  92 under way  5 refused  3 failed";
        assert_eq!(line, expected);
    }
}
