use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

/// Where a bug report goes unless it is said.
pub(super) const BUG_REPORT: &str = "phalanx-bug-report.zip";

/// Shows which devices and runtimes are here, and proves that each really computes
///
/// Every device that a runtime finds multiplies matrices whose product is known exactly, in a
/// process of its own, so that a driver that crashes is a line of the table. The results are
/// read back, compared and timed. What is missing, or set so low that it will be in the way,
/// has a hint. The exit code is 1 where a device gave a wrong answer, failed, crashed or hung.
///
/// Examples:
///   phalanx doctor
///   phalanx doctor --json
///   phalanx doctor --bug-report evidence.zip
#[derive(Args, Debug)]
#[command(verbatim_doc_comment)]
pub(crate) struct DoctorArgs {
    /// How long a runtime may take to name its devices, and a device for its proof
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = humantime::parse_duration)]
    pub(crate) timeout: Duration,

    /// The onnxruntime library to load, instead of the first one found
    #[arg(long, value_name = "PATH")]
    pub(crate) onnxruntime: Option<PathBuf>,

    /// Packs what was found, the configuration and the last crash into one archive
    #[arg(long, value_name = "FILE.zip", num_args = 0..=1, default_missing_value = BUG_REPORT)]
    pub(crate) bug_report: Option<PathBuf>,

    /// The configuration file that the archive tells of; also PHALANX_CONFIG
    #[arg(long, value_name = "FILE.toml", requires = "bug_report")]
    pub(crate) config: Option<PathBuf>,

    /// Prints one JSON document instead of tables
    #[arg(long)]
    pub(crate) json: bool,
}
