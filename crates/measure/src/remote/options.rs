use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use super::{Arrivals, Profile, RemoteError};

/// Requests that may be under way at once where nothing else is said.
pub const CONNECTIONS: NonZeroUsize = NonZeroUsize::new(1024).expect("it is not 0");

/// What a server asks for before it answers.
#[derive(Clone, Debug, Default)]
pub struct Access {
    /// Sent as a bearer token.
    pub api_key: Option<String>,
    /// Certificates, as PEM, that the server's is checked against instead of those that are usual.
    pub tls_ca: Option<PathBuf>,
}

impl Access {
    pub(crate) fn no_header(&self) -> RemoteError {
        let length = self.api_key.as_ref().map_or(0, String::len);
        RemoteError::Option {
            option: "api-key",
            expected: "printable ASCII characters without blanks",
            got: format!("{length} others"),
        }
    }
}

/// How tensors are written over HTTP.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// As bytes behind the JSON: the binary tensor extension. gRPC always carries bytes.
    #[default]
    Binary,
    /// As numbers in the JSON, both ways.
    Json,
}

impl Format {
    /// `binary` or `json`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Binary => "binary",
            Self::Json => "json",
        }
    }
}

/// What every request is like.
#[derive(Clone, Debug)]
pub struct RequestOptions {
    /// How tensors are written.
    pub format: Format,
    /// Rows of each request.
    pub rows: NonZeroUsize,
    /// The time that the server is told it has, as the parameter `timeout`, in whole microseconds.
    pub timeout: Option<Duration>,
    /// The priority that the server is told, as the parameter `priority`.
    pub priority: Option<u64>,
    /// Whether answers to the same request are compared with each other.
    pub compared: bool,
    /// How long an answer is waited for, counted from when its request was due.
    pub patience: Duration,
}

impl Default for RequestOptions {
    fn default() -> Self {
        Self {
            format: Format::Binary,
            rows: NonZeroUsize::MIN,
            timeout: None,
            priority: None,
            compared: false,
            patience: Duration::from_secs(10),
        }
    }
}

/// Requests are sent at instants of their own, whatever the server does.
#[derive(Clone, Debug)]
pub struct OpenLoop {
    /// How the rate goes.
    pub profile: Profile,
    /// How requests arrive at that rate.
    pub arrivals: Arrivals,
    /// What the instants are drawn from.
    pub seed: u64,
    /// The latency that callers were promised.
    pub slo: Option<Duration>,
    /// Requests that may be under way at once. What is due beyond them waits here, and its latency counts all the same.
    pub connections: NonZeroUsize,
    /// Misses of the SLO after which the load ends early; none where it goes on to its end.
    pub missed_max: Option<u64>,
}

/// Callers that each send a request, wait for its answer, and send the next.
#[derive(Clone, Copy, Debug)]
pub struct ClosedLoop {
    /// How many there are.
    pub callers: NonZeroUsize,
    /// How long they do so before it counts.
    pub warm_up: Duration,
    /// How long it counts.
    pub duration: Duration,
    /// The latency that they were promised.
    pub slo: Option<Duration>,
}

/// How the highest rate that keeps a promise is searched for.
#[derive(Clone, Debug)]
pub struct GoodputSearch {
    /// The rate to start at; none measures what 64 callers reach, and starts close to that.
    pub rate: Option<f64>,
    /// How requests arrive.
    pub arrivals: Arrivals,
    /// What the instants are drawn from; every probe has its own.
    pub seed: u64,
    /// The latency that callers were promised.
    pub slo: Duration,
    /// The share of requests that must be answered within it.
    pub share: f64,
    /// The length of a probe; the one that confirms lasts twice as long.
    pub duration: Duration,
    /// How long each probe is warmed up.
    pub warm_up: Duration,
    /// By how much, as a share, the rate found may fall short of the highest.
    pub precision: f64,
    /// Measurements after which the search ends in any case.
    pub probes_max: u32,
    /// As in [`OpenLoop`].
    pub connections: NonZeroUsize,
}
