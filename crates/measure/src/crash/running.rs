use std::process::{Child, Command};
use std::sync::{Mutex, PoisonError};

use rustix::process::{Pid, Signal, kill_process_group};

use super::CrashError;

/// The process groups of the commands that run now. Whoever ends this program must end them.
struct Running {
    groups: Vec<Pid>,
    is_stopped: bool,
}

static RUNNING: Mutex<Running> = Mutex::new(Running { groups: Vec::new(), is_stopped: false });

/// Kills every command that [`run`](super::run) has started, with the processes that those have started, and lets no
/// other start. For the end of the program: the commands would not hear of Ctrl-C, and outlive it.
pub fn stop_running() {
    let mut running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
    running.is_stopped = true;
    for group in running.groups.drain(..) {
        kill(group);
    }
}

/// A child that leads a process group of its own. It is killed with all of its group unless it has been reaped.
pub(super) struct Leader {
    pub(super) child: Child,
    group: Pid,
}

impl Leader {
    /// Starts `command`.
    pub(super) fn start(command: &mut Command) -> Result<Self, CrashError> {
        use std::os::unix::process::CommandExt;
        // Held while the process starts, so that none is forgotten.
        let mut running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
        if running.is_stopped {
            return Err(CrashError::Interrupted);
        }
        let program = command.get_program().to_string_lossy().into_owned();
        let child =
            command.process_group(0).spawn().map_err(|source| CrashError::Start { program, source })?;
        let group = Pid::from_child(&child);
        running.groups.push(group);
        Ok(Self { child, group })
    }

    pub(super) fn pid(&self) -> Pid {
        self.group
    }

    /// Kills what is left of the group. Safe until the leader is reaped: its id is nobody else's so long.
    pub(super) fn kill(&self) {
        kill(self.group);
    }
}

impl Drop for Leader {
    fn drop(&mut self) {
        RUNNING.lock().unwrap_or_else(PoisonError::into_inner).groups.retain(|group| *group != self.group);
        if matches!(self.child.try_wait(), Ok(None)) {
            self.kill();
            let _ = self.child.wait();
        }
    }
}

/// A group that is gone already is as it should be.
fn kill(group: Pid) {
    let _ = kill_process_group(group, Signal::KILL);
}
