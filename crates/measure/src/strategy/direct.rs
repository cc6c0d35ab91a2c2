use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use super::crew::{Crew, Order};
use super::label::Parameters;
use super::{Label, Rule, Strategy, Window};
use crate::MeasureError;

const EACH: &str = "on each lane a batch is waited for and copied out before the next is submitted";
const DEEP: &str = "each batch is waited for and copied out; meanwhile others are submitted, up to the depth";
const EVERY: &str = "one wait for several batches, of which the last is copied out";

/// The model without an engine: the threads of a crew, each running batches on its own lane.
pub struct Direct {
    crew: Rc<RefCell<Crew>>,
    order: Order,
    label: Label,
}

impl Direct {
    /// This order for all of the crew. `n` and `parameters` are what its row is known by.
    #[must_use]
    pub fn new(crew: &Rc<RefCell<Crew>>, order: Order, n: usize, parameters: Parameters) -> Self {
        let threads = crew.borrow().threads();
        let waiting = match (order.rule, order.depth) {
            (Rule::Every(_), _) => EVERY,
            (_, 1) => EACH,
            _ => DEEP,
        };
        let ahead = order.depth.max(order.rule.batches());
        let label = Label {
            strategy: order.strategy,
            parameters,
            n,
            in_flight: Some(threads * order.rows * ahead),
            batch: Some(order.rows),
            callers: None,
            rule: order.rule,
            waiting,
        };
        Self { crew: Rc::clone(crew), order, label }
    }

    /// The naive way: each thread calls the model with one sample, waits, and asks again.
    #[must_use]
    pub fn threads(crew: &Rc<RefCell<Crew>>) -> Self {
        let threads = crew.borrow().threads();
        let direct = Self::new(crew, Order::of("threads", 1), threads, Parameters::default());
        Self { label: Label { callers: Some(threads), ..direct.label }, ..direct }
    }
}

impl Strategy for Direct {
    fn label(&self) -> Label {
        self.label.clone()
    }

    fn window(&mut self, length: Duration) -> Result<Window, MeasureError> {
        self.crew.borrow().work(self.order, length)
    }

    fn worker_bytes(&self) -> u64 {
        self.crew.borrow().worker_bytes()
    }
}
