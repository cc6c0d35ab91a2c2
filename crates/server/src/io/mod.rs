//! The threads that read and write connections, and what watches over those.

mod accept;
pub(crate) mod burst;
mod connection;
mod endpoint;
mod guarded;
mod offload;
mod patrol;
mod progress;
mod threads;
mod tls;

pub(crate) use accept::{Listening, Protocol};
pub(crate) use connection::{Stream, drive};
pub(crate) use endpoint::Endpoint;
pub(crate) use guarded::Guarded;
pub(crate) use offload::offload;
pub(crate) use patrol::Patrol;
pub(crate) use progress::{Order, Phase, Progress};
pub(crate) use threads::IoThreads;
pub(crate) use tls::acceptor;
