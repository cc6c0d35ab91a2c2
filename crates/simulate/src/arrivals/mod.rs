mod gaps;

use std::fmt;
use std::str::FromStr;

pub use gaps::Gaps;

/// Shapes that a Gamma distribution may have here: beyond them bursts or gaps are no longer told apart by a clock.
const SHAPE_MIN: f64 = 0.01;
const SHAPE_MAX: f64 = 1000.0;

/// Requests that a burst may have on the average.
const BURST_MAX: f64 = 1e6;

/// How requests arrive in an open loop.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Arrivals {
    /// Independently of each other: gaps are exponentially distributed.
    #[default]
    Poisson,
    /// Gaps are Gamma-distributed with this shape: 1 is Poisson, 0.1 comes in bursts. The coefficient of variation of
    /// the gaps is 1/√shape.
    Gamma(f64),
    /// Bursts and silence take turns, both of random length; within a burst requests arrive independently.
    Bursts {
        /// Requests of a burst, on the average.
        requests: f64,
        /// The share of the time that bursts take up, above 0 and up to 1.
        busy: f64,
    },
    /// All gaps are the same.
    Constant,
}

/// The text names no way of arriving.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected poisson, constant, gamma:SHAPE with a shape from {SHAPE_MIN} to {SHAPE_MAX}, or bursts:REQUESTS:SHARE, \
     such as bursts:50:0.25 for bursts of 50 requests that take up a quarter of the time, got {got:?}"
)]
pub struct ParseArrivalsError {
    /// The text.
    pub got: String,
}

impl FromStr for Arrivals {
    type Err = ParseArrivalsError;

    fn from_str(text: &str) -> Result<Self, ParseArrivalsError> {
        let arrivals = match text.split_once(':') {
            None if text == "poisson" => Some(Self::Poisson),
            None if text == "constant" => Some(Self::Constant),
            Some(("gamma", shape)) => number(shape, SHAPE_MIN, SHAPE_MAX).map(Self::Gamma),
            Some(("bursts", rest)) => bursts(rest),
            _ => None,
        };
        arrivals.ok_or_else(|| ParseArrivalsError { got: text.to_owned() })
    }
}

fn bursts(text: &str) -> Option<Arrivals> {
    let (requests, busy) = text.split_once(':')?;
    let (requests, busy) = (number(requests, 1.0, BURST_MAX)?, number(busy, 0.001, 1.0)?);
    Some(Arrivals::Bursts { requests, busy })
}

fn number(text: &str, min: f64, max: f64) -> Option<f64> {
    text.parse().ok().filter(|number| (min..=max).contains(number))
}

impl fmt::Display for Arrivals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Poisson => f.write_str("poisson"),
            Self::Gamma(shape) => write!(f, "gamma:{shape}"),
            Self::Bursts { requests, busy } => write!(f, "bursts:{requests}:{busy}"),
            Self::Constant => f.write_str("constant"),
        }
    }
}

impl Arrivals {
    /// The gaps between arrivals, in units of their mean: without end, the same for the same seed.
    #[must_use]
    pub fn gaps(self, seed: u64) -> Gaps {
        Gaps::new(self, seed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Mean and coefficient of variation of many gaps.
    fn moments(arrivals: Arrivals) -> (f64, f64) {
        const GAPS: usize = 400_000;
        let gaps: Vec<f64> = arrivals.gaps(7).take(GAPS).collect();
        let mean = gaps.iter().sum::<f64>() / GAPS as f64;
        let variance = gaps.iter().map(|gap| (gap - mean).powi(2)).sum::<f64>() / GAPS as f64;
        (mean, variance.sqrt() / mean)
    }

    #[test]
    fn gaps_have_mean_1_and_the_variation_promised() {
        for (arrivals, variation) in [
            (Arrivals::Poisson, 1.0),
            (Arrivals::Constant, 0.0),
            (Arrivals::Gamma(0.1), 10_f64.sqrt()),
            (Arrivals::Gamma(4.0), 0.5),
            // busy² + (2·requests − 1)·(1 − busy)²
            (Arrivals::Bursts { requests: 10.0, busy: 0.5 }, 5_f64.sqrt()),
        ] {
            let (mean, got) = moments(arrivals);
            assert!((mean - 1.0).abs() < 0.03, "{arrivals}: mean {mean}");
            assert!((got - variation).abs() <= 0.03 * variation, "{arrivals}: variation {got}");
        }
    }

    #[test]
    fn the_seed_decides() {
        let gaps = |seed| Arrivals::Gamma(0.5).gaps(seed).take(20).collect::<Vec<_>>();
        assert_eq!(gaps(1), gaps(1));
        assert_ne!(gaps(1), gaps(2));
    }

    #[test]
    fn texts_are_read_and_written() {
        for text in ["poisson", "constant", "gamma:0.1", "bursts:50:0.25"] {
            assert_eq!(text.parse::<Arrivals>().unwrap().to_string(), text);
        }
        for wrong in
            ["", "gamma", "gamma:", "gamma:0", "gamma:-1", "gamma:nan", "gamma:1e9", "Poisson", "bursts:0:1"]
        {
            assert!(wrong.parse::<Arrivals>().is_err(), "{wrong}");
        }
    }
}
