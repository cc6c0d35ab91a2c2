//! Who takes over, how fast, and how often.

use std::sync::Arc;
use std::time::Duration;

use phalanx_backend::{BackendError, Program};
use rustix::process::{Pid, Signal, getpgid};

use crate::Case;
use crate::backend::ABORT;
use crate::rig::{Rig, is_gone, options, poll, rig, rig_with, signal, start};

pub(crate) const CASES: &[Case] = &[
    ("the_spare_takes_over", the_spare_takes_over),
    ("a_spare_that_dies_is_replaced", a_spare_that_dies_is_replaced),
    (
        "a_spare_has_run_the_smallest_and_the_largest_batch",
        a_spare_has_run_the_smallest_and_the_largest_batch,
    ),
    ("a_batch_that_kills_in_rehearsal_is_an_early_death", a_batch_that_kills_in_rehearsal_is_an_early_death),
    ("workers_that_answered_are_always_replaced", workers_that_answered_are_always_replaced),
    ("early_deaths_are_limited", early_deaths_are_limited),
    ("lanes_that_were_closed_unused_are_no_deaths", lanes_that_were_closed_unused_are_no_deaths),
    ("retiring_ends_the_wait", retiring_ends_the_wait),
    ("retiring_ends_idle_workers", retiring_ends_idle_workers),
    ("a_stopped_idle_worker_is_replaced", a_stopped_idle_worker_is_replaced),
    ("a_terminals_signals_are_not_for_workers", a_terminals_signals_are_not_for_workers),
];

fn the_spare_takes_over() {
    let mut rig = rig();
    for batch in 0..3 {
        let (pid, spare) = (rig.pid(), rig.spare());
        rig.submit(batch, &[ABORT]);
        assert!(rig.expect_lost(batch).1);
        rig.reopen().expect("opens again");
        assert_eq!(rig.pid(), spare);
        poll("the end of the one before", || is_gone(pid).then_some(()));
        rig.run(10 + batch, &[1.0]);
    }
}

fn a_spare_that_dies_is_replaced() {
    let rig = rig();
    for _ in 0..10 {
        let spare = rig.spare();
        signal(spare, Signal::KILL);
        poll("another spare", || (rig.spare() != spare).then_some(()));
    }
}

fn a_spare_has_run_the_smallest_and_the_largest_batch() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let file = folder.path().join("rows");
    let mut rig = rig_with(options(&["note", file.to_str().expect("is text")]));
    rig.run(1, &[1.0, 2.0, 3.0]);
    let first = rig.spare();
    signal(first, Signal::KILL);
    let spare = poll("another spare", || Some(rig.spare()).filter(|spare| *spare != first));
    let noted = std::fs::read_to_string(&file).expect("a batch was run");
    let of_spare: Vec<&str> =
        noted.lines().filter_map(|line| line.strip_prefix(&format!("{spare} "))).collect();
    assert_eq!(of_spare, ["1", "3"]);
}

fn a_batch_that_kills_in_rehearsal_is_an_early_death() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let file = folder.path().join("flag");
    let mut options = options(&["abort-in-batch-if-there", file.to_str().expect("is text")]);
    options.spare = false;
    options.restarts_max = 2;
    let mut rig = rig_with(options);
    std::fs::write(&file, "").expect("writes");
    rig.submit(1, &[1.0]);
    rig.expect_lost(1);
    match rig.reopen() {
        Err(BackendError::NoWorker { message, .. }) => {
            assert!(message.starts_with("3 in a row died"), "{message}");
        }
        other => panic!("{:?}", other.err()),
    }
}

fn workers_that_answered_are_always_replaced() {
    let mut options = options(&[]);
    options.restarts_max = 1;
    options.back_off_unit = Duration::from_secs(3600);
    let mut rig = Rig::open(&start(options)).expect("opens a lane");
    for batch in 0..10 {
        rig.run(batch, &[1.0]);
        rig.submit(100 + batch, &[ABORT]);
        assert!(rig.expect_lost(100 + batch).1);
        rig.reopen().expect("there is always another");
    }
}

fn early_deaths_are_limited() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let file = folder.path().join("flag");
    let mut options = options(&["abort-if-there", file.to_str().expect("is text")]);
    options.spare = false;
    options.restarts_max = 3;
    let mut rig = Rig::open(&start(options)).expect("opens a lane");
    rig.run(1, &[1.0]);
    std::fs::write(&file, "").expect("writes");
    rig.submit(2, &[ABORT]);
    rig.expect_lost(2);
    match rig.reopen() {
        Err(BackendError::NoWorker { message, hint }) => {
            assert!(message.starts_with("4 in a row died"), "{message}");
            assert!(message.contains("SIGABRT"), "{message}");
            assert!(hint.is_some_and(|hint| hint.contains("found")));
        }
        other => panic!("{other:?}"),
    }
    assert!(rig.reopen().is_err(), "it stays so");
}

fn lanes_that_were_closed_unused_are_no_deaths() {
    let mut options = options(&[]);
    options.restarts_max = 0;
    let program = start(options);
    for _ in 0..3 {
        let rigs: Vec<Rig> = (0..5).map(|_| Rig::open(&program).expect("opens a lane")).collect();
        let pids: Vec<u32> = program.workers().iter().map(|worker| worker.pid).collect();
        drop(rigs);
        // More than are kept for the next lanes.
        poll("some to end", || (pids.iter().filter(|pid| is_gone(**pid)).count() >= 3).then_some(()));
    }
    Rig::open(&program).expect("opens a lane").run(1, &[1.0]);
}

fn retiring_ends_the_wait() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let file = folder.path().join("flag");
    let mut options = options(&["abort-if-there", file.to_str().expect("is text")]);
    options.spare = false;
    options.back_off_unit = Duration::from_secs(3600);
    options.back_off_max = Duration::from_secs(3600);
    let mut rig = Rig::open(&start(options)).expect("opens a lane");
    std::fs::write(&file, "").expect("writes");
    rig.submit(1, &[ABORT]);
    rig.expect_lost(1);
    let program = Arc::clone(&rig.program);
    std::thread::scope(|scope| {
        scope.spawn(|| program.retire());
        // Retired before or while it waits: it does not wait for an hour.
        let error = rig.reopen().expect_err("there is no worker");
        assert!(matches!(error, BackendError::NoWorker { .. }), "{error:?}");
    });
}

fn retiring_ends_idle_workers() {
    let mut rig = rig();
    let (pid, spare) = (rig.pid(), rig.spare());
    rig.program.retire();
    poll("the spare's end", || is_gone(spare).then_some(()));
    rig.run(1, &[1.0]);
    rig.lane = None;
    poll("the worker's end", || is_gone(pid).then_some(()));
}

fn a_stopped_idle_worker_is_replaced() {
    let mut options = options(&[]);
    options.tick = Duration::from_millis(100);
    options.stale_ticks_max = 30;
    let rig = rig_with(options);
    let spare = rig.spare();
    signal(spare, Signal::STOP);
    poll("another spare", || (rig.spare() != spare).then_some(()));
    poll("its end", || is_gone(spare).then_some(()));
}

fn a_terminals_signals_are_not_for_workers() {
    let rig = rig();
    let pid = Pid::from_raw(rig.pid() as i32).expect("is not zero");
    assert_eq!(getpgid(Some(pid)), Ok(pid));
}
