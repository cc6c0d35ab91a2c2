//! A batch in a slot that the lane has seen before allocates nothing on this side of the C interface.

mod common;

use std::alloc::{GlobalAlloc, Layout as Memory, System};
use std::cell::Cell;
use std::sync::{Arc, Mutex};

use phalanx_backend::{Backend, BatchId, Completion, Completions, Device, PrepareOptions, Slot};
use phalanx_model::samples;
use phalanx_tensor::Shape;

/// Counts what the thread at hand allocates. The runtime's library has an allocator of its own.
struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: everything is the system's; the counter neither allocates nor has a destructor.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, memory: Memory) -> *mut u8 {
        ALLOCATIONS.with(|count| count.set(count.get() + 1));
        // SAFETY: the caller's promise.
        unsafe { System.alloc(memory) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, memory: Memory) {
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(pointer, memory) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Holds the slot that came back.
#[derive(Default)]
struct Returned(Mutex<Option<Slot>>);

impl Completions for Returned {
    fn complete(&self, _batch: BatchId, completion: Completion) {
        match completion {
            Completion::Done(slot) => *self.0.lock().expect("nobody panics while it is held") = Some(slot),
            other => panic!("expected a batch, got {other:?}"),
        }
    }
}

#[test]
fn a_known_slot_allocates_nothing() {
    let Some(runtime) = common::runtime(None) else { return };
    let program = runtime.prepare(&samples::mlp(1), Device::Cpu, &PrepareOptions::default()).unwrap();
    let layout = Arc::new(program.layout(&[Shape::from([256])]).unwrap());
    let returned = Arc::new(Returned::default());
    let mut lane = program.open_lane(Arc::<Returned>::clone(&returned)).unwrap();
    let mut slot = program.slot(&layout, 16).unwrap();
    let mut batches = |slot: Slot, count: u64| {
        let mut slot = slot;
        for batch in 0..count {
            lane.submit(BatchId(batch), slot, 1 + (batch as usize % 16));
            slot = returned.0.lock().unwrap().take().unwrap();
        }
        slot
    };
    slot = batches(slot, 16);
    let before = ALLOCATIONS.with(Cell::get);
    assert!(before > 0, "the counter counts nothing");
    batches(slot, 64);
    assert_eq!(ALLOCATIONS.with(Cell::get) - before, 0);
}
