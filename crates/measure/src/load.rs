use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use phalanx_engine::{Engine, Request};
use tokio::task::LocalSet;

use crate::answers::{Answers, CHECK_EVERY};
use crate::{MeasureError, Samples};

/// Closed-loop callers of an engine: each sends one sample, waits for its answer, and sends the next.
#[derive(Clone)]
pub(crate) struct Load {
    pub(crate) strategy: &'static str,
    pub(crate) engine: Engine,
    pub(crate) samples: Samples,
    pub(crate) answers: Arc<Answers>,
    pub(crate) callers: usize,
    /// Requests that a caller sends before it waits for the last of them.
    pub(crate) wait_every: usize,
    /// Which of the callers these are, where other threads have others.
    pub(crate) among: Among,
}

/// Callers among those of several threads.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Among {
    /// The number of the first.
    pub(crate) first: usize,
    /// How many there are on all threads.
    pub(crate) all: usize,
}

impl Among {
    /// All callers are these.
    pub(crate) fn only(callers: usize) -> Self {
        Self { first: 0, all: callers }
    }
}

/// Counts answers.
pub(crate) trait Tally {
    /// An answer came. After a break no caller sends another request.
    fn answered(&mut self, answer: Answered) -> ControlFlow<()>;
}

/// One answer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Answered {
    pub(crate) sent: Instant,
    pub(crate) answered: Instant,
    /// Its error, where it was compared with the answer expected.
    pub(crate) error: Option<f64>,
}

struct Shared<T> {
    load: Load,
    tally: RefCell<T>,
    stop: Cell<bool>,
}

impl Load {
    /// Lets all callers loop as tasks on this thread, until `tally` has enough.
    ///
    /// # Errors
    /// The first error that a caller got, after which all others stop too; [`MeasureError::WrongAnswer`].
    pub(crate) fn drive<T: Tally + 'static>(&self, tally: T) -> Result<T, MeasureError> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .map_err(|error| MeasureError::Thread { message: error.to_string() })?;
        let shared =
            Rc::new(Shared { load: self.clone(), tally: RefCell::new(tally), stop: Cell::new(false) });
        let tasks = LocalSet::new();
        let callers: Vec<_> = (0..self.callers)
            .map(|index| tasks.spawn_local(Rc::clone(&shared).call(self.among.first + index)))
            .collect();
        runtime.block_on(tasks.run_until(async {
            let mut result = Ok(());
            for caller in callers {
                let ended = caller.await;
                let ended =
                    ended.unwrap_or_else(|error| Err(MeasureError::Thread { message: error.to_string() }));
                result = result.and(ended);
            }
            result
        }))?;
        drop(tasks);
        let shared = Rc::into_inner(shared).expect("every task that held it has ended");
        Ok(shared.tally.into_inner())
    }
}

impl<T: Tally> Shared<T> {
    async fn call(self: Rc<Self>, index: usize) -> Result<(), MeasureError> {
        let result = self.call_until_stopped(index).await;
        if result.is_err() {
            self.stop.set(true);
        }
        result
    }

    async fn call_until_stopped(&self, index: usize) -> Result<(), MeasureError> {
        let Load { strategy, engine, samples, answers, wait_every, among, .. } = &self.load;
        let mut unread = VecDeque::with_capacity(*wait_every);
        // Callers take their samples in strides, so that concurrent requests are different ones.
        for (count, sample) in (index..).step_by(among.all).enumerate() {
            if self.stop.get() {
                break;
            }
            let request = Request::new(samples.get(sample).to_vec());
            let sent = Instant::now();
            unread.push_back((sent, engine.infer(request)));
            if unread.len() < *wait_every {
                continue;
            }
            // All but the last are answered by then, or soon: nobody reads them.
            while unread.len() > 1
                && let Some((sent, infer)) = unread.pop_front()
            {
                drop(infer.await?);
                let answer = Answered { sent, answered: Instant::now(), error: None };
                if self.tally.borrow_mut().answered(answer).is_break() {
                    self.stop.set(true);
                }
            }
            let Some((sent, infer)) = unread.pop_front() else { continue };
            let response = infer.await?;
            let answered = Instant::now();
            // Not all callers compare at the same time, which would stand out in their latencies.
            let checked = count as u64 % CHECK_EVERY == index as u64 % CHECK_EVERY;
            let mut error = checked.then_some(0.0_f64);
            for (output, view) in (0..).map_while(|output| Some((output, response.output(output)?))) {
                if let Some(largest) = &mut error {
                    *largest = largest.max(answers.check(strategy, sample, output, view.bytes)?);
                }
                std::hint::black_box(view.bytes);
            }
            drop(response);
            if self.tally.borrow_mut().answered(Answered { sent, answered, error }).is_break() {
                self.stop.set(true);
            }
        }
        Ok(())
    }
}
