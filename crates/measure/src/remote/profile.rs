use std::time::Duration;

use super::RemoteError;

/// Steps that one load may have: each keeps its own histograms.
pub const STEPS_MAX: usize = 64;

/// The highest rate of one load, in requests a second.
pub const RATE_MAX: f64 = 10e6;

/// The longest step: a day.
const STEP_MAX: Duration = Duration::from_secs(86_400);

/// A stretch of time in which the rate stays as it is or changes linearly.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// Requests a second at its beginning.
    pub rate_from: f64,
    /// Requests a second at its end.
    pub rate_to: f64,
    /// Its length.
    pub duration: Duration,
    /// Whether it counts; a warm-up does not.
    pub counted: bool,
}

impl Step {
    /// A step of one rate.
    #[must_use]
    pub fn constant(rate: f64, duration: Duration) -> Self {
        Self { rate_from: rate, rate_to: rate, duration, counted: true }
    }

    /// Requests that are to be expected within it.
    #[must_use]
    pub fn requests(&self) -> f64 {
        f64::midpoint(self.rate_from, self.rate_to) * self.duration.as_secs_f64()
    }

    /// When, counted in seconds from its beginning, `requests` of them are to be expected: the rate's integral,
    /// inverted.
    fn seconds_until(&self, requests: f64) -> f64 {
        let slope = (self.rate_to - self.rate_from) / self.duration.as_secs_f64();
        // The quadratic formula in the form that also holds where the slope is 0.
        let root = (self.rate_from * self.rate_from + 2.0 * slope * requests).max(0.0).sqrt();
        let seconds = 2.0 * requests / (self.rate_from + root).max(f64::MIN_POSITIVE);
        seconds.min(self.duration.as_secs_f64())
    }
}

/// How the rate of an open loop goes: one step after the other.
#[derive(Clone, Debug, PartialEq)]
pub struct Profile(Vec<Step>);

impl Profile {
    /// These steps.
    ///
    /// # Errors
    /// [`RemoteError::Option`] for none or more than [`STEPS_MAX`] of them, a step without length, a rate that is
    /// negative, above [`RATE_MAX`] or not a number, or a step that never has one.
    pub fn new(steps: Vec<Step>) -> Result<Self, RemoteError> {
        if steps.is_empty() || steps.len() > STEPS_MAX {
            let got = steps.len().to_string();
            return Err(RemoteError::Option { option: "steps", expected: "from 1 to 64 of them", got });
        }
        for step in &steps {
            let valid = |rate: f64| (0.0..=RATE_MAX).contains(&rate);
            let some = step.rate_from.max(step.rate_to) > 0.0;
            if !(valid(step.rate_from) && valid(step.rate_to) && some) {
                let got = format!("{}:{}", step.rate_from, step.rate_to);
                let expected = "requests a second above 0, at most ten million";
                return Err(RemoteError::Option { option: "rate", expected, got });
            }
            if step.duration.is_zero() || step.duration > STEP_MAX {
                let got = format!("{:?}", step.duration);
                return Err(RemoteError::Option { option: "duration", expected: "a time up to a day", got });
            }
        }
        Ok(Self(steps))
    }

    /// One rate all the time.
    ///
    /// # Errors
    /// As [`Profile::new`].
    pub fn constant(rate: f64, duration: Duration) -> Result<Self, RemoteError> {
        Self::new(vec![Step::constant(rate, duration)])
    }

    /// These multiples of a rate, each for as long.
    ///
    /// # Errors
    /// As [`Profile::new`].
    pub fn multiples(rate: f64, multiples: &[f64], duration: Duration) -> Result<Self, RemoteError> {
        Self::new(multiples.iter().map(|multiple| Step::constant(rate * multiple, duration)).collect())
    }

    /// A rate that changes linearly, in `parts` steps, so that a report can say how it went at which rate.
    ///
    /// # Errors
    /// As [`Profile::new`].
    pub fn ramp(from: f64, to: f64, duration: Duration, parts: u32) -> Result<Self, RemoteError> {
        let rate = |part: u32| from + (to - from) * f64::from(part) / f64::from(parts);
        let step = |part| Step {
            rate_from: rate(part),
            rate_to: rate(part + 1),
            duration: duration / parts,
            counted: true,
        };
        Self::new((0..parts.min(STEPS_MAX as u32 + 1)).map(step).collect())
    }

    /// The same, after a warm-up at the rate it begins with.
    #[must_use]
    pub fn after_warm_up(mut self, duration: Duration) -> Self {
        if let Some(first) = self.0.first().copied().filter(|_| !duration.is_zero()) {
            // A ramp that begins at nothing is warmed up with a little of what comes.
            let rate = if first.rate_from > 0.0 { first.rate_from } else { first.rate_to / 2.0 };
            self.0.insert(0, Step { counted: false, ..Step::constant(rate, duration) });
        }
        self
    }

