//! One test suite for every backend: what the engine relies on, as cases over small models.
//!
//! # How a backend joins
//!
//! Its crate has this one as a development dependency, and a test file such as `tests/suite.rs`:
//!
//! ```
//! # mod phalanx_tract { pub struct Tract; }
//! use std::sync::Arc;
//! use phalanx_backend::Device;
//! use phalanx_backend_suite::Subject;
//!
//! # fn backend() -> Arc<dyn phalanx_backend::Backend> { unimplemented!() }
//! fn subject() -> Subject {
//!     Subject::new(backend(), Device::Cpu).with_gaps(&[("identity_bf16", "the runtime has no bfloat16")])
//! }
//!
//! phalanx_backend_suite::backend_suite!(subject());
//! ```
//!
//! Each case becomes a `#[test]` of its own name. A case listed as a gap must fail: one that passes is no gap any
//! more, and its test says so. A function that gives `Option<Subject>` may return `None`, after saying why, where the
//! runtime is not installed; then the cases do nothing.
//!
//! A backend with several devices puts each in a module of its own. [`compare`] runs one model on two backends, for
//! tests that check one against the other.

mod cases;
mod close;
mod compare;
mod draw;
mod gaps;
mod reference;
mod rig;
mod subject;

pub use cases::{CASES, Case};
pub use close::{Difference, assert_close, difference};
pub use compare::compare;
pub use draw::Draw;
pub use gaps::check;
pub use rig::{Failure, Rig};
pub use subject::Subject;
