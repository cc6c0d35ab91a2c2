use std::ops::ControlFlow;

use super::Level;

/// How far a verification has come.
#[derive(Clone, Copy, Debug)]
pub struct Step<'a> {
    /// The level of what comes next.
    pub level: Level,
    /// What that is.
    pub name: &'a str,
    /// What it is looked at on.
    pub subject: &'a str,
    /// Steps done so far.
    pub done: u64,
    /// Steps there will be, as far as can be foreseen.
    pub total: u64,
}

/// Is told how far it has come, and ends it with a break.
pub trait Watch {
    /// This is next.
    fn step(&mut self, step: Step<'_>) -> ControlFlow<()>;
}

impl<F: FnMut(Step<'_>) -> ControlFlow<()>> Watch for F {
    fn step(&mut self, step: Step<'_>) -> ControlFlow<()> {
        self(step)
    }
}
