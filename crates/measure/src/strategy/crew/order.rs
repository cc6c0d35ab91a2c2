use crate::strategy::{Io, Rule};

/// What each thread of a crew is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Order {
    /// The strategy's name, for what goes wrong.
    pub strategy: &'static str,
    /// Rows of a batch.
    pub rows: usize,
    /// Batches in flight on each lane, where results are waited for one by one.
    pub depth: usize,
    /// When results are waited for.
    pub rule: Rule,
    /// Where the inputs are.
    pub io: Io,
    /// Whether each batch has buffers made for it, instead of those of one before.
    pub fresh: bool,
}

impl Order {
    /// Batches of `rows`, one in flight on each lane, each waited for, from host memory in buffers used again.
    #[must_use]
    pub fn of(strategy: &'static str, rows: usize) -> Self {
        Self { strategy, rows, depth: 1, rule: Rule::Each, io: Io::Host, fresh: false }
    }
}
