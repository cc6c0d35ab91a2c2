use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::Args;
use phalanx_measure::draw::{Draw, InputRange};

use super::named;

/// What is sent to a model, the same for every command that measures.
#[derive(Args, Clone, Debug)]
pub(crate) struct SampleArgs {
    /// Samples to send, instead of random numbers
    #[arg(long, value_name = "FILE.npz", conflicts_with_all = ["range", "dim"])]
    pub(crate) inputs: Option<PathBuf>,

    /// Values that an input is drawn from, LOW up to but not including HIGH
    ///
    /// Without it floats are drawn from the normal distribution, and integers from 0 and 1.
    #[arg(long, value_name = "INPUT=LOW:HIGH", value_parser = named::parse::<InputRange>)]
    pub(crate) range: Vec<(String, InputRange)>,

    /// Size of an axis that the model leaves open [default: 32]
    ///
    /// Of a served model also that of one input alone, as INPUT:AXIS=N.
    #[arg(long, value_name = "AXIS=N", value_parser = named::parse::<NonZeroUsize>)]
    pub(crate) dim: Vec<(String, NonZeroUsize)>,

    /// What everything random is drawn from
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) seed: u64,
}

impl Default for SampleArgs {
    fn default() -> Self {
        Self { inputs: None, range: Vec::new(), dim: Vec::new(), seed: 1 }
    }
}

impl SampleArgs {
    /// How random inputs are drawn.
    pub(crate) fn draw(&self) -> Draw {
        Draw {
            ranges: self.range.iter().cloned().collect(),
            dims: self.dim.iter().map(|(axis, size)| (axis.clone(), size.get())).collect(),
            seed: self.seed,
        }
    }
}
