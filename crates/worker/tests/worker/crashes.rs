//! Workers that die under batches: who is told what, exactly once.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};

use phalanx_backend::{BackendError, BatchId, Completion};
use rustix::process::Signal;

use crate::Case;
use crate::backend::{ABORT, EXIT, GARBAGE, HANG, LOSE_DEVICE, PANIC, SEGFAULT};
use crate::rig::{PATIENCE, Rig, options, rig, signal, start};

pub(crate) const CASES: &[Case] = &[
    ("only_the_batch_that_was_executed_is_suspect", only_the_batch_that_was_executed_is_suspect),
    ("every_way_to_crash", every_way_to_crash),
    ("a_kill_from_outside_suspects_nobody", a_kill_from_outside_suspects_nobody),
    ("a_single_run_can_crash_too", a_single_run_can_crash_too),
    ("a_lost_device_is_told", a_lost_device_is_told),
    ("a_worker_that_died_idle_loses_the_next_batch", a_worker_that_died_idle_loses_the_next_batch),
    ("every_batch_ends_exactly_once", every_batch_ends_exactly_once),
];

fn only_the_batch_that_was_executed_is_suspect() {
    let mut rig = rig();
    let pid = rig.pid();
    rig.submit(1, &[1.0]);
    rig.submit(2, &[2.0, ABORT]);
    rig.submit(3, &[3.0]);
    rig.submit(4, &[4.0]);
    rig.expect_done(1, &[1.0]);
    let (error, suspect) = rig.expect_lost(2);
    assert!(suspect);
    match error {
        BackendError::WorkerDied { pid: died, how, stderr } => {
            // Whether a core was dumped is the machine's affair.
            assert!(how.starts_with("was killed by SIGABRT"), "{how}");
            assert_eq!((died, &*stderr), (pid, "told to abort"));
        }
        other => panic!("{other:?}"),
    }
    for batch in [3, 4] {
        assert!(!rig.expect_lost(batch).1, "batch {batch} only waited");
    }
    rig.reopen().expect("the spare takes over");
    rig.run(5, &[3.0]);
}

fn every_way_to_crash() {
    let mut rig = rig();
    for (order, how) in [
        (SEGFAULT, "was killed by SIGSEGV"),
        (EXIT, "exited with code 3"),
        (GARBAGE, "sent what is no answer"),
    ] {
        rig.run(1, &[5.0]);
        rig.submit(2, &[order]);
        rig.submit(3, &[6.0]);
        let (error, suspect) = rig.expect_lost(2);
        assert!(suspect, "{how}");
        assert!(error.to_string().contains(how), "expected {how:?}, got {error}");
        assert!(!rig.expect_lost(3).1, "{how}");
        rig.reopen().expect("opens again");
    }
    rig.submit(2, &[PANIC]);
    let (error, suspect) = rig.expect_lost(2);
    assert!(suspect);
    assert_eq!(error, BackendError::Panicked { message: "told to".to_owned() });
}

fn a_kill_from_outside_suspects_nobody() {
    for kill in [Signal::KILL, Signal::TERM] {
        let mut rig = rig();
        rig.submit(1, &[HANG]);
        rig.submit(2, &[1.0]);
        rig.wait_until_executing(rig.pid());
        signal(rig.pid(), kill);
        assert!(!rig.expect_lost(1).1);
        assert!(!rig.expect_lost(2).1);
    }
}

fn a_single_run_can_crash_too() {
    let mut rig = rig();
    rig.single(1, vec![ABORT]);
    rig.single(2, vec![1.0; 1 << 20]);
    for (batch, expected) in [(1, true), (2, false)] {
        match rig.wait(batch) {
            Completion::Lost(loss) => assert_eq!((loss.slot.is_none(), loss.suspect), (true, expected)),
            other => panic!("{other:?}"),
        }
    }
}

fn a_lost_device_is_told() {
    let mut rig = rig();
    rig.submit(1, &[LOSE_DEVICE]);
    rig.submit(2, &[1.0]);
    let (error, suspect) = rig.expect_lost(1);
    assert!(suspect);
    assert!(matches!(error, BackendError::DeviceLost { backend: "misbehaving", .. }), "{error:?}");
    assert!(!rig.expect_lost(2).1);
}

fn a_worker_that_died_idle_loses_the_next_batch() {
    let mut rig = rig();
    rig.run(1, &[1.0]);
    signal(rig.pid(), Signal::KILL);
    rig.submit(2, &[1.0]);
    assert!(!rig.expect_lost(2).1);
    // It was noted by then, and is told at once.
    rig.submit(3, &[1.0]);
    assert!(!rig.expect_lost(3).1);
    rig.reopen().expect("opens again");
    rig.run(4, &[1.0]);
}

/// Batches go in from one thread while another kills the worker, stops it or lets its lane go.
fn every_batch_ends_exactly_once() {
    let program = start(options(&[]));
    for round in 0..40_u64 {
        let mut rig = Rig::open(&program).expect("opens a lane");
        let (pid, interrupt) = (rig.pid(), rig.interrupt());
        let is_over = AtomicBool::new(false);
        const BATCHES: u64 = 60;
        std::thread::scope(|scope| {
            scope.spawn(|| {
                for _ in 0..round * 20 {
                    std::thread::yield_now();
                }
                match round % 3 {
                    0 => signal(pid, Signal::KILL),
                    1 => interrupt.interrupt(),
                    _ => is_over.store(true, Ordering::Relaxed),
                }
            });
            for batch in 0..BATCHES {
                let slot = rig.slot(&[batch as f32]);
                match &mut rig.lane {
                    Some(lane) => lane.submit(BatchId(batch), slot, 1),
                    None => break,
                }
                if is_over.load(Ordering::Relaxed) {
                    rig.lane = None;
                    assert_ends(&rig, batch + 1);
                    return;
                }
            }
            assert_ends(&rig, BATCHES);
        });
        rig.lane = None;
        assert!(rig.completions.try_recv().is_err(), "a batch ended twice");
    }
}

/// Each of so many batches ends, in order.
fn assert_ends(rig: &Rig, batches: u64) {
    let mut ended = BTreeSet::new();
    for _ in 0..batches {
        let (batch, completion) = rig.completions.recv_timeout(PATIENCE).expect("every batch ends");
        assert!(ended.insert(batch), "batch {batch} ended twice");
        match completion {
            Completion::Done(slot) => crate::rig::check(&slot, &[batch as f32]),
            Completion::Lost(loss) => assert!(loss.slot.is_some()),
            other => panic!("{other:?}"),
        }
    }
}
