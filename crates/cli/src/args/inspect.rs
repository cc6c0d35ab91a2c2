use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::Args;

use super::EngineArgs;

/// Says what a model takes and gives, whether it can be batched, and what can run it
///
/// Examples: phalanx inspect model.onnx --device webgpu; phalanx inspect model.onnx --plan --batch 32
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

    /// Prints instead the operations that a GPU backend would execute, their memory, FLOPs and bytes
    #[arg(long, conflicts_with_all = ["quick", "json"])]
    pub(crate) plan: bool,

    /// Rows of the batch that the plan is for
    #[arg(long, value_name = "ROWS", default_value = "1", requires = "plan")]
    pub(crate) batch: NonZeroUsize,

    /// Size of every open axis beside the batch axis that the plan is for
    #[arg(long, value_name = "SIZE", requires = "plan")]
    pub(crate) length: Option<NonZeroUsize>,

    #[command(flatten)]
    pub(crate) engine: EngineArgs,
}
