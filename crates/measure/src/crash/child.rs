use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};

use super::output::Tail;
use super::running::Leader;
use super::{CrashError, Ending};

/// What a command may use, and what is kept of what it writes.
#[derive(Clone, Copy, Debug)]
pub struct ChildLimits {
    /// How long it may take. It is killed then.
    pub time: Duration,
    /// The last bytes of standard output that are kept.
    pub stdout_bytes_max: usize,
    /// The last bytes of standard error that are kept.
    pub stderr_bytes_max: usize,
}

impl Default for ChildLimits {
    fn default() -> Self {
        Self { time: Duration::from_secs(60), stdout_bytes_max: 1 << 20, stderr_bytes_max: 16 << 10 }
    }
}

/// How a command went.
#[derive(Clone, Debug)]
pub struct ChildRun {
    /// The process it was.
    pub pid: u32,
    /// How it ended.
    pub ending: Ending,
    /// How long it ran.
    pub duration: Duration,
    /// The end of what it wrote to standard output.
    pub stdout: Vec<u8>,
    /// The end of what it wrote to standard error.
    pub stderr: Vec<u8>,
}

impl ChildRun {
    /// The last `count` lines of standard error that are not blank.
    #[must_use]
    pub fn stderr_lines(&self, count: usize) -> Vec<String> {
        let text = String::from_utf8_lossy(&self.stderr);
        let lines: Vec<&str> = text.lines().map(str::trim_end).filter(|line| !line.is_empty()).collect();
        lines[lines.len().saturating_sub(count)..].iter().map(|&line| line.to_owned()).collect()
    }
}

/// Runs `command` to its end, without input, in a process group of its own. When it ends, or its time is over, whatever
/// of that group still runs is killed.
///
/// # Errors
/// [`CrashError`], where it is not known how the command ended.
pub fn run(command: &mut Command, limits: &ChildLimits) -> Result<ChildRun, CrashError> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let started = Instant::now();
    let mut leader = Leader::start(command)?;
    let stdout = leader.child.stdout.take().map(|stream| Tail::of(stream, limits.stdout_bytes_max));
    let stderr = leader.child.stderr.take().map(|stream| Tail::of(stream, limits.stderr_bytes_max));
    let pid = leader.pid();
    let failed = |source| CrashError::Wait { pid: leader_id(pid), source };
    let ended = watch(pid).map_err(failed)?.recv_timeout(limits.time).is_ok();
    let duration = started.elapsed();
    leader.kill();
    let status = leader.child.wait().map_err(failed)?;
    let ending =
        if ended { Ending::of(status) } else { Ending::Hung { after_ms: milliseconds(limits.time) } };
    Ok(ChildRun {
        pid: leader_id(pid),
        ending,
        duration,
        stdout: stdout.map(Tail::take).unwrap_or_default(),
        stderr: stderr.map(Tail::take).unwrap_or_default(),
    })
}

/// Says when the process has ended, and leaves it to be reaped: until then its id is nobody else's.
fn watch(pid: Pid) -> std::io::Result<Receiver<()>> {
    let (ended, receiver) = channel();
    let wait = move || {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        while matches!(waitid(WaitId::Pid(pid), options), Err(Errno::INTR)) {}
        let _ = ended.send(());
    };
    thread::Builder::new().name("child's end".to_owned()).spawn(wait)?;
    Ok(receiver)
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

fn leader_id(pid: Pid) -> u32 {
    pid.as_raw_nonzero().get().unsigned_abs()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str, time: Duration) -> ChildRun {
        let mut command = Command::new("sh");
        run(command.args(["-c", script]), &ChildLimits { time, ..ChildLimits::default() }).unwrap()
    }

    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn what_a_command_says_and_how_it_ends_is_kept() {
        let run = shell("echo data; echo one >&2; echo >&2; echo two >&2; exit 3", LONG);
        assert_eq!(run.ending, Ending::Exited { code: 3 });
        assert_eq!((&*run.stdout, run.stderr_lines(5)), (&b"data\n"[..], vec!["one".into(), "two".into()]));
        assert_eq!(run.stderr_lines(1), ["two"]);
    }

    #[test]
    fn a_signal_is_told_by_its_name() {
        let run = shell("kill -SEGV $$", LONG);
        assert_eq!(run.ending.signal().as_deref(), Some("SIGSEGV"), "{}", run.ending);
    }

    #[test]
    fn what_hangs_is_killed_with_all_it_started() {
        let run = shell("sleep 1000 & echo $!; wait", Duration::from_millis(500));
        assert_eq!(run.ending, Ending::Hung { after_ms: 500 });
        let grandchild = String::from_utf8(run.stdout).unwrap().trim().parse().unwrap();
        let grandchild = Pid::from_raw(grandchild).unwrap();
        let is_gone = || rustix::process::test_kill_process(grandchild).is_err() || is_zombie(grandchild);
        let deadline = Instant::now() + Duration::from_secs(10);
        while !is_gone() {
            assert!(Instant::now() < deadline, "{grandchild:?} is still there");
            thread::yield_now();
        }
    }

    /// Where nobody reaps orphans they remain as zombies.
    fn is_zombie(pid: Pid) -> bool {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", leader_id(pid))).unwrap_or_default();
        stat.rsplit(')').next().is_some_and(|rest| rest.trim_start().starts_with('Z'))
    }

    #[test]
    fn what_cannot_be_started_is_named() {
        let error = run(&mut Command::new("/none/such"), &ChildLimits::default()).unwrap_err();
        assert!(matches!(&error, CrashError::Start { program, .. } if program == "/none/such"), "{error}");
    }
}
