use rand::SeedableRng;
use rand::rngs::Xoshiro256PlusPlus;
use rand_distr::{Distribution, Exp1, Gamma};

use super::Arrivals;

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
    Bursts {
        /// Mean gap within a burst.
        busy: f64,
        /// Mean silence behind one.
        silence: f64,
        /// The chance that an arrival is the last of its burst.
        last: f64,
    },
    Same,
}

impl Gaps {
    pub(super) fn new(arrivals: Arrivals, seed: u64) -> Self {
        let distribution = match arrivals {
            Arrivals::Poisson => Gap::Exponential,
            Arrivals::Constant => Gap::Same,
            // A shape that is no shape can only come from code, not from a text: it is taken for Poisson.
            Arrivals::Gamma(shape) => Gamma::new(shape, 1.0 / shape).map_or(Gap::Exponential, Gap::Gamma),
            Arrivals::Bursts { requests, busy } => {
                Gap::Bursts { busy, silence: requests * (1.0 - busy), last: 1.0 / requests }
            }
        };
        Self { distribution, random: Xoshiro256PlusPlus::seed_from_u64(seed) }
    }

    fn exponential(&mut self) -> f64 {
        Exp1.sample(&mut self.random)
    }
}

impl Iterator for Gaps {
    type Item = f64;

    fn next(&mut self) -> Option<f64> {
        Some(match self.distribution {
            Gap::Exponential => self.exponential(),
            Gap::Gamma(gamma) => gamma.sample(&mut self.random),
            Gap::Bursts { busy, silence, last } => {
                let gap = busy * self.exponential();
                // Drawn in any case, so that every gap takes as many numbers from the generator.
                let (ends, pause) = (self.exponential() < -(1.0 - last).ln(), self.exponential());
                if ends { gap + silence * pause } else { gap }
            }
            Gap::Same => 1.0,
        })
    }
}
