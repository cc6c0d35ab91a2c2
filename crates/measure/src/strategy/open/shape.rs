use std::fmt;
use std::time::Duration;

use crate::MeasureError;
use crate::remote::Profile;

/// Multiples of what the engine can do, each for as long: below it, beyond it, and what is left after that.
const STEPS: [f64; 4] = [0.5, 0.9, 1.5, 0.5];

/// Where a ramp begins and ends, and the parts it is made of.
const RAMP: (f64, f64, u32) = (0.2, 1.6, 8);

/// How the rate of an open loop goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// 0.5, 0.9, 1.5 and again 0.5 times what the engine can do.
    Steps,
    /// From 0.2 to 1.6 times that.
    Ramp,
}

impl Shape {
    /// The rate over a window of this length.
    ///
    /// # Errors
    /// [`MeasureError::Option`] for a rate that is none.
    pub(super) fn profile(self, rate: f64, length: Duration) -> Result<Profile, MeasureError> {
        let profile = match self {
            Self::Steps => Profile::multiples(rate, &STEPS, length / STEPS.len() as u32),
            Self::Ramp => Profile::ramp(rate * RAMP.0, rate * RAMP.1, length, RAMP.2),
        };
        profile.map_err(|error| MeasureError::Option {
            option: "rate",
            expected: "samples a second that the engine can answer",
            got: format!("{rate} ({error})"),
        })
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Steps => "steps",
            Self::Ramp => "ramp",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_pass_what_the_engine_can_do_and_last_as_long_as_they_may() {
        for shape in [Shape::Steps, Shape::Ramp] {
            let profile = shape.profile(100.0, Duration::from_secs(4)).unwrap();
            assert_eq!(profile.duration(), Duration::from_secs(4));
            let rates = || profile.steps().iter().map(|step| step.rate_to);
            assert!(rates().any(|rate| rate < 60.0) && rates().any(|rate| rate > 140.0), "{shape}");
        }
        assert!(Shape::Steps.profile(0.0, Duration::from_secs(4)).is_err());
    }
}
