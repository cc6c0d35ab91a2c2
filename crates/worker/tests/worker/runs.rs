//! Batches and single runs that end well, or fail without harm.

use std::sync::Arc;

use phalanx_backend::{BackendError, BatchId, Completion, Program, Slot};
use phalanx_tensor::{HostBuffer, Shape};

use crate::Case;
use crate::backend::{FAIL, KEEP_SLOT, WIDTH};
use crate::rig::{Rig, fill, options, poll, recipe, rig, start};

pub(crate) const CASES: &[Case] = &[
    ("rows_in_every_position", rows_in_every_position),
    ("several_in_flight", several_in_flight),
    ("a_lane_says_which_core_computes", a_lane_says_which_core_computes),
    ("a_worker_says_how_long_it_was_busy", a_worker_says_how_long_it_was_busy),
    ("a_slot_is_used_again", a_slot_is_used_again),
    ("slots_in_other_memory", slots_in_other_memory),
    ("a_slot_with_other_buffers", a_slot_with_other_buffers),
    ("too_many_rows", too_many_rows),
    ("failures_leave_lane_and_slot", failures_leave_lane_and_slot),
    ("single_runs", single_runs),
    ("layouts_are_the_backends", layouts_are_the_backends),
    ("a_lane_dropped_early_is_answered", a_lane_dropped_early_is_answered),
    ("a_closed_lanes_worker_is_used_again", a_closed_lanes_worker_is_used_again),
    ("lanes_are_processes", lanes_are_processes),
    ("describes_itself", describes_itself),
];

fn rows_in_every_position() {
    let mut rig = rig();
    for rows in 1..=8_u64 {
        let firsts: Vec<f32> = (0..rows).map(|row| (rows * 10 + row) as f32).collect();
        rig.run(rows, &firsts);
    }
}

fn several_in_flight() {
    let mut rig = rig();
    let depth = rig.program.limits().depth_max as u64;
    assert!(depth >= 2 && rig.program.limits().async_submit);
    for round in 0..50 {
        let batches = round * depth..(round + 1) * depth;
        batches.clone().for_each(|batch| rig.submit(batch, &[batch as f32, -1.0]));
        for batch in batches {
            rig.expect_done(batch, &[batch as f32, -1.0]);
        }
    }
}

fn a_lane_says_which_core_computes() {
    let mut rig = rig();
    let core = rig.lane().core();
    assert_eq!(core.is_some(), cfg!(target_os = "linux"), "{core:?}");
}

fn a_worker_says_how_long_it_was_busy() {
    let start = std::time::Instant::now();
    let mut rig = rig();
    rig.run(1, &[1.0]);
    let busy = rig.busy();
    assert_eq!(busy.len(), 2, "each answered batch once");
    let sum: std::time::Duration = busy.iter().sum();
    assert!(!sum.is_zero() && sum < start.elapsed(), "{busy:?}");
}

fn a_slot_is_used_again() {
    let mut rig = rig();
    let mut slot = rig.slot(&[0.0; 4]);
    for batch in 0..200 {
        let firsts = vec![batch as f32; 1 + batch as usize % 4];
        rig.lane().submit(BatchId(batch), fill(slot, &firsts), firsts.len());
        slot = rig.expect_done(batch, &firsts);
    }
}

fn slots_in_other_memory() {
    let mut rig = rig();
    let layout = Arc::clone(&rig.layout);
    for round in 0..20 {
        // More at once than are kept to copy through.
        for batch in 0..8 {
            let slot = Slot::heap("test", Arc::clone(&layout), 3).expect("is small");
            let slot = fill(slot.with_tag(batch), &[round as f32, batch as f32]);
            rig.lane().submit(BatchId(batch), slot, 2);
        }
        for batch in 0..8 {
            let slot = rig.expect_done(batch, &[round as f32, batch as f32]);
            assert_eq!(slot.tag(), batch, "the caller's own slot comes back");
        }
    }
    // Another program's shared memory is as foreign as the heap.
    let mut other = Rig::open(&start(options(&[]))).expect("opens a lane");
    other.lane().submit(BatchId(1), rig.slot(&[5.0]), 1);
    other.expect_done(1, &[5.0]);
}

fn a_slot_with_other_buffers() {
    let mut rig = rig();
    rig.run(1, &[3.0]);
    let mut slot = rig.slot(&[1.0, 2.0]);
    slot.inputs[0] = HostBuffer::heap(slot.inputs[0].len());
    rig.lane().submit(BatchId(2), fill(slot, &[7.0, 8.0]), 2);
    rig.expect_done(2, &[7.0, 8.0]);
}

