//! Nothing outlives a parent, however it dies.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

use phalanx_backend::Program;
use rustix::process::Signal;

use crate::Case;
use crate::backend::HANG;
use crate::leaks;
use crate::rig::{poll_for, rig, signal};

/// Set for a copy of this executable that is to be a parent; says what its worker does.
pub(crate) const PARENT: &str = "PHALANX_TEST_PARENT";

/// How long workers may outlive their parent.
const GRACE: Duration = Duration::from_secs(2);

pub(crate) const CASES: &[Case] = &[
    ("no_worker_outlives_a_killed_parent", || outlives("idle")),
    ("no_computing_worker_outlives_a_killed_parent", || outlives("hang")),
    #[cfg(target_os = "linux")]
    ("no_stopped_worker_outlives_a_killed_parent", || outlives("stop")),
];

/// Starts workers, says which, and waits to be killed.
pub(crate) fn parent(role: &OsStr) -> ExitCode {
    if role == leaks::ROLE {
        leaks::use_slots_and_workers();
        return ExitCode::SUCCESS;
    }
    let mut rig = rig();
    let (pid, spare) = (rig.pid(), rig.spare());
    rig.run(1, &[1.0]);
    match role.to_str() {
        Some("hang") => {
            rig.submit(2, &[HANG]);
            rig.wait_until_executing(pid);
        }
        Some("stop") => signal(pid, Signal::STOP),
        _ => {}
    }
    assert_eq!(rig.program.workers().len(), 2);
    writeln!(std::io::stdout(), "{pid} {spare}").expect("somebody reads it");
    loop {
        std::thread::park();
    }
}

fn outlives(role: &str) {
    let mut parent = Command::new(std::env::current_exe().expect("it runs"))
        .env(PARENT, role)
        .stdout(Stdio::piped())
        .spawn()
        .expect("starts");
    let mut line = String::new();
    let output = parent.stdout.take().expect("is piped");
    BufReader::new(output).read_line(&mut line).expect("says its workers");
    let workers: Vec<u32> = line.split_whitespace().map(|pid| pid.parse().expect("is a number")).collect();
    assert_eq!(workers.len(), 2, "{line:?}");
    assert!(workers.iter().all(|pid| runs(*pid)), "they run while their parent does");
    parent.kill().expect("is there");
    parent.wait().expect("ends");
    poll_for("the workers' end", GRACE, &mut || (!workers.iter().any(|pid| runs(*pid))).then_some(()));
}

/// Whether the process computes or could; who waits for an orphan is not this program's business.
fn runs(pid: u32) -> bool {
    if cfg!(target_os = "linux") {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        let state = stat.rsplit(") ").next().and_then(|rest| rest.chars().next());
        return state.is_some_and(|state| !"ZX".contains(state));
    }
    !crate::rig::is_gone(pid)
}
