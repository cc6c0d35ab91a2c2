use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::terminal;

/// A bar on standard error, shown where somebody watches.
pub(crate) struct Progress(ProgressBar);

impl Progress {
    /// Counts samples: with throughput and the time left.
    pub(crate) fn samples(total: u64) -> Self {
        let template = "{bar:30} {human_pos}/{human_len} samples  {per_sec}  {eta} left";
        Self::new(total, template)
    }

    /// Counts steps, each with a name.
    pub(crate) fn steps(total: u64) -> Self {
        Self::new(total, "{bar:30} {pos}/{len}  {msg}  {eta} left")
    }

    fn new(total: u64, template: &str) -> Self {
        let target =
            if terminal::watched() { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(Some(total), target);
        bar.set_style(ProgressStyle::with_template(template).expect("the templates above are valid"));
        bar.enable_steady_tick(Duration::from_millis(200));
        Self(bar)
    }

    /// Sets how many there are.
    pub(crate) fn length(&self, total: u64) {
        self.0.set_length(total);
    }

    /// Sets how many are done.
    pub(crate) fn position(&self, done: u64) {
        self.0.set_position(done);
    }

    /// Prints something above the bar.
    pub(crate) fn aside<T>(&self, print: impl FnOnce() -> T) -> T {
        self.0.suspend(print)
    }

    /// Names what is being done.
    pub(crate) fn message(&self, text: &str) {
        self.0.set_message(text.to_owned());
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
