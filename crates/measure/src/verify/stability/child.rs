use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, SystemTime};

use super::{RoundEnd, Rounds};
use crate::MeasureError;
use crate::crash::{self, ChildLimits, CrashError, Ending};
use crate::evidence::{Collector, Suspect};
use crate::verify::{Config, Subject};

/// The last lines of a process's standard error that are kept.
const LINES_MAX: usize = 5;

/// What says which round a process is to carry out.
pub const ROUND: &str = "--round";

/// Rounds in child processes: a program that is given `command`, then `--round` with the number, the backend, the
/// device and, where options are crossed, the [`Config`], separated by blanks, and then `arguments`.
#[derive(Clone, Debug)]
pub struct ChildRounds {
    /// The program.
    pub program: PathBuf,
    /// What comes before the round.
    pub command: OsString,
    /// What comes after it.
    pub arguments: Vec<OsString>,
    /// How long a round may take.
    pub limit: Duration,
    /// Collects what the system keeps of crashes.
    pub collector: Collector,
}

impl Rounds for ChildRounds {
    fn round(
        &mut self,
        subject: &Subject,
        config: Option<&Config>,
        number: u32,
    ) -> Result<RoundEnd, MeasureError> {
        let mut round = format!("{number} {} {}", subject.backend.name(), subject.device);
        if let Some(config) = config {
            round.push_str(&format!(" {config}"));
        }
        let mut command = Command::new(&self.program);
        command.arg(&self.command).arg(ROUND).arg(round).args(&self.arguments);
        run(&mut command, self.limit, &mut self.collector)
            .map_err(|error| MeasureError::Thread { message: error.to_string() })
    }
}

/// Runs `command` to its end or, once its time is over, kills it.
fn run(command: &mut Command, limit: Duration, collector: &mut Collector) -> Result<RoundEnd, CrashError> {
    let since = SystemTime::now();
    let limits = ChildLimits { time: limit, stdout_bytes_max: 0, ..ChildLimits::default() };
    let child = crash::run(command, &limits)?;
    let last = child.stderr_lines(LINES_MAX);
    Ok(match (&child.ending, child.ending.signal()) {
        (Ending::Hung { .. }, _) => RoundEnd::Stuck { limit },
        (Ending::Exited { code: 0 }, _) => RoundEnd::Done,
        (ending, Some(signal)) => {
            let folder = std::env::current_dir().unwrap_or_default();
            let (pid, program) = (Some(child.pid), PathBuf::from(command.get_program()));
            let traces = collector.traces(&Suspect { pid, program, folder, since });
            let traces = traces.iter().map(|trace| format!("{}: {}", trace.kind, trace.source));
            let evidence = std::iter::once(ending.to_string()).chain(last).chain(traces).collect();
            RoundEnd::Crashed { signal, evidence }
        }
        (ending, None) => RoundEnd::Failed { message: format!("{ending}: {}", last.join(" | ")) },
    })
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn shell(script: &str, limit: Duration) -> RoundEnd {
        run(Command::new("sh").args(["-c", script]), limit, &mut Collector::default())
            .expect("there is a shell")
    }

    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn ends_are_told_apart() {
        assert_eq!(shell("exit 0", LONG), RoundEnd::Done);
        let failed = shell("echo wrong answer >&2; exit 1", LONG);
        assert_eq!(failed, RoundEnd::Failed { message: "exited with code 1: wrong answer".to_owned() });
        let RoundEnd::Crashed { signal, evidence } = shell("echo last words >&2; kill -SEGV $$", LONG) else {
            panic!("no crash")
        };
        assert_eq!(signal, "SIGSEGV");
        assert!(evidence.iter().any(|line| line == "last words"), "{evidence:?}");
    }

    #[test]
    fn what_does_not_end_is_killed() {
        let limit = Duration::from_millis(100);
        assert_eq!(shell("sleep 1000", limit), RoundEnd::Stuck { limit });
    }
}
