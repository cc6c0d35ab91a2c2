use clap::{Args, Subcommand};

use super::ServeArgs;

/// Shows the configuration of a server
#[derive(Args, Debug)]
#[command(arg_required_else_help = true)]
pub(crate) struct ConfigArgs {
    #[command(subcommand)]
    pub(crate) command: ConfigCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    Show(Box<ShowArgs>),
}

/// Prints every option, its value, and where that came from
///
/// Takes what `phalanx serve` takes and starts nothing. Contradictions are found as they would be then.
///
/// Examples:
///   phalanx config show --config phalanx.toml
///   PHALANX_MAX_BATCH=8 phalanx config show model.onnx --slo 20ms --json
#[derive(Args, Debug)]
#[command(verbatim_doc_comment)]
pub(crate) struct ShowArgs {
    /// Prints one JSON document instead of tables
    #[arg(long)]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) serve: ServeArgs,
}

impl ConfigArgs {
    /// Whether one JSON document was asked for.
    pub(crate) fn json(&self) -> bool {
        let ConfigCommand::Show(args) = &self.command;
        args.json
    }
}
