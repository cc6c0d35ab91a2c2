use std::io::Result;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use phalanx_backend::{BackendError, Program};
use phalanx_tensor::Shape;

use super::lane::panic_message;
use crate::memory::StatusPage;
use crate::wire::{Channel, Frame, Kind, WireError, WireLayout, decode, encode};

/// How often the figures of memory are written anew.
const MEMORY_INTERVAL: Duration = Duration::from_secs(2);

/// A question of the parent's: the layout of these tails.
pub(super) struct Call {
    pub(super) id: u64,
    pub(super) payload: Vec<u8>,
}

/// Starts the thread that answers calls, and writes down meanwhile how much memory is used.
pub(super) fn start(
    program: Arc<dyn Program>,
    control: &Arc<Channel>,
    status: &Arc<StatusPage>,
    calls: Receiver<Call>,
) -> Result<()> {
    let (control, status) = (Arc::clone(control), Arc::clone(status));
    let serve = move || {
        loop {
            write_memory(program.as_ref(), &status);
            match calls.recv_timeout(MEMORY_INTERVAL) {
                // The parent that does not take the answer is gone, which the control thread sees.
                Ok(call) => drop(answer(program.as_ref(), &control, &call)),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    };
    std::thread::Builder::new().name("phalanx-calls".to_owned()).spawn(serve)?;
    Ok(())
}

fn answer(program: &dyn Program, control: &Channel, call: &Call) -> Result<()> {
    let tails: Vec<Vec<usize>> = decode(&call.payload)?;
    let tails: Vec<Shape> = tails.iter().map(|dims| Shape::new(dims)).collect();
    let layout = catch_unwind(AssertUnwindSafe(|| program.layout(&tails)));
    let layout =
        layout.unwrap_or_else(|panic| Err(BackendError::Panicked { message: panic_message(panic.as_ref()) }));
    let reply = layout.map(|layout| WireLayout::from(&layout)).map_err(|error| WireError::from(&error));
    control.send_payload(Frame::new(Kind::Reply, call.id), &[&encode(&reply)])
}

fn write_memory(program: &dyn Program, status: &StatusPage) {
    let resident = memory_stats::memory_stats().map(|stats| stats.physical_mem as u64);
    let program = program.memory();
    status.set_memory(resident, program.host_bytes, program.device_bytes);
}
