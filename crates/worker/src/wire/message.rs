use std::io::{Error, ErrorKind, Result};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use phalanx_backend::{Buckets, Limits, Placement, PrepareOptions};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::WireLayout;

/// The child's first words.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Greeting {
    pub(crate) protocol: u32,
    pub(crate) version: String,
}

/// What the child is to prepare. The descriptors with it: the bell, the status page and, where the model travels in
/// memory, its bytes.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Start {
    pub(crate) backend: String,
    pub(crate) library: Option<RawPath>,
    pub(crate) device: String,
    pub(crate) options: WireOptions,
    pub(crate) model: WireModel,
    /// The child exits when its parent is another: then this one had died before the child could be bound to it.
    pub(crate) parent_pid: i32,
}

/// Where the model is.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum WireModel {
    /// In the memory that came along.
    Memory { bytes: usize, fingerprint: String },
    /// In files, since its weights are beside it.
    File { path: RawPath, fingerprint: String },
}

/// A path, whatever bytes it is made of.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct RawPath(Vec<u8>);

/// [`PrepareOptions`], by the names of their values.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct WireOptions {
    threads: NonZeroUsize,
    optimize: String,
    precision: String,
    rows_max: NonZeroUsize,
    shapes_max: NonZeroUsize,
    spin_us: u32,
}

/// What was prepared.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Ready {
    buckets: WireBuckets,
    lanes_max: usize,
    nodes: usize,
    on_cpu: Vec<(String, usize)>,
}

#[derive(Debug, Serialize, Deserialize)]
enum WireBuckets {
    Fixed(Vec<usize>),
    Any(usize),
}

/// A slot's memory, which comes along as two descriptors: inputs, outputs.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct SlotMessage {
    pub(crate) layout: WireLayout,
    pub(crate) rows_max: usize,
    /// Tags of slots that are gone by now.
    pub(crate) forget: Vec<u64>,
}

impl From<&Path> for RawPath {
    fn from(path: &Path) -> Self {
        use std::os::unix::ffi::OsStrExt;
        Self(path.as_os_str().as_bytes().to_vec())
    }
}

impl From<RawPath> for PathBuf {
    fn from(path: RawPath) -> Self {
        use std::os::unix::ffi::OsStringExt;
        std::ffi::OsString::from_vec(path.0).into()
    }
}

impl From<&PrepareOptions> for WireOptions {
    fn from(options: &PrepareOptions) -> Self {
        Self {
            threads: options.threads,
            optimize: options.optimize.to_string(),
            precision: options.precision.to_string(),
            rows_max: options.rows_max,
            shapes_max: options.shapes_max,
            spin_us: options.spin_us,
        }
    }
}

impl WireOptions {
    pub(crate) fn into_options(self) -> Option<PrepareOptions> {
        Some(PrepareOptions {
            threads: self.threads,
            optimize: self.optimize.parse().ok()?,
            precision: self.precision.parse().ok()?,
            rows_max: self.rows_max,
            shapes_max: self.shapes_max,
            spin_us: self.spin_us,
        })
    }
}

impl Ready {
    pub(crate) fn new(buckets: Buckets, limits: Limits, placement: Placement) -> Self {
        let buckets = match buckets {
            Buckets::Fixed(sizes) => WireBuckets::Fixed(sizes),
            Buckets::Any(rows_max) => WireBuckets::Any(rows_max),
        };
        let Placement { nodes, on_cpu } = placement;
        Self { buckets, lanes_max: limits.lanes_max, nodes, on_cpu }
    }

    pub(crate) fn buckets(&self) -> Buckets {
        match &self.buckets {
            WireBuckets::Fixed(sizes) => Buckets::Fixed(sizes.clone()),
            WireBuckets::Any(rows_max) => Buckets::Any(*rows_max),
        }
    }

    pub(crate) fn lanes_max(&self) -> usize {
        self.lanes_max.max(1)
    }

    pub(crate) fn placement(&self) -> Placement {
        Placement { nodes: self.nodes, on_cpu: self.on_cpu.clone() }
    }
}

/// The bytes of a message.
pub(crate) fn encode<T: Serialize>(message: &T) -> Vec<u8> {
    serde_json::to_vec(message).expect("messages have only text, numbers and lists of them")
}

/// The message in `bytes`.
///
/// # Errors
/// [`ErrorKind::InvalidData`].
pub(crate) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T> {
    serde_json::from_slice(bytes).map_err(|error| Error::new(ErrorKind::InvalidData, error))
}
