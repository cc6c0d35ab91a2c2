use std::ops::ControlFlow;

use phalanx_measure::verify::{Step, Watch};

use crate::progress::Progress;

/// How far a verification has come, where somebody watches.
pub(super) struct Bar(Progress);

impl Bar {
    pub(super) fn new() -> Self {
        Self(Progress::steps(0))
    }
}

impl Watch for Bar {
    fn step(&mut self, step: Step<'_>) -> ControlFlow<()> {
        self.0.length(step.total);
        self.0.position(step.done);
        let on = if step.subject.is_empty() { String::new() } else { format!(" on {}", step.subject) };
        self.0.message(&format!("{}: {}{on}", step.level, step.name));
        ControlFlow::Continue(())
    }
}
