use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use serde::Serialize;

use super::{core_file, diagnostic_report, keeper};

/// How long is waited for what the system writes after a crash, where it does so in the background.
const SETTLE: Duration = Duration::from_secs(5);

/// How often is looked meanwhile.
const LOOK: Duration = Duration::from_millis(200);

/// A crash of which the system may know more.
#[derive(Clone, Debug)]
pub struct Suspect {
    /// The process that crashed.
    pub pid: u32,
    /// What it ran.
    pub program: PathBuf,
    /// The folder it was in.
    pub folder: PathBuf,
    /// Not after its start.
    pub since: SystemTime,
}

impl Suspect {
    /// The program's name, without folders.
    pub(super) fn name(&self) -> &str {
        self.program.file_name().and_then(OsStr::to_str).unwrap_or_default()
    }
}

/// Something that the system kept of a crash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Trace {
    /// What it is, such as `core file`.
    pub kind: &'static str,
    /// The file that it is, or the command that tells it.
    pub source: String,
    /// Size of the file, in bytes.
    pub bytes: Option<u64>,
    /// What it says, where that is text.
    pub text: Option<String>,
}

/// Everything that this system has of a crash, waited for a few seconds where it may yet come.
#[must_use]
pub fn traces(suspect: &Suspect) -> Vec<Trace> {
    let deadline = Instant::now() + if keeper::is_late() { SETTLE } else { Duration::ZERO };
    loop {
        let mut traces = core_file::find(suspect);
        traces.extend(diagnostic_report::find(suspect));
        traces.extend(keeper::told(suspect));
        if !traces.is_empty() || Instant::now() >= deadline {
            return traces;
        }
        std::thread::sleep(LOOK);
    }
}

/// How far the clock that stamps files may be behind.
const TICK: Duration = Duration::from_millis(20);

/// The files in `folder` that were last written to not before `since`, with their names, newest first.
pub(super) fn files_since(folder: &Path, since: SystemTime) -> Vec<(String, PathBuf, u64)> {
    let since = since.checked_sub(TICK).unwrap_or(since);
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut files: Vec<_> = entries
        .filter_map(|entry| {
            let metadata = entry.metadata().ok().filter(std::fs::Metadata::is_file)?;
            let written = metadata.modified().ok().filter(|&written| written >= since)?;
            Some((written, entry.file_name().into_string().ok()?, entry.path(), metadata.len()))
        })
        .collect();
    files.sort_by(|one, other| other.cmp(one));
    files.into_iter().map(|(_, name, path, bytes)| (name, path, bytes)).collect()
}
