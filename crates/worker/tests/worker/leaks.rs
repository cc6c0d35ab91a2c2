//! What is used up is given back: descriptors, processes, mappings.

use std::process::Command;

use phalanx_backend::{BatchId, Completion, Program};
use rustix::process::Signal;

use crate::Case;
use crate::backend::ABORT;
use crate::orphans::PARENT;
use crate::rig::{Rig, fill, is_gone, options, poll, rig, signal, start};

/// What a copy of this executable is told that uses slots and workers.
pub(crate) const ROLE: &str = "leaks";

pub(crate) const CASES: &[Case] = &[
    ("nothing_is_left_of_a_program", nothing_is_left_of_a_program),
    // Elsewhere there is no list of another process's descriptors.
    #[cfg(target_os = "linux")]
    ("slots_and_restarts_keep_nothing", slots_and_restarts_keep_nothing),
];

fn nothing_is_left_of_a_program() {
    let mut rig = rig();
    let pids = [rig.pid(), rig.spare()];
    rig.run(1, &[1.0]);
    drop(rig);
    poll("the workers' end", || pids.iter().all(|pid| is_gone(*pid)).then_some(()));
}

/// In a process of its own, since the descriptors of other tests come and go.
fn slots_and_restarts_keep_nothing() {
    let mut parent = Command::new(std::env::current_exe().expect("it runs"));
    let ended = parent.env(PARENT, ROLE).output().expect("starts");
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
}

/// 1,000 slots and 100 restarts.
pub(crate) fn use_slots_and_workers() {
    let mut options = options(&[]);
    options.spare = false;
    let mut rig = Rig::open(&start(options)).expect("opens a lane");
    rig.run(0, &[1.0]);
    let before = descriptors("self");
    let worker = rig.pid().to_string();
    let theirs = (descriptors(&worker), mappings(&worker));
    for batch in 1..=1000 {
        rig.run(batch, &[batch as f32]);
    }
    assert!(descriptors(&worker) <= theirs.0, "the worker keeps descriptors of slots");
    // Those that are gone are told to the worker with the next new slot, or by the supervisor.
    poll("forgotten slots", || (mappings(&worker) <= theirs.1).then_some(()));
    assert!(descriptors("self") <= before, "descriptors of slots are kept");
    let mut slot = rig.slot(&[1.0]);
    for batch in 0..100 {
        let pid = rig.pid();
        if batch % 2 == 0 {
            rig.lane().submit(BatchId(batch), fill(slot, &[ABORT]), 1);
        } else {
            signal(pid, Signal::KILL);
            rig.lane().submit(BatchId(batch), fill(slot, &[1.0]), 1);
        }
        slot = match rig.wait(batch) {
            Completion::Lost(loss) => loss.slot.expect("comes back"),
            other => panic!("{other:?}"),
        };
        rig.reopen().expect("opens again");
        rig.lane().submit(BatchId(1000 + batch), fill(slot, &[2.0]), 1);
        slot = rig.expect_done(1000 + batch, &[2.0]);
        assert_eq!(rig.program.workers().len(), 1);
        poll("the end of the one before", || is_gone(pid).then_some(()));
    }
    drop(slot);
    poll("descriptors given back", || (descriptors("self") <= before).then_some(()));
}

/// Open descriptors of a process.
fn descriptors(pid: &str) -> usize {
    std::fs::read_dir(format!("/proc/{pid}/fd")).expect("it is there").count()
}

/// Slots' memory that a process maps.
fn mappings(pid: &str) -> usize {
    let maps = std::fs::read_to_string(format!("/proc/{pid}/maps")).expect("it is there");
    maps.lines().filter(|line| line.contains("memfd:phalanx")).count()
}
