use std::path::PathBuf;

use clap::Args;

use super::EngineArgs;

/// Runs a dataset through the model, in order
///
/// Arrays are matched by the names of the model's inputs and written under the names of its outputs. An .npy file
/// holds the one input, or the one output, of a model that has only one. `-` is standard input or output: input is
/// recognised by its content, output is .npy where the model has one output and .npz otherwise.
///
/// Examples:
///   phalanx run model.onnx --input x.npz --output y.npz
///   phalanx run model.onnx --input - --output - < x.npy > y.npy
#[derive(Args, Debug)]
#[command(verbatim_doc_comment)]
pub(crate) struct RunArgs {
    /// The .onnx file
    pub(crate) model: PathBuf,

    /// The inputs: an .npz or .npy file, or -
    #[arg(long, short, value_name = "FILE")]
    pub(crate) input: PathBuf,

    /// Where the outputs go: an .npz or .npy file, or -
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: PathBuf,

    /// Prints one JSON document about the run on standard output
    #[arg(long)]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) engine: EngineArgs,
}
