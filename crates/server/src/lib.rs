//! Serves models over Open Inference Protocol v2.
//!
//! [`Server::start`] binds the addresses and starts the I/O threads; models are put behind it with
//! [`Server::serve`], or by a repository. A request goes from a connection's task on an I/O thread (`http`,
//! `grpc`) through [`phalanx_protocol`]'s messages into `serving`, which finds the model's engine; the answer wakes the task
//! through the I/O thread's bell.

mod api;
mod context;
mod error;
mod grpc;
mod http;
mod io;
pub mod observe;
mod options;
mod page;
pub mod repository;
mod server;
mod serving;

pub use api::{LoadOverrides, ModelControl};
pub use error::{ServeError, ServerError};
pub use options::{Limits, ServerOptions, Timeouts, Tls};
pub use repository::{
    ModelControlMode, ModelOverrides, RepositoryError, RepositoryLimits, RepositoryOptions, WarmupReader,
};
pub use server::Server;
pub use serving::{ModelOptions, ModelState};
