use std::path::PathBuf;

use phalanx_engine::choice::CachedChoice;
use phalanx_measure::Machine;
use phalanx_measure::crash::Ending;
use phalanx_measure::evidence::{Keeper, Trace};
use phalanx_measure::host::{DeviceNode, Driver, Limits};
use phalanx_measure::proof::{Outcome, Proof};
use serde::Serialize;

use crate::listing::Listing;

/// The one JSON document. Each part is looked at by itself, and `hints` and `faults` are concluded from all of them.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) phalanx: &'static str,
    pub(crate) machine: Machine,
    pub(crate) limits: Limits,
    /// What becomes of crashes.
    pub(crate) crashes: Keeper,
    pub(crate) drivers: Vec<Driver>,
    pub(crate) device_nodes: Vec<DeviceNode>,
    pub(crate) backends: Vec<BackendReport>,
    /// Which backend was found best for which model, the newest first.
    pub(crate) choices: Vec<CachedChoice>,
    /// What the user can do to have more, or to have it faster.
    pub(crate) hints: Vec<String>,
    /// Devices and runtimes that are here and do not work.
    pub(crate) faults: Vec<String>,
}

/// A backend, and what became of its devices.
#[derive(Debug, Serialize)]
pub(crate) struct BackendReport {
    pub(crate) name: String,
    pub(crate) version: Option<String>,
    /// Where its runtime was loaded from.
    pub(crate) library: Option<PathBuf>,
    /// Why it cannot be used.
    pub(crate) unavailable: Option<String>,
    pub(crate) hint: Option<String>,
    /// How naming its devices ended the process that did.
    pub(crate) death: Option<Death>,
    pub(crate) devices: Vec<DeviceReport>,
}

/// A device of a backend.
#[derive(Debug, Serialize)]
pub(crate) struct DeviceReport {
    pub(crate) device: String,
    pub(crate) description: String,
    pub(crate) proof: ProofReport,
    /// Its rate as a multiple of the fastest rate that was reached on the CPU.
    pub(crate) cpu_ratio: Option<f64>,
}

/// What became of a device's proof.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum ProofReport {
    /// It came to an end.
    Ended(Proof),
    /// The process died.
    Died {
        /// `died`, where the others say what came out.
        outcome: &'static str,
        #[serde(flatten)]
        death: Death,
    },
}

/// How a process ended that had to answer.
#[derive(Debug, Serialize)]
pub(crate) struct Death {
    pub(crate) ending: Ending,
    /// The last lines of its standard error.
    pub(crate) stderr: Vec<String>,
    /// What the system kept of it.
    pub(crate) traces: Vec<Trace>,
}

impl BackendReport {
    /// A backend whose devices are yet to be looked at.
    pub(super) fn new(listing: Listing, death: Option<Death>) -> Self {
        let Listing { name, version, library, unavailable, hint, devices: _ } = listing;
        let library = library.map(PathBuf::from);
        Self { name, version, library, unavailable, hint, death, devices: Vec::new() }
    }

    /// What does not work of it.
    pub(super) fn faults(&self) -> impl Iterator<Item = String> {
        let listing = self
            .death
            .as_ref()
            .map(|death| format!("the process that asked {} for its devices {}", self.name, death.ending));
        let devices = self.devices.iter().filter_map(|device| {
            Some(format!("{} through {} {}", device.device, self.name, device.proof.fault()?))
        });
        listing.into_iter().chain(devices)
    }
}

impl DeviceReport {
    /// Floating-point operations a second, where all results were right.
    pub(super) fn flop_per_s(&self) -> Option<f64> {
        match &self.proof {
            ProofReport::Ended(Proof { outcome: Outcome::Right { flop_per_s, .. }, .. }) => Some(*flop_per_s),
            _ => None,
        }
    }
}

impl ProofReport {
    /// What is wrong with the device, after its name; nothing where only something is missing.
    fn fault(&self) -> Option<String> {
        match self {
            Self::Died { death, .. } => Some(death.ending.to_string()),
            Self::Ended(proof) => match &proof.outcome {
                Outcome::Right { .. } | Outcome::Failed { is_missing: true, .. } => None,
                Outcome::Failed { message, .. } => Some(format!("failed: {message}")),
                Outcome::Wrong { rows, row, element, expected, got } => {
                    let got = got.map_or_else(|| "no number".to_owned(), |got| got.to_string());
                    Some(format!(
                        "gave a wrong answer: element {element} of row {row} of {rows}: expected {expected}, got {got}"
                    ))
                }
            },
        }
    }
}
