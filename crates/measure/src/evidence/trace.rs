use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use serde::Serialize;

use super::{core_file, diagnostic_report, keeper};

/// How long is waited, in all, for what the system writes after crashes, where it does so in the background.
const PATIENCE: Duration = Duration::from_secs(10);

/// How often is looked meanwhile.
const LOOK: Duration = Duration::from_millis(200);

/// A crash of which the system may know more.
#[derive(Clone, Debug)]
pub struct Suspect {
    /// The process that crashed; `None` where any of the program is meant.
    pub pid: Option<u32>,
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

/// Collects what this system keeps of crashes. Where that may come late, it is waited for, but not for ever: a system
/// that kept nothing of many crashes will keep nothing of the next.
#[derive(Clone, Debug)]
pub struct Collector {
    patience: Duration,
}

impl Default for Collector {
    fn default() -> Self {
        Self { patience: if keeper::is_late() { PATIENCE } else { Duration::ZERO } }
    }
}

impl Collector {
    /// Everything that there is of a crash.
    pub fn traces(&mut self, suspect: &Suspect) -> Vec<Trace> {
        let started = Instant::now();
        loop {
            let mut traces = core_file::find(suspect);
            traces.extend(diagnostic_report::find(suspect));
            traces.extend(keeper::told(suspect));
            let waited = started.elapsed();
            if !traces.is_empty() || waited >= self.patience {
                self.patience = self.patience.saturating_sub(waited);
                return traces;
            }
            std::thread::sleep(LOOK);
        }
    }
}

/// What this system has of the last crash of a program, however long ago.
#[must_use]
pub fn last_crash(program: &str) -> Option<Trace> {
    let suspect =
        Suspect { pid: None, program: program.into(), folder: PathBuf::new(), since: SystemTime::UNIX_EPOCH };
    diagnostic_report::find(&suspect).into_iter().next().or_else(|| keeper::told(&suspect))
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
