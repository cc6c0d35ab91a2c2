use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::time::Duration;

use phalanx_backend::BackendError;
use phalanx_ending::Ending;
use rustix::process::Signal;

use super::{OomKills, Reason, Worker};

/// How long the output of a worker that is gone may be waited for: what it started may still hold it.
const OUTPUT_TIMEOUT: Duration = Duration::from_millis(200);

/// How a worker ended.
#[derive(Debug)]
pub(crate) struct End {
    /// What its submissions are told.
    pub(crate) error: BackendError,
    /// How it ended, in words that follow its name.
    pub(crate) how: String,
    /// Its last lines.
    pub(crate) stderr: String,
    /// Whether that was its own doing: not somebody else's signal, and not that it was not needed any more.
    pub(crate) is_own: bool,
    /// The submission that may be the cause.
    suspect: Option<u64>,
}

impl Worker {
    /// Waits for the process, and loses what it had not answered. Called once, by the worker's own thread.
    pub(crate) fn wait_for_end(&self, oom: &OomKills) -> End {
        let was_closed = self.expect_end();
        let (status, reason) = match self.process.wait() {
            Ok((status, reason)) => (Some(status), reason),
            Err(_) => (None, None),
        };
        let executing = Some(self.status.executing()).filter(|seq| *seq != 0);
        let stderr = self.output.after_end(OUTPUT_TIMEOUT);
        let mut end = End::new(self.pid(), status, reason, executing, &|| oom.may_have_been(), stderr);
        // It did as it was told, fast enough or not.
        end.is_own &= !was_closed;
        self.control.close();
        self.bell.close();
        self.flight.end(&end.error, end.suspect);
        end
    }
}

impl End {
    fn new(
        pid: u32,
        status: Option<ExitStatus>,
        reason: Option<Reason>,
        executing: Option<u64>,
        oom: &dyn Fn() -> bool,
        stderr: String,
    ) -> Self {
        let signal = status.and_then(|status| status.signal());
        // The parent's counts only where it was carried out: the worker may have ended of something else just before.
        let reason = reason.filter(|reason| reason.is_told() || signal == Some(Signal::KILL.as_raw()));
        let out_of_memory = signal == Some(Signal::KILL.as_raw()) && reason.is_none() && oom();
        let from_outside = reason.is_none()
            && !out_of_memory
            && [Signal::KILL, Signal::TERM].map(|signal| Some(signal.as_raw())).contains(&signal);
        let (how, suspect) = match &reason {
            None if from_outside => (told(status), None),
            None if out_of_memory && cfg!(target_os = "linux") => {
                (format!("{}, it seems for want of memory", told(status)), executing)
            }
            None => (told(status), executing),
            Some(Reason::Interrupted) => {
                ("was stopped because it did not answer in time".to_owned(), executing)
            }
            Some(Reason::Garbage { seq, what }) => (what.clone(), seq.or(executing)),
            Some(Reason::Reported { seq, error }) => (format!("lost its lane: {error}"), Some(*seq)),
            Some(Reason::Stale) => ("was stopped because it gave no sign of life".to_owned(), None),
            Some(Reason::Lingering) => ("was to end, and had to be stopped".to_owned(), None),
            Some(Reason::Closed) => ("was stopped with its program".to_owned(), None),
        };
        let error = match &reason {
            Some(Reason::Reported { error, .. }) => error.clone(),
            _ => BackendError::WorkerDied { pid, how: how.clone(), stderr: stderr.clone() },
        };
        let is_own = !from_outside && !matches!(reason, Some(Reason::Closed));
        Self { error, how, stderr, is_own, suspect }
    }
}

/// How a process ended, in words.
fn told(status: Option<ExitStatus>) -> String {
    status.map_or_else(|| "is gone".to_owned(), |status| Ending::of(status).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How a process that ended with this raw wait status is judged, with submission 7 executing.
    fn judge(status: i32, reason: Option<Reason>, oom: bool) -> End {
        let status = Some(ExitStatus::from_raw(status));
        End::new(1, status, reason, Some(7), &|| oom, String::new())
    }

    #[test]
    fn only_a_kill_from_outside_suspects_nobody() {
        let segv = judge(11, None, false);
        assert_eq!((segv.suspect, segv.is_own), (Some(7), true));
        assert_eq!(segv.error.to_string(), "the worker process 1 was killed by SIGSEGV");
        let exit = judge(3 << 8, None, false);
        assert_eq!((exit.suspect, &*exit.how), (Some(7), "exited with code 3"));
        for outside in [judge(9, None, false), judge(15, None, false), judge(15, None, true)] {
            assert_eq!((outside.suspect, outside.is_own), (None, false), "{outside:?}");
        }
        let oom = judge(9, None, true);
        assert_eq!((oom.suspect, oom.is_own), (Some(7), true), "{oom:?}");
    }

    #[test]
    fn what_the_parent_did_is_judged_by_its_reason() {
        assert_eq!(judge(9, Some(Reason::Interrupted), false).suspect, Some(7));
        assert_eq!(judge(9, Some(Reason::Stale), false).suspect, None);
        assert_eq!(judge(9, Some(Reason::Closed), false).suspect, None);
        let what = "sent nonsense".to_owned();
        assert_eq!(judge(9, Some(Reason::Garbage { seq: Some(3), what }), false).suspect, Some(3));
        let lost = BackendError::DeviceLost { backend: "cuda", message: "gone".to_owned() };
        let reported = judge(9, Some(Reason::Reported { seq: 4, error: lost.clone() }), false);
        assert_eq!((reported.suspect, &reported.error), (Some(4), &lost));
        let reason = Reason::Reported { seq: 4, error: lost.clone() };
        assert_eq!(judge(1 << 8, Some(reason), false).error, lost, "it exited before the kill arrived");
        // It crashed before the kill arrived.
        assert_eq!(judge(11, Some(Reason::Closed), false).suspect, Some(7));
    }
}
