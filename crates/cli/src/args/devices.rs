use std::path::PathBuf;

use clap::Args;

/// Lists the backends and devices that are here
#[derive(Args, Debug)]
pub(crate) struct DevicesArgs {
    /// The onnxruntime library to load, instead of the first one found
    #[arg(long, value_name = "PATH")]
    pub(crate) onnxruntime: Option<PathBuf>,

    /// Prints one JSON document instead of a table
    #[arg(long)]
    pub(crate) json: bool,
}
