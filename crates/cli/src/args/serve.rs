use std::path::PathBuf;

use clap::Args;

use crate::settings::Given;

/// Serves models over HTTP and gRPC, by Open Inference Protocol v2
///
/// Every option can also be set by an environment variable, PHALANX_ and its name
/// (PHALANX_MAX_BATCH; semicolons separate the values of a list), and in a configuration
/// file under its name with underscores. Flags go before variables, variables before the
/// file. `phalanx config show` says what is set where.
///
/// SIGTERM and Ctrl-C stop the server once what it accepted is answered; a second one stops
/// it at once. SIGHUP has it look through a polled repository now.
///
/// Examples:
///   phalanx serve model.onnx --slo 20ms
///   phalanx serve model.onnx --slo 20ms --tune
///   phalanx serve --repository models --model-control poll
///   phalanx serve --config phalanx.toml --http 0.0.0.0:8000
#[derive(Args, Debug)]
#[command(verbatim_doc_comment)]
pub(crate) struct ServeArgs {
    /// The .onnx files, each served under its file's name
    #[arg(value_name = "MODEL")]
    pub(crate) models: Vec<PathBuf>,

    /// What the one model is called, instead of its file's name
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,

    /// A configuration file; also PHALANX_CONFIG
    #[arg(long, value_name = "FILE.toml")]
    pub(crate) config: Option<PathBuf>,

    /// Tunes each model that has a file of its own before it is served, unless that was done on this machine
    #[arg(long)]
    pub(crate) tune: bool,

    #[command(flatten)]
    pub(crate) given: Given,
}
