use std::sync::Arc;

use rand::rngs::Xoshiro256PlusPlus;
use rand_distr::{Distribution, StandardNormal, StandardUniform};

use crate::SimulateError;

/// Widest log-normal distribution.
const SIGMA_MAX: f64 = 2.0;

/// How the times of batches vary: each is multiplied by a factor, whose median is 1.
#[derive(Clone, Debug, PartialEq)]
pub enum Noise {
    /// Log-normal factors, with this standard deviation of their logarithm; 0 for none.
    LogNormal(f64),
    /// Factors that were measured, each as likely as the others.
    Measured(Arc<[f64]>),
}

impl Default for Noise {
    fn default() -> Self {
        Self::LogNormal(0.0)
    }
}

impl Noise {
    pub(crate) fn check(&self) -> Result<(), SimulateError> {
        match self {
            Self::LogNormal(sigma) if !(0.0..=SIGMA_MAX).contains(sigma) => {
                Err(SimulateError::option("noise", "a number from 0 to 2", sigma))
            }
            Self::Measured(factors)
                if factors.iter().any(|factor| !(factor.is_finite() && *factor > 0.0)) =>
            {
                Err(SimulateError::option("noise", "factors above 0", "others"))
            }
            Self::LogNormal(_) | Self::Measured(_) => Ok(()),
        }
    }

    /// The factor of the next batch.
    pub(crate) fn draw(&self, random: &mut Xoshiro256PlusPlus) -> f64 {
        match self {
            Self::LogNormal(0.0) => 1.0,
            Self::LogNormal(sigma) => {
                let normal: f64 = StandardNormal.sample(random);
                (sigma * normal).exp()
            }
            Self::Measured(factors) => {
                let uniform: f64 = StandardUniform.sample(random);
                factors.get((uniform * factors.len() as f64) as usize).copied().unwrap_or(1.0)
            }
        }
    }

    /// The mean of the factors.
    pub(crate) fn mean(&self) -> f64 {
        match self {
            Self::LogNormal(sigma) => (sigma * sigma / 2.0).exp(),
            Self::Measured(factors) if factors.is_empty() => 1.0,
            Self::Measured(factors) => factors.iter().sum::<f64>() / factors.len() as f64,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    #[test]
    fn factors_have_the_mean_that_is_promised() {
        let mut random = Xoshiro256PlusPlus::seed_from_u64(7);
        for noise in [Noise::LogNormal(0.3), Noise::Measured([0.9, 1.0, 1.0, 4.0].into()), Noise::default()] {
            let mean = (0..100_000).map(|_| noise.draw(&mut random)).sum::<f64>() / 100_000.0;
            assert!((mean / noise.mean() - 1.0).abs() < 0.01, "{noise:?}: {mean}");
        }
    }

    #[test]
    fn factors_are_above_0() {
        assert!(Noise::LogNormal(-0.1).check().is_err() && Noise::LogNormal(f64::NAN).check().is_err());
        assert!(Noise::Measured([1.0, 0.0].into()).check().is_err());
        assert!(Noise::Measured([].into()).check().is_ok(), "nothing is known, so nothing varies");
    }
}
