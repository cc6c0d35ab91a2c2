use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use phalanx_backend::Program;

use super::{Label, Strategy, Window};
use crate::answers::Answers;
use crate::caller::DirectCaller;
use crate::{MeasureError, Samples};

/// The naive way: one thread a caller, each calling the model directly with its one sample, on a lane of its own.
pub struct Threads {
    callers: Vec<Caller>,
}

struct Caller {
    orders: SyncSender<Order>,
    results: Receiver<Result<Window, MeasureError>>,
    thread: Option<JoinHandle<()>>,
}

/// When to start and when to stop.
#[derive(Clone, Copy)]
struct Order {
    start: Instant,
    end: Instant,
}

impl Threads {
    /// Starts `callers` threads and opens a lane of `program` on each.
    ///
    /// # Errors
    /// What the backend gives, and [`MeasureError::Thread`] where the system has no thread left.
    pub fn new(
        program: &Arc<dyn Program>,
        samples: &Samples,
        answers: &Arc<Answers>,
        callers: usize,
    ) -> Result<Self, MeasureError> {
        let spawn = |index| Caller::spawn(program, samples, answers, index);
        let threads = Self { callers: (0..callers).map(spawn).collect::<Result<_, _>>()? };
        for caller in &threads.callers {
            caller.result()?;
        }
        Ok(threads)
    }
}

impl Caller {
    fn spawn(
        program: &Arc<dyn Program>,
        samples: &Samples,
        answers: &Arc<Answers>,
        index: usize,
    ) -> Result<Self, MeasureError> {
        let (orders, inbox) = sync_channel::<Order>(1);
        let (outbox, results) = sync_channel(1);
        let (program, samples, answers) = (Arc::clone(program), samples.clone(), Arc::clone(answers));
        let work = move || match DirectCaller::open(&*program, samples, answers, index) {
            Err(error) => drop(outbox.send(Err(error))),
            Ok(mut caller) => {
                let mut report = outbox.send(Ok(Window::default()));
                while let (Ok(()), Ok(order)) = (report, inbox.recv()) {
                    report = outbox.send(caller.call_until(order.start, order.end));
                }
            }
        };
        let thread = std::thread::Builder::new().name(format!("caller {index}")).spawn(work);
        let thread = thread.map_err(|error| MeasureError::Thread { message: error.to_string() })?;
        Ok(Self { orders, results, thread: Some(thread) })
    }

    fn result(&self) -> Result<Window, MeasureError> {
        self.results.recv().unwrap_or_else(|_| Err(ended()))
    }
}

impl Drop for Caller {
    fn drop(&mut self) {
        // The thread ends when nobody can give it orders any more.
        (self.orders, _) = sync_channel(1);
        if let Some(thread) = self.thread.take() {
            // A panic was already reported as a missing result.
            let _ = thread.join();
        }
    }
}

fn ended() -> MeasureError {
    MeasureError::Thread { message: "it panicked".to_owned() }
}

impl Strategy for Threads {
    fn label(&self) -> Label {
        Label {
            strategy: "threads",
            batch: Some(1),
            callers: Some(self.callers.len()),
            waiting: "each thread waits for its answer and copies it out before it asks again",
        }
    }

    fn window(&mut self, length: Duration) -> Result<Window, MeasureError> {
        let start = Instant::now();
        let order = Order { start, end: start + length };
        for caller in &self.callers {
            caller.orders.send(order).map_err(|_| ended())?;
        }
        let mut window = Window::default();
        for caller in &self.callers {
            window.merge(&caller.result()?);
        }
        Ok(window)
    }
}
