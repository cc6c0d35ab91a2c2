//! Batching policies in virtual time.
//!
//! A discrete-event simulator around the very [`Scheduler`](phalanx_batch::Scheduler) that the engine runs: requests
//! arrive as a [`Load`] has them, lanes take batches and are busy for as long as [`Times`] says, and [`goodput`] looks
//! for the highest rate at which enough of them are answered inside the SLO. Other rules, as they were published, run
//! on a plain queue for comparison ([`Rule`]). Everything is decided by seeds: the same question gets the same answer.
//!
//! ```
//! use phalanx_simulate::{Arrivals, Load, Rule, Search, Served, Setup, Times, goodput};
//!
//! // A device that takes 4 ms for a batch and half a millisecond more for each of its rows.
//! let times = Times::line(500_000.0, 4_000_000.0)?;
//! let served = Served { slo_ns: 50_000_000, rule: Rule::default(), ..Served::new("model", times) };
//! let setup = Setup { devices: 1, served: vec![served] };
//! let loads = [Load::draw(Arrivals::Poisson, 10_000, 7)];
//! let found = goodput(&setup, &loads, &Search::default())?;
//! assert!(found.of_bound > 0.9, "{found:?}");
//! # Ok::<(), phalanx_simulate::SimulateError>(())
//! ```

mod arrivals;
mod bound;
mod error;
mod goodput;
mod load;
mod machine;
mod noise;
mod parallel;
mod rule;
mod run;
mod setup;
mod subject;
mod tally;
mod textbook;
mod times;

pub use arrivals::{Arrivals, Gaps, ParseArrivalsError};
pub use bound::{bound_per_s, oracle_per_s};
pub use error::SimulateError;
pub use goodput::{Goodput, Search, goodput};
pub use load::Load;
pub use noise::Noise;
pub use parallel::in_parallel;
pub use rule::{ParseRuleError, Rule, Textbook};
pub use run::{Run, run};
pub use setup::{Class, Served, Setup};
pub use tally::{ClassOutcome, Outcome};
pub use times::Times;
