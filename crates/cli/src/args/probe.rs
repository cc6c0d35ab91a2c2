use std::path::PathBuf;

use clap::{Args, Subcommand};
use phalanx_backend::Device;

/// What `phalanx doctor` does in processes of their own
#[derive(Args, Debug)]
pub(crate) struct ProbeArgs {
    /// The onnxruntime library to load, instead of the first one found
    #[arg(long, value_name = "PATH")]
    pub(crate) onnxruntime: Option<PathBuf>,

    #[command(subcommand)]
    pub(crate) command: ProbeCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ProbeCommand {
    /// Prints what a backend finds, as JSON
    List {
        /// The backend
        backend: String,
    },
    /// Has a device compute, and prints what came of it, as JSON
    Prove {
        /// The backend
        backend: String,
        /// The device
        device: Device,
    },
}
