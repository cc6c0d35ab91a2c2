use std::io::{Error, ErrorKind, Result};
use std::os::fd::OwnedFd;

use rustix::fs::{FileType, Mode, OFlags, fstat};
use rustix::process::{Pid, Signal, getpid, getppid, kill_process};
use rustix::stdio;

/// Set for workers, and for nothing else.
pub(crate) const VARIABLE: &str = "PHALANX_WORKER";
pub(crate) const VARIABLE_VALUE: &str = "1";

/// Whether this process was started as a worker: the environment says so, and standard input is the parent's socket. So
/// what a worker itself starts is none.
#[must_use]
pub fn is_worker() -> bool {
    let told = std::env::var_os(VARIABLE).is_some_and(|value| value == VARIABLE_VALUE);
    told && fstat(stdio::stdin()).is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode) == FileType::Socket)
}

/// Takes the parent's socket away from standard input, so that what this process starts does not keep it open.
pub(super) fn take_socket() -> Result<OwnedFd> {
    if !is_worker() {
        let message = "expected to be started by a parent, with its socket as standard input";
        return Err(Error::new(ErrorKind::InvalidInput, message));
    }
    let socket = rustix::io::fcntl_dupfd_cloexec(stdio::stdin(), 3)?;
    let nothing = rustix::fs::open("/dev/null", OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?;
    stdio::dup2_stdin(&nothing)?;
    Ok(socket)
}

/// Ends this process with its parent.
pub(super) fn bind_to(parent_pid: i32) {
    #[cfg(target_os = "linux")]
    {
        // For the time that the thread which sees the socket's end may not run: a stopped process dies of a signal only.
        let _ = rustix::process::set_parent_process_death_signal(Some(Signal::KILL));
        let _ = rustix::thread::set_name(c"phalanx-worker");
    }
    if getppid().map(Pid::as_raw_pid) != Some(parent_pid) {
        end();
    }
}

/// Ends this process now, whatever its other threads do, without the work at exit that could wait for them.
pub(super) fn end() {
    // SIGKILL to oneself cannot fail.
    let _ = kill_process(getpid(), Signal::KILL);
}
