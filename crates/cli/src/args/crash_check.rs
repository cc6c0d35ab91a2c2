use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::doctor::BUG_REPORT;

/// Runs a command many times, and counts how often it crashes or hangs
///
/// Each round is a process of its own, with no input; what it starts ends with it. Of a crash is
/// said which signal it was, what the command wrote last to standard error, and what the system
/// kept: a core file, the journal's or macOS's report. Exit codes are counted, and none of them
/// is a failure; the exit code of crash-check is 1 where a round crashed or hung.
///
/// Examples:
///   phalanx crash-check -- phalanx run model.onnx --input x.npz --output y.npz
///   phalanx crash-check --rounds 1000 --timeout 10s --bug-report -- ./my-program --fast
#[derive(Args, Debug)]
#[command(verbatim_doc_comment)]
pub(crate) struct CrashCheckArgs {
    /// How often the command is run
    #[arg(long, value_name = "N", default_value = "100", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) rounds: u32,

    /// How long a round may take until it counts as hung and is killed
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = humantime::parse_duration)]
    pub(crate) timeout: Duration,

    /// Packs what was found, and what `phalanx doctor` finds, into one archive
    #[arg(long, value_name = "FILE.zip", num_args = 0..=1, default_missing_value = BUG_REPORT)]
    pub(crate) bug_report: Option<PathBuf>,

    /// The onnxruntime library that is looked at for the archive, instead of the first one found
    #[arg(long, value_name = "PATH", requires = "bug_report")]
    pub(crate) onnxruntime: Option<PathBuf>,

    /// Prints one JSON document instead of a table
    #[arg(long)]
    pub(crate) json: bool,

    /// The command, after --
    #[arg(last = true, required = true, value_name = "COMMAND")]
    pub(crate) command: Vec<OsString>,
}
