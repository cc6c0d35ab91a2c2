//! Load on a server that speaks Open Inference Protocol v2, over HTTP or gRPC.
//!
//! In an [open loop](OpenLoop) every request has an instant at which it is due, and its latency counts from there: a
//! server that stalls is charged for all the requests that came meanwhile, and so is a load generator that is late,
//! whose lateness is reported beside it. In a [closed loop](ClosedLoop) callers ask one after the other.
//!
//! ```no_run
//! use std::time::Duration;
//! use phalanx_measure::draw::Draw;
//! use phalanx_measure::remote::{Access, Arrivals, CONNECTIONS, OpenLoop, Profile, RequestOptions, Server};
//!
//! # fn main() -> Result<(), phalanx_measure::remote::RemoteError> {
//! let server = Server::ask("http://127.0.0.1:8000".parse()?, Access::default(), "mlp", "")?;
//! let samples = server.draw(Draw::default())?;
//! let generator = server.load(&samples, &RequestOptions::default())?;
//! let plan = OpenLoop {
//!     profile: Profile::constant(2000.0, Duration::from_secs(30))?,
//!     arrivals: Arrivals::Poisson,
//!     seed: 1,
//!     slo: Some(Duration::from_millis(50)),
//!     connections: CONNECTIONS,
//!     missed_max: None,
//! };
//! let report = generator.open_loop(&plan, &mut |_, _| std::ops::ControlFlow::Continue(()))?;
//! println!("{} requests a second were answered in time", report.total.goodput_per_s);
//! # Ok(())
//! # }
//! ```

mod check;
mod codec;
mod drive;
mod error;
mod generator;
mod goodput;
mod grpc;
mod hdr;
mod http;
mod options;
mod outcome;
mod pace;
mod prepared;
mod profile;
mod report;
pub(crate) mod search;
mod server;
mod signature;
mod stream;
mod tally;
mod target;
mod tls;
mod transport;

pub use drive::Watch;
pub use error::RemoteError;
pub use generator::LoadGenerator;
pub use goodput::{GoodputReport, Probe};
pub use options::{Access, CONNECTIONS, ClosedLoop, Format, GoodputSearch, OpenLoop, RequestOptions};
pub use phalanx_simulate::{Arrivals, Gaps, ParseArrivalsError};
pub use profile::{Due, Profile, RATE_MAX, STEPS_MAX, Step};
pub use report::{About, FailureReport, LoadReport, RefusalReport, StepReport};
pub use search::{Found, Next, Search};
pub use server::Server;
pub use tally::{Counts, Quantiles};
pub use target::{Target, Wire};

use generator::event_loop;
use signature::signature;
