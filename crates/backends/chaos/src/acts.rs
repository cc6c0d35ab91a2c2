//! What an action does to the process and the thread; what it does to a batch is its lane's matter.

use std::time::Duration;

use phalanx_backend::BackendError;

use crate::backend::NAME;
use crate::plan::{Action, Lie, Rule, Stage};

/// How a rule ends a batch, or the preparing of a model, or the opening of a lane.
#[derive(Debug)]
pub(crate) enum End {
    Failed(BackendError),
    Lost(BackendError),
}

impl From<End> for BackendError {
    fn from(end: End) -> Self {
        let (End::Failed(error) | End::Lost(error)) = end;
        error
    }
}

/// Acts as `rules` say, until one ends the work. Otherwise it goes on, and these lies are told of its results.
pub(crate) fn act<'a>(stage: Stage, rules: impl Iterator<Item = &'a Rule>) -> Result<Vec<Lie>, End> {
    let mut lies = Vec::new();
    for rule in rules {
        match &rule.action {
            Action::Crash => std::process::abort(),
            Action::Segv => signal::segv(),
            Action::Kill => signal::kill(),
            Action::Exit(code) => std::process::exit(i32::from(*code)),
            Action::Panic => panic!("as the rule {rule} says"),
            Action::Hang => hang(),
            Action::Fail => return Err(End::Failed(failure(stage, rule))),
            Action::Lose => return Err(End::Lost(loss(rule))),
            Action::Slow(time) => std::thread::sleep(*time),
            Action::Leak { bytes } => leak(*bytes),
            Action::Lie(lie) => lies.push(*lie),
        }
    }
    Ok(lies)
}

fn hang() -> ! {
    loop {
        std::thread::park_timeout(Duration::MAX);
    }
}

/// Written to, for memory that is not does not exist yet.
fn leak(bytes: usize) {
    std::hint::black_box(vec![1_u8; bytes].leak());
}

fn failure(stage: Stage, rule: &Rule) -> BackendError {
    let message = format!("as the rule {rule} says");
    match stage {
        Stage::Prepare => BackendError::Prepare { backend: NAME, message },
        Stage::Open => BackendError::OutOfMemory { backend: NAME, message },
        Stage::Batch => BackendError::Run { backend: NAME, message },
    }
}

fn loss(rule: &Rule) -> BackendError {
    BackendError::DeviceLost { backend: NAME, message: format!("as the rule {rule} says") }
}

#[cfg(unix)]
mod signal {
    use rustix::process::{Signal, getpid, kill_process};

    /// Twice, as the standard library's own handler takes the first for a stack overflow, finds none, and only gives
    /// way to the system's.
    pub(super) fn segv() -> ! {
        raise(Signal::SEGV)
    }

    pub(super) fn kill() -> ! {
        raise(Signal::KILL)
    }

    fn raise(signal: Signal) -> ! {
        for _ in 0..1000 {
            let _ = kill_process(getpid(), signal);
            std::thread::yield_now();
        }
        std::process::abort()
    }
}

#[cfg(not(unix))]
mod signal {
    pub(super) fn segv() -> ! {
        std::process::abort()
    }

    pub(super) fn kill() -> ! {
        std::process::abort()
    }
}