fn too_many_rows() {
    let mut rig = rig();
    let slot = rig.slot(&[1.0, 2.0]);
    rig.lane().submit(BatchId(1), slot, 3);
    assert!(matches!(rig.wait(1), Completion::Failed(Some(_), BackendError::Run { .. })));
    rig.run(2, &[1.0]);
}

fn failures_leave_lane_and_slot() {
    let mut rig = rig();
    let pid = rig.pid();
    let mut slot = rig.slot(&[0.0]);
    for (batch, order) in [FAIL, KEEP_SLOT, FAIL].into_iter().enumerate() {
        let batch = 10 * batch as u64;
        rig.lane().submit(BatchId(batch), fill(slot, &[order]), 1);
        slot = match rig.wait(batch) {
            Completion::Failed(Some(slot), BackendError::Run { backend: "misbehaving", message }) => {
                assert_eq!(message, "told to");
                slot
            }
            other => panic!("{other:?}"),
        };
        rig.lane().submit(BatchId(batch + 1), fill(slot, &[4.0]), 1);
        slot = rig.expect_done(batch + 1, &[4.0]);
    }
    assert_eq!(rig.pid(), pid);
}

fn single_runs() {
    let mut rig = rig();
    for (batch, length) in [(1, 0), (2, 1), (3, 3), (4, 1 << 20)] {
        rig.single(batch, (0..length).map(|value| value as f32).collect());
        match rig.wait(batch) {
            Completion::Single(outputs) => {
                let expected: Vec<f32> = (0..length).map(|value| 2.0 * value as f32 + 1.0).collect();
                assert_eq!(outputs[0].as_slice::<f32>(), Ok(&*expected));
            }
            other => panic!("{other:?}"),
        }
    }
    rig.single(5, vec![FAIL]);
    assert!(matches!(rig.wait(5), Completion::Failed(None, BackendError::Run { .. })));
}

fn layouts_are_the_backends() {
    let rig = rig();
    for width in [1, 2, 300, 2] {
        let layout = rig.program.layout(&[Shape::from([width])]).expect("takes it");
        assert_eq!(layout.inputs[0].row_bytes, 4 * width);
    }
    let error = rig.program.layout(&[]).expect_err("there is one input");
    assert!(matches!(&error, BackendError::Input { got, .. } if got == "0"), "{error:?}");
}

fn a_lane_dropped_early_is_answered() {
    let mut rig = rig();
    (1..=4).for_each(|batch| rig.submit(batch, &[batch as f32]));
    rig.lane = None;
    (1..=4).for_each(|batch| drop(rig.expect_done(batch, &[batch as f32])));
}

fn a_closed_lanes_worker_is_used_again() {
    let mut options = options(&[]);
    options.spare = false;
    let mut rig = Rig::open(&start(options)).expect("opens a lane");
    let pid = rig.pid();
    for batch in 0..3 {
        rig.run(batch, &[1.0]);
        rig.reopen().expect("opens again");
        assert_eq!(rig.pid(), pid);
    }
}

fn lanes_are_processes() {
    let program = start(options(&[]));
    let mut rigs: Vec<Rig> = (0..3).map(|_| Rig::open(&program).expect("opens a lane")).collect();
    for (batch, rig) in rigs.iter_mut().enumerate() {
        rig.submit(batch as u64, &[batch as f32]);
    }
    for (batch, rig) in rigs.iter().enumerate() {
        rig.expect_done(batch as u64, &[batch as f32]);
    }
    let lanes = program.workers().iter().filter(|worker| !worker.is_spare).count();
    assert_eq!(lanes, 3);
}

fn describes_itself() {
    let rig = rig();
    assert_eq!(rig.program.signature(), recipe().model.signature());
    assert_eq!(rig.program.limits().lanes_max, 8);
    assert_eq!(rig.layout.inputs[0].tail, Shape::from([WIDTH]));
    let resident =
        poll("figures of memory", || rig.program.workers().iter().find_map(|worker| worker.resident_bytes));
    assert!(resident > 1 << 18, "{resident} bytes");
    let slot = rig.slot(&[1.0]);
    drop(rig);
    // Its memory is its own.
    assert_eq!(slot.input_rows(0, 1).len(), WIDTH * 4);
}
