//! A model with fixed shapes as a flat list of device operations with a static memory layout: what the backends for
//! GPUs execute.
//!
//! [`Source`] reads a model once; [`Source::plan`] makes the [`Plan`] for one bucket. It is pure: nothing here knows a
//! device. A backend turns each [`Step`] into one call of a library or one generated kernel, gives the arena's bytes
//! once, uploads the constants (by [`Constant::hash`], so that the buckets of a model share them) and runs the steps in
//! order. [`interpret`] does the same on the CPU, slowly, and says what has to come out.
//!
//! ```
//! use phalanx_plan::{Precision, Source};
//!
//! let source = Source::new(&phalanx_model::samples::mlp(1))?;
//! let plan = source.plan_rows(32, Precision::Fp32)?;
//! // Three products, each with its bias and activation.
//! assert_eq!(plan.steps.len(), 3);
//! assert_eq!(plan.cost().written_bytes, 32 * (512 + 512 + 256) * 4);
//! # Ok::<(), phalanx_plan::PlanError>(())
//! ```
//!
//! **Tensors are strides.** An operation reads each [`Operand`] by an offset and one stride for each of its own axes, 0
//! where the operand is repeated. Transposing, splitting, joining, slicing and broadcasting are no operations: they are
//! strides of whoever reads. Axes that a product cannot walk with two strides and a batch are the exception, and are
//! copied.
//!
//! **Precision.** With [`Precision::Fp16`] and [`Precision::Bf16`] a float is *stored* in 16 bits where a product,
//! convolution or attention reads it (weights too), or writes it to the arena; their biases have the dtype of the
//! result. All else stays in fp32: sums and accumulators, statistics of normalisations and softmax, attention's scores,
//! masks, scales and shifts of normalisations, results of reductions, and all arithmetic of kernels. [`Precision::Tf32`] stores fp32 and only allows
//! products to round their operands. Inputs and outputs keep the model's dtypes.
//!
//! **Indices** outside of their axis are moved to its nearest end, on every device, so that no input can make one read
//! other memory; [`Plan::index_bounds`] says what to compare inputs with to refuse them instead.

mod check;
mod constant;
mod count;
mod draft;
mod error;
mod fuse;
mod interpret;
mod kernel;
mod layout;
mod lower;
mod op;
mod plan;
mod precision;
mod print;
mod shared;
mod source;
mod stride;
mod tract;
mod value;
mod view;

pub use constant::{Constant, ContentHash};
pub use count::{Cost, model_cost};
pub use error::PlanError;
pub use interpret::interpret;
pub use kernel::{Binary, Class, Kernel, Node, NodeId, Scalar, Unary};
pub use op::{
    Activation, Attention, Conv, Epilogue, Map, Op, Operand, Pool, PoolKind, Product, Reduction, Rows, Window,
};
pub use phalanx_backend::Precision;
pub use plan::{ALIGNMENT_BYTES, Arena, IndexBound, Plan, Port, Step};
pub use source::Source;
pub use value::{Place, Value, ValueId};
