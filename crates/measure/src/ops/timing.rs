use std::time::{Duration, Instant};

use super::report::Timed;
use crate::MeasureError;
use crate::stats::Summary;

/// The windows of one step.
#[derive(Clone, Debug, Default)]
pub(super) struct Windows {
    /// Microseconds an operation, one entry a window.
    us: Vec<f64>,
}

impl Windows {
    /// Does something that many times over until the window is full.
    pub(super) fn measure(
        &mut self,
        window: Duration,
        operations: usize,
        mut run: impl FnMut() -> Result<(), MeasureError>,
    ) -> Result<(), MeasureError> {
        let (start, mut done) = (Instant::now(), 0_usize);
        loop {
            run()?;
            done += operations;
            let took = start.elapsed();
            if took >= window {
                self.us.push(took.as_secs_f64() * 1e6 / done as f64);
                return Ok(());
            }
        }
    }

    /// What the windows say; nothing where there are none.
    pub(super) fn timed(&self) -> Option<Timed> {
        let Summary { median, interval, windows } = Summary::of(&self.us)?;
        Some(Timed { us: median, us_low: interval.low, us_high: interval.high, windows })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_is_as_long_as_asked_for_and_has_one_run_at_least() {
        let mut windows = Windows::default();
        let mut runs = 0;
        windows
            .measure(Duration::ZERO, 10, || {
                runs += 1;
                Ok(())
            })
            .unwrap();
        assert_eq!(runs, 1);
        assert_eq!(windows.timed().unwrap().windows, 1);
        assert!(Windows::default().timed().is_none());
    }
}
