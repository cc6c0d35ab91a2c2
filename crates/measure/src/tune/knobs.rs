use std::fmt;
use std::str::FromStr;

use phalanx_backend::{Device, Precision};
use phalanx_engine::{BackendChoice, EngineBuilder, EngineInfo, Isolation, Policy};
use serde::{Deserialize, Serialize};

use crate::MeasureError;

/// What decides how long a batch takes: measured once, whatever the batches are made of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Variant {
    /// The backend's name.
    pub backend: String,
    /// What it runs on.
    pub device: String,
    /// Whether lanes are threads or processes.
    pub isolation: String,
    /// The arithmetic inside the model.
    pub precision: String,
    /// Lanes.
    pub lanes: usize,
    /// Threads of one run.
    pub threads: usize,
}

/// A whole configuration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Knobs {
    /// What runs the batches.
    #[serde(flatten)]
    pub variant: Variant,
    /// Rows of the largest batch.
    pub max_batch: usize,
    /// Batches of a lane that may be formed or running at once.
    pub depth: usize,
    /// The rule that forms batches, in the words of `--policy`.
    pub policy: String,
}

impl fmt::Display for Variant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { backend, device, isolation, precision, lanes, threads } = self;
        let plural = |count: usize| if count == 1 { "" } else { "s" };
        write!(
            f,
            "{backend} on {device}, {lanes} lane{} of {threads} thread{}",
            plural(*lanes),
            plural(*threads)
        )?;
        if isolation != "thread" {
            write!(f, ", {isolation}")?;
        }
        if precision != "fp32" {
            write!(f, ", {precision}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Knobs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { variant, max_batch, depth, policy } = self;
        write!(f, "{variant}, batches of up to {max_batch}, {policy}, depth {depth}")
    }
}

impl Variant {
    /// The engine that these describe.
    ///
    /// # Errors
    /// [`MeasureError::Option`] for a word that is none, as an edited file may hold.
    pub fn apply(&self, builder: EngineBuilder) -> Result<EngineBuilder, MeasureError> {
        Ok(builder
            .backend(BackendChoice::Named(self.backend.clone()))
            .device(word::<Device>("device", &self.device)?)
            .isolation(word::<Isolation>("isolation", &self.isolation)?)
            .precision(word::<Precision>("precision", &self.precision)?)
            .lanes(self.lanes)
            .threads(self.threads))
    }

    /// Cores that it keeps busy.
    #[must_use]
    pub fn cores(&self) -> usize {
        self.lanes * self.threads
    }
}

impl Knobs {
    /// Those of an engine that was built.
    #[must_use]
    pub fn of(info: &EngineInfo) -> Self {
        Self {
            variant: Variant {
                backend: info.backend.to_owned(),
                device: info.device.to_string(),
                isolation: info.isolation.to_string(),
                precision: info.precision.to_string(),
                lanes: info.lanes,
                threads: info.threads,
            },
            max_batch: info.max_batch,
            depth: info.depth,
            policy: info.policy.to_string(),
        }
    }

    /// The engine that these describe.
    ///
    /// # Errors
    /// As [`Variant::apply`].
    pub fn apply(&self, builder: EngineBuilder) -> Result<EngineBuilder, MeasureError> {
        let policy = word::<Policy>("policy", &self.policy)?;
        Ok(self.variant.apply(builder)?.max_batch(self.max_batch).depth(self.depth).policy(policy))
    }
}

fn word<T: FromStr>(option: &'static str, text: &str) -> Result<T, MeasureError> {
    text.parse().map_err(|_| MeasureError::Option {
        option,
        expected: "a word that the engine knows",
        got: format!("{text:?}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_unusual_is_named() {
        let mut variant = Variant {
            backend: "tract".to_owned(),
            device: "cpu".to_owned(),
            isolation: "thread".to_owned(),
            precision: "fp32".to_owned(),
            lanes: 2,
            threads: 1,
        };
        assert_eq!(variant.to_string(), "tract on cpu, 2 lanes of 1 thread");
        (variant.isolation, variant.precision) = ("process".to_owned(), "fp16".to_owned());
        assert_eq!(variant.to_string(), "tract on cpu, 2 lanes of 1 thread, process, fp16");
        assert_eq!(word::<Precision>("precision", "fp16").unwrap(), Precision::Fp16);
        assert!(word::<Policy>("policy", "no-such-policy").is_err());
    }
}
