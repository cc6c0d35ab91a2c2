use std::ops::ControlFlow;
use std::time::Duration;

use super::{Label, Strategy, Window};
use crate::MeasureError;

/// How long and how often to measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Windows of each strategy.
    pub rounds: usize,
    /// Length of one.
    pub window: Duration,
    /// What each strategy runs before its first window, uncounted.
    pub warm_up: Duration,
}

/// How far a measurement has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// What is about to be measured.
    pub label: Label,
    /// Its round, from 1; 0 is the warm-up.
    pub round: usize,
    /// Windows done so far, of all strategies, warm-ups included.
    pub done: usize,
    /// Windows there will be.
    pub total: usize,
}

/// The windows of one strategy.
#[derive(Clone, Debug)]
pub struct Measured {
    /// Whose they are.
    pub label: Label,
    /// In the order in which they were measured.
    pub windows: Vec<Window>,
}

/// Measures all strategies in turn (A B C, A B C, …), so that a drift of the machine hits all of them alike.
///
/// `watch` is told before each window, and ends the measurement with a break.
///
/// # Errors
/// The first error of a strategy; [`MeasureError::Interrupted`] after a break.
pub fn interleave(
    strategies: &mut [Box<dyn Strategy + '_>],
    plan: &Plan,
    watch: &mut dyn FnMut(Progress) -> ControlFlow<()>,
) -> Result<Vec<Measured>, MeasureError> {
    let labels = strategies.iter().map(|strategy| strategy.label());
    let mut all: Vec<Measured> = labels.map(|label| Measured { label, windows: Vec::new() }).collect();
    let total = strategies.len() * (plan.rounds + 1);
    let mut done = 0;
    for round in 0..=plan.rounds {
        for (strategy, measured) in strategies.iter_mut().zip(&mut all) {
            if watch(Progress { label: measured.label.clone(), round, done, total }).is_break() {
                return Err(MeasureError::Interrupted);
            }
            if round == 0 {
                strategy.window(plan.warm_up)?;
            } else {
                measured.windows.push(strategy.window(plan.window)?);
            }
            done += 1;
        }
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;

    struct Fake<'a>(&'static str, &'a RefCell<Vec<&'static str>>);

    impl Strategy for Fake<'_> {
        fn label(&self) -> Label {
            Label { strategy: self.0, ..Label::default() }
        }

        fn window(&mut self, length: Duration) -> Result<Window, MeasureError> {
            self.1.borrow_mut().push(self.0);
            Ok(Window { samples: length.as_secs(), elapsed: length, ..Window::default() })
        }
    }

    const PLAN: Plan = Plan { rounds: 2, window: Duration::from_secs(2), warm_up: Duration::from_secs(1) };

    #[test]
    fn strategies_take_turns_and_warm_ups_do_not_count() {
        let order = RefCell::new(Vec::new());
        let mut strategies: Vec<Box<dyn Strategy + '_>> =
            vec![Box::new(Fake("a", &order)), Box::new(Fake("b", &order))];
        let mut seen = Vec::new();
        let all = interleave(&mut strategies, &PLAN, &mut |progress| {
            seen.push((progress.round, progress.done, progress.total));
            ControlFlow::Continue(())
        });
        assert_eq!(*order.borrow(), ["a", "b", "a", "b", "a", "b"]);
        assert_eq!(seen, [(0, 0, 6), (0, 1, 6), (1, 2, 6), (1, 3, 6), (2, 4, 6), (2, 5, 6)]);
        let counted: Vec<u64> = all.unwrap()[0].windows.iter().map(|window| window.samples).collect();
        assert_eq!(counted, [2, 2]);
    }

    #[test]
    fn a_break_ends_it() {
        let order = RefCell::new(Vec::new());
        let mut strategies: Vec<Box<dyn Strategy + '_>> = vec![Box::new(Fake("a", &order))];
        let error = interleave(&mut strategies, &PLAN, &mut |_| ControlFlow::Break(())).unwrap_err();
        assert!(matches!(error, MeasureError::Interrupted));
        assert!(order.borrow().is_empty());
    }
}
