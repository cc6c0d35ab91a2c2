use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::task::Waker;

use atomic_waker::AtomicWaker;

/// How far a connection is, as it says itself and as the patrol sees it.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    /// The phase in the lowest bits, above it a number that changes with every change of phase.
    phase: AtomicU64,
    moved_bytes: AtomicU64,
    order: AtomicU8,
    task: AtomicWaker,
}

/// What a connection is busy with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Phase {
    /// It is open, and nothing was asked.
    Idle,
    /// A request's headers, or a TLS handshake, have begun.
    Head,
    /// A request's body is being read.
    Body,
    /// A request is being answered: whatever takes long now, it is not the client.
    Working,
    /// An answer is being written.
    Reply,
}

/// What a connection is told to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(crate) enum Order {
    GoOn,
    /// Close when that cannot cross a request on its way here.
    Leave,
    /// Close once what has begun is answered.
    Finish,
    /// Close now.
    Drop,
}

const PHASE_BITS: u32 = 3;

impl Phase {
    const ALL: [Self; 5] = [Self::Idle, Self::Head, Self::Body, Self::Working, Self::Reply];
}

impl Progress {
    /// The phase, and a number that is another after every change of phase.
    pub(crate) fn phase(&self) -> (Phase, u64) {
        let word = self.phase.load(Ordering::Relaxed);
        (Phase::ALL[(word & ((1 << PHASE_BITS) - 1)) as usize % Phase::ALL.len()], word >> PHASE_BITS)
    }

    /// Only the connection's own task changes its phase.
    pub(crate) fn enter(&self, phase: Phase) {
        let count = (self.phase.load(Ordering::Relaxed) >> PHASE_BITS).wrapping_add(1);
        self.phase.store(count << PHASE_BITS | phase as u64, Ordering::Relaxed);
    }

    pub(crate) fn moved(&self, bytes: usize) {
        let moved = self.moved_bytes.load(Ordering::Relaxed).wrapping_add(bytes as u64);
        self.moved_bytes.store(moved, Ordering::Relaxed);
    }

    /// Bytes read and written so far.
    pub(crate) fn moved_bytes(&self) -> u64 {
        self.moved_bytes.load(Ordering::Relaxed)
    }

    /// Has the connection's task do as it is told; what was told before and is stricter stays.
    pub(crate) fn tell(&self, order: Order) {
        self.order.fetch_max(order as u8, Ordering::Release);
        self.task.wake();
    }

    /// What the connection was told; `task` is woken when that changes.
    pub(crate) fn told(&self, task: &Waker) -> Order {
        self.task.register(task);
        match self.order.load(Ordering::Acquire) {
            0 => Order::GoOn,
            1 => Order::Leave,
            2 => Order::Finish,
            _ => Order::Drop,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entering_a_phase_again_is_seen() {
        let progress = Progress::default();
        let (phase, first) = progress.phase();
        assert_eq!(phase, Phase::Idle);
        for phase in Phase::ALL {
            progress.enter(phase);
            assert_eq!(progress.phase().0, phase);
        }
        assert_ne!(progress.phase().1, first);
    }

    #[test]
    fn the_strictest_order_stays() {
        let progress = Progress::default();
        progress.tell(Order::Drop);
        progress.tell(Order::Finish);
        assert_eq!(progress.told(Waker::noop()), Order::Drop);
    }
}