    /// Its steps.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.0
    }

    /// Its length.
    #[must_use]
    pub fn duration(&self) -> Duration {
        self.0.iter().map(|step| step.duration).sum()
    }

    /// Turns gaps of mean 1 into instants: those of a process whose rate goes like this.
    pub fn due<G: Iterator<Item = f64>>(&self, gaps: G) -> impl Iterator<Item = Due> + use<G> {
        let steps = self.0.clone();
        let (mut step, mut begin_s, mut expected) = (0, 0.0, 0.0);
        gaps.map_while(move |gap| {
            expected += gap;
            while expected > steps.get(step)?.requests() {
                expected -= steps[step].requests();
                begin_s += steps[step].duration.as_secs_f64();
                step += 1;
            }
            let at = Duration::from_secs_f64(begin_s + steps[step].seconds_until(expected));
            Some(Due { at, step })
        })
    }
}

/// A request that is to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due {
    /// When, counted from the beginning.
    pub at: Duration,
    /// In which step.
    pub step: usize,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::remote::Arrivals;
    use proptest::prelude::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_constant_rate_has_constant_gaps() {
        let profile = Profile::constant(4.0, SECOND).unwrap();
        let due: Vec<f64> = profile.due(Arrivals::Constant.gaps(1)).map(|due| due.at.as_secs_f64()).collect();
        assert_eq!(due, [0.25, 0.5, 0.75, 1.0]);
    }

    #[test]
    fn every_step_gets_its_share() {
        let profile = Profile::multiples(1000.0, &[0.5, 2.0, 1.0], SECOND).unwrap();
        let mut counts = [0; 3];
        profile.due(Arrivals::Poisson.gaps(3)).for_each(|due| counts[due.step] += 1);
        for (count, expected) in counts.into_iter().zip([500.0, 2000.0, 1000.0_f64]) {
            assert!((f64::from(count) - expected).abs() < 4.0 * expected.sqrt(), "{counts:?}");
        }
    }

    #[test]
    fn a_ramp_grows_evenly() {
        let profile = Profile::ramp(0.0, 1000.0, 4 * SECOND, 4).unwrap();
        let due: Vec<Due> = profile.due(Arrivals::Constant.gaps(1)).collect();
        // The integral of t·250 over the first second is 125, over the last 875.
        let in_step = |step| due.iter().filter(|due| due.step == step).count();
        assert_eq!([in_step(0), in_step(1), in_step(2), in_step(3)], [125, 375, 625, 875]);
        assert!(due.windows(2).all(|pair| pair[0].at <= pair[1].at));
    }

    #[test]
    fn a_warm_up_goes_before_and_does_not_count() {
        let profile = Profile::ramp(0.0, 100.0, SECOND, 1).unwrap().after_warm_up(SECOND);
        assert_eq!(profile.duration(), 2 * SECOND);
        assert_eq!(profile.steps()[0], Step { counted: false, ..Step::constant(50.0, SECOND) });
        assert!(profile.steps()[1].counted);
    }

    #[test]
    fn what_cannot_be_is_refused() {
        for (rate, duration) in [
            (0.0, SECOND),
            (-1.0, SECOND),
            (f64::NAN, SECOND),
            (f64::INFINITY, SECOND),
            (1.0, Duration::ZERO),
        ] {
            assert!(Profile::constant(rate, duration).is_err(), "{rate} {duration:?}");
        }
        assert!(Profile::new(Vec::new()).is_err());
        assert!(Profile::multiples(1.0, &[1.0; STEPS_MAX + 1], SECOND).is_err());
        assert!(Profile::ramp(1.0, 2.0, SECOND, u32::MAX).is_err());
        assert!(Profile::ramp(1.0, 2.0, SECOND, 0).is_err());
    }

    proptest! {
        #[test]
        fn instants_never_go_back_and_stay_inside(
            rates in proptest::collection::vec((0.0_f64..2000.0, 1.0_f64..2000.0), 1..6),
            seed: u64,
        ) {
            let duration = Duration::from_millis(300);
            let step = |&(rate_from, rate_to): &(f64, f64)| Step { rate_from, rate_to, duration, counted: true };
            let profile = Profile::new(rates.iter().map(step).collect()).unwrap();
            let due: Vec<Due> = profile.due(Arrivals::Gamma(0.3).gaps(seed)).collect();
            let end = profile.duration() + Duration::from_nanos(100);
            prop_assert!(due.windows(2).all(|pair| pair[0].at <= pair[1].at && pair[0].step <= pair[1].step));
            prop_assert!(due.iter().all(|due| due.at <= end && due.step < rates.len()));
            for due in due {
                let begin = duration * due.step as u32;
                prop_assert!(due.at + Duration::from_nanos(100) >= begin);
            }
        }
    }
}
