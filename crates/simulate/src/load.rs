use crate::{Arrivals, SimulateError};

/// When requests arrive, at a mean gap of 1, to be scaled to any rate. The same gaps at every rate make the share of
/// late requests grow smoothly with it.
#[derive(Clone, Debug)]
pub struct Load {
    times: Vec<f64>,
    recorded_per_s: Option<f64>,
}

impl Load {
    /// Arrivals drawn from a seed.
    #[must_use]
    pub fn draw(arrivals: Arrivals, requests: usize, seed: u64) -> Self {
        let mut time = 0.0;
        let times = arrivals.gaps(seed).take(requests).map(|gap| {
            time += gap;
            time
        });
        Self { times: times.collect(), recorded_per_s: None }
    }

    /// Arrivals as they were recorded, in seconds since some start.
    ///
    /// # Errors
    /// [`SimulateError::Times`] for fewer than two, for times that are no numbers, and where all are the same.
    pub fn recorded(times_s: &[f64]) -> Result<Self, SimulateError> {
        let refuse = |got: String| SimulateError::Times {
            expected: "the times of at least two arrivals, in seconds",
            got,
        };
        if let Some(time) = times_s.iter().find(|time| !time.is_finite()) {
            return Err(refuse(format!("{time}")));
        }
        let mut sorted = times_s.to_vec();
        sorted.sort_by(f64::total_cmp);
        let (Some(first), Some(last)) = (sorted.first(), sorted.last()) else {
            return Err(refuse("none".to_owned()));
        };
        let (first, span_s) = (*first, last - first);
        if span_s <= 0.0 {
            return Err(refuse(format!("{} at one time", sorted.len())));
        }
        let per_s = (sorted.len() - 1) as f64 / span_s;
        let times = sorted.iter().map(|time| (time - first) * per_s).collect();
        Ok(Self { times, recorded_per_s: Some(per_s) })
    }

    /// How many there are.
    #[must_use]
    pub fn requests(&self) -> usize {
        self.times.len()
    }

    /// The rate at which it was recorded, in requests a second; none where it was drawn.
    #[must_use]
    pub fn recorded_per_s(&self) -> Option<f64> {
        self.recorded_per_s
    }

    /// When they come at this rate, in nanoseconds.
    #[must_use = "the times are computed as they are asked for"]
    pub fn at_rate(&self, rate_per_s: f64) -> impl Iterator<Item = u64> {
        let gap_ns = 1e9 / rate_per_s;
        self.times.iter().map(move |time| (time * gap_ns) as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_rate_has_the_same_gaps() {
        let load = Load::draw(Arrivals::Poisson, 1000, 3);
        let slow: Vec<u64> = load.at_rate(1.0).collect();
        let fast: Vec<u64> = load.at_rate(100.0).collect();
        assert!(slow.iter().zip(&fast).all(|(slow, fast)| slow.abs_diff(fast * 100) <= 100));
    }

    #[test]
    fn a_recording_is_put_in_order_and_has_a_rate() {
        let load = Load::recorded(&[12.0, 10.0, 10.5]).unwrap();
        assert_eq!(load.recorded_per_s(), Some(1.0));
        assert_eq!(load.at_rate(1.0).collect::<Vec<_>>(), [0, 500_000_000, 2_000_000_000]);
        for wrong in [&[][..], &[1.0], &[2.0, 2.0], &[1.0, f64::NAN]] {
            assert!(Load::recorded(wrong).is_err(), "{wrong:?}");
        }
    }
}
