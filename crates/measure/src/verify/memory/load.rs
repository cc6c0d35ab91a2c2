use std::ops::ControlFlow;
use std::time::Instant;

use crate::load::{Answered, Tally};

/// Lets callers ask until there were enough answers, or until it is time.
pub(super) struct Enough {
    pub(super) left: u64,
    pub(super) until: Option<Instant>,
    pub(super) answered: u64,
}

impl Tally for Enough {
    fn answered(&mut self, answer: Answered) -> ControlFlow<()> {
        self.answered += 1;
        self.left = self.left.saturating_sub(1);
        let is_over = self.until.map_or(self.left == 0, |until| answer.answered >= until);
        if is_over { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}
