use std::ffi::OsString;
use std::io::Read;
use std::path::PathBuf;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::channel;
use std::time::Duration;

use super::{RoundEnd, Rounds};
use crate::MeasureError;
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
        run(&mut command, self.limit).map_err(|error| {
            let program = self.program.display();
            MeasureError::Thread { message: format!("failed to run {program}: {error}") }
        })
    }
}

/// Runs `command` to its end or, once its time is over, kills it.
fn run(command: &mut Command, limit: Duration) -> std::io::Result<RoundEnd> {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn()?;
    let (said, heard) = channel();
    if let Some(mut stderr) = child.stderr.take() {
        std::thread::Builder::new().name("child's words".to_owned()).spawn(move || {
            let mut bytes = Vec::new();
            // What was read before an error is all there is. The stream ends with the process.
            let _ = stderr.read_to_end(&mut bytes);
            let _ = said.send(bytes);
        })?;
    }
    let Ok(words) = heard.recv_timeout(limit) else {
        child.kill()?;
        child.wait()?;
        return Ok(RoundEnd::Stuck { limit });
    };
    Ok(end(child.wait()?, &String::from_utf8_lossy(&words)))
}

fn end(status: ExitStatus, words: &str) -> RoundEnd {
    let lines: Vec<&str> = words.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let last = &lines[lines.len().saturating_sub(LINES_MAX)..];
    match status.code() {
        Some(0) => RoundEnd::Done,
        Some(code) => RoundEnd::Failed { message: format!("exit code {code}: {}", last.join(" | ")) },
        None => {
            let said = status.to_string();
            let name = said.split_once('(').and_then(|(_, rest)| rest.split_once(')')).map(|(name, _)| name);
            let signal = name.unwrap_or(&said).to_owned();
            let evidence = std::iter::once(said.clone()).chain(last.iter().map(|&line| line.to_owned()));
            RoundEnd::Crashed { signal, evidence: evidence.collect() }
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn shell(script: &str, limit: Duration) -> RoundEnd {
        run(Command::new("sh").args(["-c", script]), limit).unwrap()
    }

    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn ends_are_told_apart() {
        assert_eq!(shell("exit 0", LONG), RoundEnd::Done);
        let failed = shell("echo wrong answer >&2; exit 1", LONG);
        assert_eq!(failed, RoundEnd::Failed { message: "exit code 1: wrong answer".to_owned() });
        let RoundEnd::Crashed { signal, evidence } = shell("echo last words >&2; kill -SEGV $$", LONG) else {
            panic!("no crash")
        };
        assert_eq!(signal, "SIGSEGV");
        assert!(evidence.iter().any(|line| line == "last words"), "{evidence:?}");
    }

    #[test]
    fn what_does_not_end_is_killed() {
        let limit = Duration::from_millis(100);
        assert_eq!(shell("exec sleep 1000", limit), RoundEnd::Stuck { limit });
    }
}
