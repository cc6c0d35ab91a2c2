//! Many callers in, few large batches out.
//!
//! An [`Engine`] owns a model prepared on one device. Callers hand in [`Request`]s of one or more rows; the engine
//! gathers the rows of many into batches while the batch before computes, runs them on its lanes, and answers each
//! request exactly once, with its own rows or with one [`EngineError`].

mod backends;
mod builder;
mod burst;
mod call;
pub mod choice;
mod cores;
mod engine;
mod error;
mod fallback;
mod groups;
mod hub;
mod infer;
mod info;
mod isolation;
mod metrics;
mod pad;
mod pool;
mod queues;
mod request;
mod response;
mod run;
mod submitters;
mod threads;
mod trace;
mod warmup;

pub use backends::{BackendChoice, backends};
pub use builder::EngineBuilder;
pub use burst::Burst;
pub use engine::Engine;
pub use error::EngineError;
pub use infer::Infer;
pub use info::{Batching, EngineInfo};
pub use isolation::{Isolated, Isolation, is_worker, worker_main};
pub use metrics::{Degraded, Metrics, Quantiles, Refused};
pub use pad::PadRule;
pub use phalanx_batch::PolicyKind as Policy;
pub use pool::{PoolStats, PooledSlot, SlotPool};
pub use request::Request;
pub use response::{OutputView, Response, Timing};
pub use run::Run;
pub use trace::{Span, Stage, Trace};
