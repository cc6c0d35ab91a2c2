use std::path::PathBuf;

use clap::Args;

use super::EngineArgs;

/// Says what a model takes and gives, whether it can be batched, and what can run it
///
/// Example: phalanx inspect model.onnx --device webgpu
#[derive(Args, Debug)]
pub(crate) struct InspectArgs {
    /// The .onnx file
    pub(crate) model: PathBuf,

    /// Only reads the file: prepares it on no backend, checks no rows
    #[arg(long)]
    pub(crate) quick: bool,

    /// Prints one JSON document instead of a table
    #[arg(long)]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) engine: EngineArgs,
}
