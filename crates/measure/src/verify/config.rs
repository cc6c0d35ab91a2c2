use std::fmt;
use std::str::FromStr;

use phalanx_backend::{Optimize, Precision};
use phalanx_engine::{EngineBuilder, Isolation, Policy};

const MILLISECOND_NS: u64 = 1_000_000;

/// An engine's options that are crossed with each other. Each axis is an option of [`EngineBuilder`] of the same name.
macro_rules! axes {
    ($($(#[$doc:meta])* $axis:ident: $type:ty = $values:expr;)*) => {
        /// How an engine is set up: one value of each axis of a [`Matrix`].
        #[derive(Clone, Copy, Debug, PartialEq)]
        pub struct Config {
            $($(#[$doc])* pub $axis: $type,)*
        }

        /// The values of each axis that are crossed.
        #[derive(Clone, Debug, PartialEq)]
        pub struct Matrix {
            $($(#[$doc])* pub $axis: Vec<$type>,)*
        }

        impl Default for Matrix {
            fn default() -> Self {
                Self { $($axis: $values.into(),)* }
            }
        }

        impl Matrix {
            /// Every combination, the first axis changing fastest.
            #[must_use]
            pub fn configs(&self) -> Vec<Config> {
                let count = [$(self.$axis.len()),*].into_iter().product();
                let config = |index: usize| {
                    let mut rest = index;
                    let mut digit = |radix: usize| {
                        let digit = rest % radix;
                        rest /= radix;
                        digit
                    };
                    Config { $($axis: self.$axis[digit(self.$axis.len())],)* }
                };
                (0..count).map(config).collect()
            }
        }

        impl Config {
            /// Sets these options, whatever was set before.
            #[must_use]
            pub fn apply(&self, builder: EngineBuilder) -> EngineBuilder {
                builder$(.$axis(self.$axis))*
            }

            /// Each axis with its value.
            fn pairs(&self) -> Vec<(&'static str, String)> {
                vec![$((stringify!($axis), self.$axis.to_string()),)*]
            }
        }

        impl FromStr for Config {
            type Err = ParseConfigError;

            /// Reads what its `Display` writes.
            fn from_str(text: &str) -> Result<Self, ParseConfigError> {
                let error = || ParseConfigError { got: text.to_owned() };
                let value = |axis: &str| {
                    let mut pairs = text.split(',').filter_map(|pair| pair.split_once('='));
                    pairs.find(|(name, _)| *name == axis).map(|(_, value)| value).ok_or_else(error)
                };
                Ok(Self { $($axis: value(stringify!($axis))?.parse().map_err(|_| error())?,)* })
            }
        }
    };
}

axes! {
    /// The arithmetic inside the model.
    precision: Precision = [Precision::Fp32, Precision::Tf32, Precision::Fp16, Precision::Bf16];
    /// How much the backend may rewrite the model.
    optimize: Optimize = [Optimize::None, Optimize::Basic, Optimize::Full];
    /// Batches of a lane that may be formed or running at once.
    depth: usize = [1, 2, 4];
    /// Whether buffers are used again.
    pooling: bool = [true, false];
    /// The rule that forms batches.
    policy: Policy = [
        Policy::Immediate,
        Policy::Delay { timeout_ns: MILLISECOND_NS },
        Policy::Adaptive { target_ns: MILLISECOND_NS },
        Policy::SloWindow,
    ];
    /// Whether lanes are threads or worker processes.
    isolation: Isolation = [Isolation::Thread, Isolation::Process];
}

/// The text describes no [`Config`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected AXIS=VALUE for every axis, separated by commas, got {got:?}")]
pub struct ParseConfigError {
    /// The text.
    pub got: String,
}

impl fmt::Display for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (axis, value)) in self.pairs().iter().enumerate() {
            write!(f, "{}{axis}={value}", if index == 0 { "" } else { "," })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_combination_is_there_once_and_can_be_written_down() {
        let matrix = Matrix::default();
        let configs = matrix.configs();
        assert_eq!(configs.len(), 4 * 3 * 3 * 2 * 4 * 2);
        for (index, config) in configs.iter().enumerate() {
            assert_eq!(config.to_string().parse(), Ok(*config));
            assert!(!configs[..index].contains(config));
        }
        let some = Matrix { precision: vec![Precision::Fp32], depth: vec![2], ..matrix };
        assert_eq!(some.configs().len(), 48);
        assert!(Matrix { depth: Vec::new(), ..some }.configs().is_empty());
    }

    #[test]
    fn half_a_description_is_none() {
        assert!("precision=fp32".parse::<Config>().is_err());
    }
}
