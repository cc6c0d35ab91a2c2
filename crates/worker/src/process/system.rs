use std::io::{Error, Result};
use std::process::{Child, ExitStatus};
use std::sync::Mutex;

use phalanx_backend::BackendError;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};

use crate::lock;

/// Why the parent has ended a worker.
#[derive(Clone, Debug)]
pub(crate) enum Reason {
    /// A batch took too long.
    Interrupted,
    /// It sent what makes no sense, about this submission where that is known.
    Garbage { seq: Option<u64>, what: String },
    /// It said under this submission that its lane is lost.
    Reported { seq: u64, error: BackendError },
    /// It has nothing to do and gives no sign of life.
    Stale,
    /// It was told to end and did not.
    Lingering,
    /// It is not needed any more.
    Closed,
}

impl Reason {
    /// Whether the worker itself gave it, however it ended after that.
    pub(super) fn is_told(&self) -> bool {
        matches!(self, Self::Garbage { .. } | Self::Reported { .. })
    }
}

/// A child, from its start until it is waited for.
#[derive(Debug)]
pub(super) struct Process {
    pid: Pid,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// Gone once it was waited for: from then on its id may be another process's.
    child: Option<Child>,
    reason: Option<Reason>,
}

impl Process {
    pub(super) fn new(child: Child) -> Self {
        let pid = Pid::from_child(&child);
        Self { pid, state: Mutex::new(State { child: Some(child), reason: None }) }
    }

    pub(super) fn id(&self) -> u32 {
        self.pid.as_raw_pid().unsigned_abs()
    }

    /// Kills it, for the first reason that is given, unless it is gone.
    pub(super) fn kill(&self, reason: Reason) {
        let mut state = lock(&self.state);
        if state.child.is_some() && (reason.is_told() || !self.has_exited()) {
            state.reason.get_or_insert(reason);
            // It fails only for a process that is gone.
            let _ = kill_process(self.pid, Signal::KILL);
        }
    }

    /// Whether it has ended, waited for or not.
    pub(super) fn has_exited(&self) -> bool {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        !matches!(waitid(WaitId::Pid(self.pid), options), Ok(None))
    }

    /// Waits for its end, and gives how it ended and why the parent wanted that, where it did.
    pub(super) fn wait(&self) -> Result<(ExitStatus, Option<Reason>)> {
        // Without the lock, so that it can be killed meanwhile; and it keeps its id until the lock is held.
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        let waited = rustix::io::retry_on_intr(|| waitid(WaitId::Pid(self.pid), options));
        let mut state = lock(&self.state);
        let mut child = state.child.take().ok_or_else(|| Error::other("it was waited for already"))?;
        // It fails where somebody else has waited for all children of this process.
        waited?;
        Ok((child.wait()?, state.reason.take()))
    }
}
