use std::sync::Arc;

use phalanx_backend::{Backend, Device, Precision};
use serde::{Deserialize, Serialize};

use super::{copy, product};
use crate::MeasureError;

/// What the ceilings are measured on.
#[derive(Clone)]
pub struct Rig {
    /// What can compute on it: the fastest counts.
    pub backends: Vec<Arc<dyn Backend>>,
    /// Which it is.
    pub device: Device,
    /// The arithmetic.
    pub precision: Precision,
    /// Processors there are.
    pub cpus: usize,
}

/// The most that a device was seen to compute and to move.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ceilings {
    /// Arithmetic operations a second, of large matrix products.
    pub flop_per_s: f64,
    /// What reached that.
    pub flop_by: String,
    /// Bytes read and written a second, by how many are used again and again: the nearer the cache that holds them, the
    /// more. Ascending.
    pub moved: Vec<MovedAt>,
}

/// How fast bytes are moved that do not leave this much memory.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct MovedAt {
    /// The memory, in bytes, of each processor.
    pub bytes: f64,
    /// Bytes read and written a second, by all processors together.
    pub bytes_per_s: f64,
}

impl Ceilings {
    /// Measures them, which takes some seconds.
    ///
    /// # Errors
    /// [`MeasureError::NoCeiling`] where nothing could be measured.
    pub fn measure(rig: &Rig) -> Result<Self, MeasureError> {
        let (flop_per_s, flop_by) = product::fastest(rig)?;
        let moved = match rig.device {
            Device::Cpu => copy::processors(rig.cpus)?,
            _ => vec![copy::link(rig)?],
        };
        Ok(Self { flop_per_s, flop_by, moved })
    }

    /// The higher of both, figure by figure: no measurement reaches more than the device can.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        let higher = |(mine, theirs): (&MovedAt, &MovedAt)| MovedAt {
            bytes: mine.bytes,
            bytes_per_s: mine.bytes_per_s.max(theirs.bytes_per_s),
        };
        let moved = self.moved.iter().zip(&other.moved).map(higher).collect();
        if other.flop_per_s > self.flop_per_s { Self { moved, ..other } } else { Self { moved, ..self } }
    }

    /// Bytes a second that can be moved of a working set of this size.
    #[must_use]
    pub fn bytes_per_s(&self, working_set_bytes: f64) -> Option<f64> {
        // What is a little larger than one size may still fit into the cache that held that one.
        let fits = self.moved.iter().rposition(|moved| moved.bytes <= working_set_bytes).unwrap_or(0);
        self.moved[fits.min(self.moved.len())..].iter().map(|moved| moved.bytes_per_s).reduce(f64::max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ceilings(flop_per_s: f64, rates: &[f64]) -> Ceilings {
        let moved = [1e3, 1e6, 1e9].iter().zip(rates);
        let moved = moved.map(|(&bytes, &bytes_per_s)| MovedAt { bytes, bytes_per_s }).collect();
        Ceilings { flop_per_s, flop_by: String::new(), moved }
    }

    #[test]
    fn what_is_near_moves_faster() {
        let ceilings = ceilings(1.0, &[300.0, 200.0, 10.0]);
        let rates = [10.0, 1e4, 2e6, 1e12].map(|bytes| ceilings.bytes_per_s(bytes).unwrap());
        assert_eq!(rates, [300.0, 300.0, 200.0, 10.0]);
    }

    #[test]
    fn the_higher_figure_counts() {
        let both = ceilings(2.0, &[1.0, 5.0, 1.0]).or(ceilings(1.0, &[3.0, 4.0, 2.0]));
        assert_eq!(both, ceilings(2.0, &[3.0, 5.0, 2.0]));
    }
}
