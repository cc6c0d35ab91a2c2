use std::collections::BTreeMap;
use std::ffi::OsString;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

use super::{ChildLimits, ChildRun, Crash, CrashError, CrashReport, run};
use crate::evidence::{Collector, Keeper, Suspect};

/// Crashes of which more than the number is kept.
const DETAILS_MAX: usize = 32;

/// Lines of standard error that are kept of a crash.
const STDERR_LINES: usize = 20;

/// A command that is run many times, each in a process of its own, one after the other.
#[derive(Clone, Debug)]
pub struct Rounds {
    /// The program.
    pub program: OsString,
    /// What it is given.
    pub args: Vec<OsString>,
    /// How often it is run.
    pub rounds: u32,
    /// How long a round may take.
    pub timeout: Duration,
}

impl Rounds {
    /// Runs them. After each round `watch` is told how things are, and may end them early.
    ///
    /// # Errors
    /// [`CrashError`], where a round could not be run.
    pub fn run(
        &self,
        mut watch: impl FnMut(&CrashReport) -> ControlFlow<()>,
    ) -> Result<CrashReport, CrashError> {
        let folder = std::env::current_dir().unwrap_or_default();
        let mut report = self.empty(&folder);
        let mut collector = Collector::default();
        let limits = ChildLimits { time: self.timeout, stdout_bytes_max: 0, ..ChildLimits::default() };
        for round in 1..=self.rounds {
            let since = SystemTime::now();
            let child = run(Command::new(&self.program).args(&self.args), &limits)?;
            report.count(&child.ending);
            if !child.ending.is_orderly() && report.details.len() < DETAILS_MAX {
                let mut crash = detail(round, &child);
                // What hung was killed by us, of which no system keeps anything.
                if child.ending.signal().is_some() {
                    let (pid, program) = (Some(child.pid), PathBuf::from(&self.program));
                    let suspect = Suspect { pid, program, folder: folder.clone(), since };
                    crash.traces = collector.traces(&suspect);
                }
                report.details.push(crash);
            }
            if watch(&report).is_break() {
                break;
            }
        }
        Ok(report)
    }

    fn empty(&self, folder: &Path) -> CrashReport {
        let words = std::iter::once(&self.program).chain(&self.args);
        CrashReport {
            command: words.map(|word| word.to_string_lossy().into_owned()).collect(),
            folder: folder.display().to_string(),
            rounds: 0,
            timeout_s: self.timeout.as_secs_f64(),
            exits: BTreeMap::new(),
            crashes: BTreeMap::new(),
            hangs: 0,
            details: Vec::new(),
            system: Keeper::here(),
        }
    }
}

fn detail(round: u32, child: &ChildRun) -> Crash {
    Crash {
        round,
        pid: child.pid,
        ending: child.ending.clone(),
        seconds: child.duration.as_secs_f64(),
        stderr: child.stderr_lines(STDERR_LINES),
        traces: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rounds(script: &str, rounds: u32, timeout: Duration) -> CrashReport {
        let args = vec!["-c".into(), script.into()];
        let command = Rounds { program: "sh".into(), args, rounds, timeout };
        command.run(|_| ControlFlow::Continue(())).unwrap()
    }

    #[test]
    fn every_round_is_counted_once_by_how_it_ended() {
        let report = rounds("exit 3", 2, Duration::from_secs(60));
        assert_eq!((report.rounds, &report.exits), (2, &BTreeMap::from([(3, 2)])));
        assert!(report.is_orderly() && report.details.is_empty());
        let report = rounds("echo why >&2; kill -ABRT $$", 2, Duration::from_secs(60));
        assert_eq!(report.crashes, BTreeMap::from([("SIGABRT".to_owned(), 2)]));
        assert_eq!((report.details[1].round, &*report.details[1].stderr), (2, &["why".to_owned()][..]));
        let report = rounds("sleep 1000", 1, Duration::from_millis(50));
        assert_eq!((report.hangs, report.is_orderly()), (1, false));
    }

    #[test]
    fn of_many_crashes_only_some_are_kept_in_full() {
        let report = rounds("kill -KILL $$", 40, Duration::from_secs(60));
        assert_eq!((report.crash_count(), report.details.len()), (40, DETAILS_MAX));
    }

    #[test]
    fn whoever_watches_can_end_it() {
        let command =
            Rounds { program: "true".into(), args: Vec::new(), rounds: 9, timeout: Duration::from_secs(60) };
        let report = command.run(|report| match report.rounds {
            3 => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        });
        assert_eq!(report.unwrap().rounds, 3);
    }
}
