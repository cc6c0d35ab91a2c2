use std::fmt;
use std::str::FromStr;

use rand::SeedableRng;
use rand::rngs::Xoshiro256PlusPlus;
use rand_distr::{Distribution, Exp1, Gamma};

/// Shapes that a Gamma distribution may have here: beyond them bursts or gaps are no longer told apart by a clock.
const SHAPE_MIN: f64 = 0.01;
const SHAPE_MAX: f64 = 1000.0;

/// How requests arrive in an open loop.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Arrivals {
    /// Independently of each other: gaps are exponentially distributed.
    #[default]
    Poisson,
    /// Gaps are Gamma-distributed with this shape: 1 is Poisson, 0.1 comes in bursts. The coefficient of variation of
    /// the gaps is 1/√shape.
    Gamma(f64),
    /// All gaps are the same.
    Constant,
}

/// The text names no way of arriving.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected poisson, constant or gamma:SHAPE with a shape from {SHAPE_MIN} to {SHAPE_MAX}, got {got:?}"
)]
pub struct ParseArrivalsError {
    /// The text.
    pub got: String,
}

impl FromStr for Arrivals {
    type Err = ParseArrivalsError;

    fn from_str(text: &str) -> Result<Self, ParseArrivalsError> {
        let refuse = || ParseArrivalsError { got: text.to_owned() };
        match (text, text.strip_prefix("gamma:")) {
            ("poisson", _) => Ok(Self::Poisson),
            ("constant", _) => Ok(Self::Constant),
            (_, Some(shape)) => {
                let shape = shape.parse().map_err(|_| refuse())?;
                if (SHAPE_MIN..=SHAPE_MAX).contains(&shape) { Ok(Self::Gamma(shape)) } else { Err(refuse()) }
            }
            _ => Err(refuse()),
        }
    }
}

impl fmt::Display for Arrivals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Poisson => f.write_str("poisson"),
            Self::Gamma(shape) => write!(f, "gamma:{shape}"),
            Self::Constant => f.write_str("constant"),
        }
    }
}

impl Arrivals {
    /// The gaps between arrivals, in units of their mean: without end, the same for the same seed.
    #[must_use]
    pub fn gaps(self, seed: u64) -> Gaps {
        let distribution = match self {
            Self::Poisson => Gap::Exponential,
            Self::Constant => Gap::Same,
            // A shape that is no shape can only come from code, not from a text: it is taken for Poisson.
            Self::Gamma(shape) => Gamma::new(shape, 1.0 / shape).map_or(Gap::Exponential, Gap::Gamma),
        };
        Gaps { distribution, random: Xoshiro256PlusPlus::seed_from_u64(seed) }
    }
}

/// The gaps between arrivals.
#[derive(Clone, Debug)]
pub struct Gaps {
    distribution: Gap,
    random: Xoshiro256PlusPlus,
}

#[derive(Clone, Copy, Debug)]
enum Gap {
    Exponential,
    Gamma(Gamma<f64>),
    Same,
}

impl Iterator for Gaps {
    type Item = f64;

    fn next(&mut self) -> Option<f64> {
        Some(match &self.distribution {
            Gap::Exponential => Exp1.sample(&mut self.random),
            Gap::Gamma(gamma) => gamma.sample(&mut self.random),
            Gap::Same => 1.0,
        })
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
        for text in ["poisson", "constant", "gamma:0.1"] {
            assert_eq!(text.parse::<Arrivals>().unwrap().to_string(), text);
        }
        for wrong in ["", "gamma", "gamma:", "gamma:0", "gamma:-1", "gamma:nan", "gamma:1e9", "Poisson"] {
            assert!(wrong.parse::<Arrivals>().is_err(), "{wrong}");
        }
    }
}
