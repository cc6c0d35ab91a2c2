//! What ends the process: this executable runs itself with one test and a plan.
#![cfg(unix)]

use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitStatus, Stdio};
use std::time::Duration;

use phalanx_chaos::{Plan, VARIABLE};

use crate::rig::Rig;

const SIGABRT: i32 = 6;
const SIGKILL: i32 = 9;
const SIGSEGV: i32 = 11;

/// Where the variable is not set this is a test that plans come from the environment only.
#[test]
fn child() {
    let Some(plan) = Plan::from_environment().unwrap() else { return };
    Rig::new(&plan.to_string()).submit(&[1.0, 666.0]);
}

fn run(plan: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "crashes::child"]).env(VARIABLE, plan);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command
}

fn status(plan: &str) -> ExitStatus {
    run(plan).status().unwrap()
}

#[test]
fn the_process_ends_as_asked_for() {
    assert_eq!(status("crash@value=666").signal(), Some(SIGABRT));
    assert_eq!(status("segv@value=666").signal(), Some(SIGSEGV));
    assert_eq!(status("kill@value=666").signal(), Some(SIGKILL));
    assert_eq!(status("exit=42@value=666").code(), Some(42));
    assert_eq!(status("crash@value=667").code(), Some(0));
    assert_eq!(status("segv@open").signal(), Some(SIGSEGV));
}

#[test]
fn a_hang_does_not_end() {
    let mut child = run("hang@value=666").spawn().unwrap();
    // Long enough for the others to have ended; a hang that ended later would still be one to whoever waits.
    std::thread::sleep(Duration::from_millis(300));
    let ended = child.try_wait().unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(ended, None);
}
