//! Lanes share a program and nothing else; slots are nobody's but the caller's.

use phalanx_backend::SlotOutput;
use phalanx_model::samples;
use phalanx_tensor::{HostBuffer, HostMemory, Tensor};

use crate::{Draw, Rig, Subject, assert_close};

/// Two lanes at once, on one program whose buckets neither has seen before.
pub(super) fn two_lanes_agree_with_one(subject: &Subject) {
    let model = samples::mlp(8);
    let program = subject.prepare(&model).expect("prepares");
    if program.limits().lanes_max < 2 {
        return;
    }
    let work = |lane: u64| -> Vec<(Vec<Tensor>, Vec<Tensor>)> {
        let mut rig = Rig::open(&program).expect("opens a lane");
        let mut draw = Draw::new(lane);
        let batches = (0..40).map(|_| {
            let rows = 1 + draw.below(16);
            let inputs = draw.inputs(model.signature(), rows, 1);
            let outputs = rig.batch(&inputs).expect("runs");
            (inputs, outputs)
        });
        batches.collect()
    };
    let answers = std::thread::scope(|scope| {
        let lanes = [1, 2].map(|lane| scope.spawn(move || work(lane)));
        lanes.map(|lane| lane.join().expect("the lane's thread ends well"))
    });
    let mut rig = Rig::open(&program).expect("opens a lane");
    for (inputs, got) in answers.iter().flatten() {
        let expected = rig.batch(inputs).expect("runs");
        assert_close("two lanes against one", &expected, got, subject.tolerance);
    }
}

/// As many submissions before the first wait as the program allows.
pub(super) fn several_batches_in_flight(subject: &Subject) {
    let model = samples::mlp(9);
    let program = subject.prepare(&model).expect("prepares");
    let mut rig = Rig::open(&program).expect("opens a lane");
    let depth = program.limits().depth_max.min(4);
    assert!(depth >= 1, "a lane must take at least one batch");
    let mut draw = Draw::new(9);
    let inputs: Vec<Vec<Tensor>> = (1..=depth).map(|rows| draw.inputs(model.signature(), rows, 1)).collect();
    let got = rig.all(&inputs).expect("run");
    for (inputs, got) in inputs.iter().zip(got) {
        let expected = rig.batch(inputs).expect("runs");
        assert_close("several in flight against one", &expected, &got, subject.tolerance);
    }
}

/// What the batch before left in a slot is not seen by the next.
pub(super) fn a_slot_serves_many_batches(subject: &Subject) {
    let model = samples::two_outputs();
    let program = subject.prepare(&model).expect("prepares");
    let mut rig = Rig::open(&program).expect("opens a lane");
    let mut draw = Draw::new(10);
    let mut slot = None;
    for rows in [4, 1, 3, 2, 4] {
        let inputs = draw.inputs(model.signature(), rows, 1);
        let bucket = program.buckets().fit(rows).expect("there is a bucket");
        let expected = rig.batch_in(&inputs, bucket).expect("runs");
        let mut reused = slot.take().unwrap_or_else(|| rig.slot(&inputs, 4).expect("has room"));
        Rig::fill(&mut reused, &inputs, bucket);
        let (got, back) = rig.submit(reused, bucket, rows);
        let got = got.unwrap_or_else(|failure| panic!("{failure:?}"));
        assert_close(&format!("{rows} rows in a used slot"), &expected, &got, subject.tolerance);
        slot = Some(back.expect("the slot comes back"));
    }
}

/// Memory of another process, which this one must not write to.
struct ReadOnly(HostBuffer);

impl HostMemory for ReadOnly {
    fn as_slice(&self) -> &[u8] {
        self.0.as_slice()
    }

    fn as_mut_slice(&mut self) -> &mut [u8] {
        &mut []
    }
}

/// In a worker process the inputs can only be read.
pub(super) fn inputs_may_be_read_only(subject: &Subject) {
    let model = samples::mlp(2);
    let program = subject.prepare(&model).expect("prepares");
    let mut rig = Rig::open(&program).expect("opens a lane");
    let inputs = Draw::new(12).inputs(model.signature(), 3, 1);
    let expected = rig.batch(&inputs).expect("runs");
    let bucket = program.buckets().fit(3).expect("there is a bucket");
    let mut slot = rig.slot(&inputs, bucket).expect("has room");
    for buffer in &mut slot.inputs {
        let mut copy = HostBuffer::heap(buffer.len());
        copy.as_mut_slice().copy_from_slice(buffer.as_slice());
        *buffer = HostBuffer::foreign(Box::new(ReadOnly(copy)));
    }
    let (got, _) = rig.submit(slot, bucket, 3);
    let got = got.unwrap_or_else(|failure| panic!("{failure:?}"));
    assert_close("inputs that can only be read", &expected, &got, subject.tolerance);
}

/// A slot owns its memory: lanes and programs may go first.
pub(super) fn a_slot_outlives_lane_and_program(subject: &Subject) {
    let model = samples::two_outputs();
    let program = subject.prepare(&model).expect("prepares");
    let mut rig = Rig::open(&program).expect("opens a lane");
    let inputs = Draw::new(11).inputs(model.signature(), 2, 1);
    let bucket = program.buckets().fit(2).expect("there is a bucket");
    let slot = rig.slot(&inputs, bucket).expect("has room");
    let (_, slot) = rig.submit(slot, bucket, 2);
    let mut slot = slot.expect("the slot comes back");
    drop(rig);
    drop(program);
    assert_eq!(slot.input_rows(0, 2), inputs[0].bytes());
    for output in &mut slot.outputs {
        if let SlotOutput::Buffer(buffer) = output {
            buffer.as_mut_slice().fill(1);
        }
    }
    let moved = std::thread::spawn(move || slot.inputs.iter().map(HostBuffer::len).sum::<usize>());
    assert!(moved.join().expect("the thread ends well") >= inputs[0].bytes().len());
}
