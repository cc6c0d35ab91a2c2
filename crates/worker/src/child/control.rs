use std::io::Result;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use super::calls::Call;
use super::identity;
use super::slots::Slots;
use crate::memory::StatusPage;
use crate::wire::{Channel, Kind, MESSAGE_BYTES_MAX, decode};

/// Between two beats.
const BEAT_NS: i64 = 500_000_000;

/// Starts the thread that is never busy. What takes time goes to whoever receives the calls.
pub(super) fn start(
    control: &Arc<Channel>,
    status: &Arc<StatusPage>,
    slots: &Arc<Slots>,
) -> Result<Receiver<Call>> {
    let (sender, receiver) = channel();
    let (control, status, slots) = (Arc::clone(control), Arc::clone(status), Arc::clone(slots));
    let listen = move || {
        // Its end is the parent's end, or that of the understanding with it.
        let _ = listen(&control, &status, &slots, &sender);
        identity::end();
    };
    std::thread::Builder::new().name("phalanx-control".to_owned()).spawn(listen)?;
    Ok(receiver)
}

fn listen(control: &Channel, status: &StatusPage, slots: &Slots, calls: &Sender<Call>) -> Result<()> {
    let beat = Timespec { tv_sec: 0, tv_nsec: BEAT_NS };
    loop {
        status.beat();
        let ready = match poll(&mut [PollFd::new(control, PollFlags::IN)], Some(&beat)) {
            Ok(ready) => ready,
            Err(Errno::INTR) => 0,
            Err(error) => return Err(error.into()),
        };
        if ready == 0 {
            continue;
        }
        let Some(frame) = control.recv()? else { return Ok(()) };
        let payload = control.recv_payload(&frame, MESSAGE_BYTES_MAX)?;
        match frame.kind() {
            // Who would receive it is gone only where the process is about to be.
            Some(Kind::Layout) => drop(calls.send(Call { id: frame.seq, payload })),
            Some(Kind::Forget) => slots.forget(&decode::<Vec<u64>>(&payload)?),
            _ => return Ok(()),
        }
    }
}
