//! The rules. Each answers three questions: how many rows may a batch formed now take, may these rows share it, and
//! when does it leave.

mod adaptive;
mod aimd;
mod deferred;
mod delay;
mod immediate;
mod slo_window;

use crate::{LatencyModel, LeaveReason, Nanos, PolicyKind};

pub use adaptive::Adaptive;
pub use aimd::Aimd;
pub use deferred::Deferred;
pub use delay::Delay;
pub use immediate::Immediate;
pub use slo_window::{Rider, SloWindow, window_start};

/// What a policy may look at.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// When the batch will start, as far as can be foreseen.
    pub start_ns: Nanos,
    /// Batches that it will find running on its lane when it is submitted, and those formed before it.
    pub ahead: usize,
    /// Rows that wait.
    pub waiting_rows: usize,
    /// Rows that callers keep in the queue and on the lanes together, at the most of late.
    pub population_rows: usize,
    /// How long it takes, on average, until as many rows have arrived as a batch that ended had.
    pub turnaround_ns: Nanos,
    /// Lanes that share the rows.
    pub lanes: usize,
    /// Rows of the largest batch.
    pub rows_max: usize,
    /// The latency every request was promised.
    pub slo_ns: Option<Nanos>,
    /// How long a batch takes.
    pub latency: &'a LatencyModel,
}

/// An open batch, as a policy sees it that decides when it leaves.
#[derive(Clone, Copy, Debug)]
pub struct Open<'a> {
    /// When its oldest member arrived.
    pub oldest_arrival_ns: Nanos,
    /// When the first of its members has to be answered; [`Nanos::MAX`] where none has to.
    pub earliest_deadline_ns: Nanos,
    /// Its rows.
    pub rows: usize,
    /// How much later than foreseen nearly all batches are handed out at the most.
    pub slip_ns: Nanos,
    /// How long a batch takes.
    pub latency: &'a LatencyModel,
}

/// The rule that decides when waiting requests become a batch.
pub trait Policy: Send {
    /// Rows that a batch formed now may take, at least 1. Called once when it is opened.
    fn rows_cap(&mut self, view: &View<'_>) -> usize {
        view.rows_max
    }

    /// Why a batch that reached [`Policy::rows_cap`] is full.
    fn cap_reason(&self, cap: usize, rows_max: usize) -> LeaveReason {
        if cap < rows_max { LeaveReason::Window } else { LeaveReason::Full }
    }

    /// When a batch that is not full leaves; 0 for at once.
    fn leaves_at_ns(&self, _open: &Open<'_>) -> Nanos {
        0
    }

    /// Whether requests without a deadline of their own are late after the SLO, and windows are chosen by deadline.
    fn keeps_slo(&self) -> bool {
        false
    }

    /// A batch of that many rows took this long.
    fn observe(&mut self, _rows: usize, _took_ns: Nanos) {}
}

/// The policy of this kind, in its initial state.
#[must_use]
pub fn build(kind: PolicyKind) -> Box<dyn Policy> {
    match kind {
        PolicyKind::Immediate => Box::new(Immediate),
        PolicyKind::Delay { timeout_ns } => Box::new(Delay::new(timeout_ns)),
        PolicyKind::Adaptive { target_ns } => Box::new(Adaptive::new(target_ns)),
        PolicyKind::Aimd { target_ns } => Box::new(Aimd::new(target_ns)),
        PolicyKind::Deferred => Box::new(Deferred),
        PolicyKind::SloWindow => Box::new(SloWindow),
    }
}
