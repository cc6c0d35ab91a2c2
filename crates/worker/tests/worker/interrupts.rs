//! Batches that do not end by themselves.

use rustix::process::Signal;

use crate::Case;
use crate::backend::HANG;
use crate::rig::{rig, signal};

pub(crate) const CASES: &[Case] = &[
    ("a_hang_can_be_interrupted", a_hang_can_be_interrupted),
    ("a_stopped_worker_can_be_interrupted", a_stopped_worker_can_be_interrupted),
    ("an_interrupt_without_a_batch_does_nothing", an_interrupt_without_a_batch_does_nothing),
];

fn a_hang_can_be_interrupted() {
    let mut rig = rig();
    rig.submit(1, &[HANG]);
    rig.submit(2, &[1.0]);
    rig.wait_until_executing(rig.pid());
    let interrupt = rig.interrupt();
    interrupt.interrupt();
    interrupt.interrupt();
    let (error, suspect) = rig.expect_lost(1);
    assert!(suspect && error.to_string().contains("did not answer in time"), "{error}");
    assert!(!rig.expect_lost(2).1);
    interrupt.interrupt();
    rig.reopen().expect("opens again");
    rig.run(3, &[1.0]);
}

fn a_stopped_worker_can_be_interrupted() {
    let mut rig = rig();
    rig.run(1, &[1.0]);
    signal(rig.pid(), Signal::STOP);
    rig.submit(2, &[1.0]);
    rig.interrupt().interrupt();
    rig.expect_lost(2);
}

fn an_interrupt_without_a_batch_does_nothing() {
    let mut rig = rig();
    let (pid, former) = (rig.pid(), rig.interrupt());
    rig.run(1, &[1.0]);
    former.interrupt();
    rig.run(2, &[1.0]);
    assert_eq!(rig.pid(), pid);
}
