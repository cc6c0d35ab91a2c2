use std::fmt;
use std::num::NonZeroUsize;
use std::str::FromStr;

/// The text is none of an option's values.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected}, got {got:?}")]
pub struct ParseOptionError {
    /// The values there are.
    pub expected: &'static str,
    /// The text.
    pub got: String,
}

/// How much a runtime may rewrite the model before it runs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Optimize {
    /// As exported.
    None,
    /// Only rewrites that are independent of the device.
    Basic,
    /// Everything the runtime knows.
    #[default]
    Full,
}

/// The arithmetic of the model's inside. Inputs and outputs keep the model's own dtypes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Precision {
    /// Single precision throughout.
    #[default]
    Fp32,
    /// Products rounded to 10 bits of mantissa, accumulated in fp32.
    Tf32,
    /// Half precision, except operators that need fp32.
    Fp16,
    /// bfloat16, except operators that need fp32.
    Bf16,
}

macro_rules! named {
    ($type:ident, $expected:literal, $($variant:ident = $name:literal),*) => {
        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(match self { $(Self::$variant => $name,)* })
            }
        }

        impl FromStr for $type {
            type Err = ParseOptionError;

            fn from_str(text: &str) -> Result<Self, ParseOptionError> {
                match text {
                    $($name => Ok(Self::$variant),)*
                    _ => Err(ParseOptionError { expected: $expected, got: text.to_owned() }),
                }
            }
        }
    };
}

named!(Optimize, "none, basic or full", None = "none", Basic = "basic", Full = "full");
named!(Precision, "fp32, tf32, fp16 or bf16", Fp32 = "fp32", Tf32 = "tf32", Fp16 = "fp16", Bf16 = "bf16");

/// How to prepare a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrepareOptions {
    /// Threads that one run may use (intra-op).
    pub threads: NonZeroUsize,
    /// Rewrites allowed.
    pub optimize: Optimize,
    /// Arithmetic inside.
    pub precision: Precision,
    /// The largest batch that will be submitted, in rows.
    pub rows_max: NonZeroUsize,
    /// Prepared shapes that a program may keep at once, where it prepares one a shape.
    pub shapes_max: NonZeroUsize,
    /// Microseconds that the end of a batch on an asynchronous device may be waited for awake, before the thread that
    /// waits sleeps. A backend may allow less.
    pub spin_us: u32,
}

impl Default for PrepareOptions {
    fn default() -> Self {
        const ROWS_MAX: NonZeroUsize = NonZeroUsize::new(128).expect("not zero");
        const SHAPES_MAX: NonZeroUsize = NonZeroUsize::new(64).expect("not zero");
        Self {
            threads: NonZeroUsize::MIN,
            optimize: Optimize::default(),
            precision: Precision::default(),
            rows_max: ROWS_MAX,
            shapes_max: SHAPES_MAX,
            spin_us: 0,
        }
    }
}
