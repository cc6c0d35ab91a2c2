use phalanx_batch::{LatencyModel, Nanos};

use crate::SimulateError;

/// l(b): how long a batch of b rows takes, in the median.
#[derive(Clone, Debug, PartialEq)]
pub struct Times {
    /// Rows and nanoseconds, ascending; past the last two a straight line, and between two of them too, unless batches are
    /// padded.
    points: Vec<(usize, f64)>,
    padded: bool,
}

impl Times {
    /// l(b) = α·b + β, in nanoseconds.
    ///
    /// # Errors
    /// [`SimulateError::Times`] for a negative number, and where a batch would take no time at all.
    pub fn line(alpha_ns: f64, beta_ns: f64) -> Result<Self, SimulateError> {
        let sound = alpha_ns >= 0.0 && beta_ns >= 0.0 && (alpha_ns + beta_ns).is_finite();
        if !sound || alpha_ns + beta_ns < 1.0 {
            return Err(SimulateError::Times {
                expected: "times of at least a nanosecond",
                got: format!("{alpha_ns} ns a row and {beta_ns} ns a batch"),
            });
        }
        Ok(Self { points: vec![(1, alpha_ns + beta_ns), (2, 2.0 * alpha_ns + beta_ns)], padded: false })
    }

    /// What was measured: rows of a batch and how long it took, in nanoseconds. A size that comes twice counts with the
    /// shorter time. A larger batch that was faster than a smaller one was measured badly: the smaller one's time is
    /// lowered to it.
    ///
    /// # Errors
    /// [`SimulateError::Times`] where there are none, and for batches of no rows or of no time.
    pub fn measured(points: &[(usize, f64)]) -> Result<Self, SimulateError> {
        let wrong = points.iter().find(|(rows, time)| *rows == 0 || !(time.is_finite() && *time >= 1.0));
        if let Some((rows, time)) = wrong {
            return Err(SimulateError::Times {
                expected: "batches of at least a row and a nanosecond",
                got: format!("{rows} rows in {time} ns"),
            });
        }
        let mut points = points.to_vec();
        points.sort_by(|one, other| one.0.cmp(&other.0).then(one.1.total_cmp(&other.1)));
        points.dedup_by_key(|point| point.0);
        let Some(&(_, last)) = points.last() else {
            return Err(SimulateError::Times { expected: "the times of batches", got: "none".to_owned() });
        };
        let mut shortest = last;
        for (_, time) in points.iter_mut().rev() {
            shortest = shortest.min(*time);
            *time = shortest;
        }
        Ok(Self { points, padded: false })
    }

    /// The same for a program that pads batches to the sizes that were measured: one between two takes as long as the
    /// larger.
    #[must_use]
    pub fn padded(self) -> Self {
        Self { padded: true, ..self }
    }

    /// The time of a batch of `rows` rows, in nanoseconds.
    #[must_use]
    pub fn run_ns(&self, rows: usize) -> f64 {
        let after = self.points.partition_point(|point| point.0 < rows);
        let line = |low: usize, high: usize| {
            let ((rows_low, low_ns), (rows_high, high_ns)) = (self.points[low], self.points[high]);
            let slope = (high_ns - low_ns) / (rows_high - rows_low) as f64;
            low_ns + slope * (rows as f64 - rows_low as f64)
        };
        match (after, self.points.len()) {
            // Below the smallest that was measured a batch costs as much as that.
            (0, _) => self.points[0].1,
            (_, 1) => self.points[0].1 * rows as f64 / self.points[0].0 as f64,
            (after, count) if after == count => line(count - 2, count - 1),
            (after, _) if self.padded => self.points[after].1,
            (after, _) => line(after - 1, after),
        }
    }

    /// What a scheduler knows of it before the first request.
    #[must_use]
    pub fn latency(&self, rows_max: usize) -> LatencyModel {
        let mut latency = match self.padded {
            true => {
                let sizes = self.points.iter().map(|&(rows, _)| rows.min(rows_max));
                LatencyModel::buckets(&sizes.collect::<Vec<_>>())
            }
            false => LatencyModel::any(rows_max),
        };
        for (index, rows) in latency.sizes().to_vec().into_iter().enumerate() {
            latency.calibrate(index, self.run_ns(rows) as Nanos);
        }
        latency
    }

    /// The same with every time multiplied by `factor`.
    #[must_use]
    pub fn scaled(&self, factor: f64) -> Self {
        let points = self.points.iter().map(|&(rows, time)| (rows, time * factor)).collect();
        Self { points, ..*self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_goes_on() {
        let times = Times::line(500.0, 4000.0).unwrap();
        assert_eq!([1, 2, 3, 256].map(|rows| times.run_ns(rows)), [4500.0, 5000.0, 5500.0, 132_000.0]);
        assert!(Times::line(0.0, 0.0).is_err() && Times::line(-1.0, 9.0).is_err());
        assert!(Times::line(f64::NAN, 1.0).is_err());
    }

    #[test]
    fn what_was_measured_is_joined_by_lines() {
        let times = Times::measured(&[(8, 700.0), (1, 100.0), (4, 300.0), (4, 900.0)]).unwrap();
        assert_eq!(
            [1, 2, 4, 6, 8, 16].map(|rows| times.run_ns(rows)),
            [100.0, 100.0 + 200.0 / 3.0, 300.0, 500.0, 700.0, 1500.0]
        );
        assert_eq!(Times::measured(&[(4, 300.0)]).unwrap().run_ns(8), 600.0, "one point: in proportion");
        assert!(Times::measured(&[]).is_err() && Times::measured(&[(0, 5.0)]).is_err());
    }

    #[test]
    fn what_is_padded_takes_as_long_as_the_next_size() {
        let times = Times::measured(&[(1, 100.0), (4, 300.0), (8, 700.0)]).unwrap().padded();
        assert_eq!(
            [1, 2, 4, 5, 8, 12].map(|rows| times.run_ns(rows)),
            [100.0, 300.0, 300.0, 700.0, 700.0, 1100.0]
        );
        let latency = times.latency(6);
        assert_eq!((latency.sizes(), latency.estimate_ns(3)), (&[1, 4, 6][..], 300));
    }

    #[test]
    fn a_size_measured_too_slow_is_corrected() {
        let times = Times::measured(&[(1, 100.0), (2, 900.0), (4, 300.0)]).unwrap();
        assert_eq!(times.run_ns(2), 300.0);
    }

    #[test]
    fn a_scheduler_starts_with_it() {
        let times = Times::line(500.0, 4000.0).unwrap();
        assert_eq!(times.latency(100).estimate_ns(47), 27_500);
    }
}
