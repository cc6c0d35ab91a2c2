use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Instant;

use phalanx_backend::Program;

use super::seat::Seat;
use super::{Order, Window};
use crate::answers::Answers;
use crate::{MeasureError, Samples};

/// One thread of a crew, seen from outside.
pub(super) struct Member {
    orders: SyncSender<Timed>,
    results: Receiver<Result<Window, MeasureError>>,
    thread: Option<JoinHandle<()>>,
}

/// An order, when to start and when to stop.
struct Timed {
    order: Order,
    start: Instant,
    end: Instant,
}

impl Member {
    /// Starts it. Its first result says whether its lane could be opened.
    pub(super) fn spawn(
        program: Arc<dyn Program>,
        samples: Samples,
        answers: Arc<Answers>,
        index: usize,
    ) -> Result<Self, MeasureError> {
        let (orders, inbox) = sync_channel::<Timed>(1);
        let (outbox, results) = sync_channel(1);
        let work = move || match Seat::open(program, samples, answers, index) {
            Err(error) => drop(outbox.send(Err(error))),
            Ok(mut seat) => {
                let mut report = outbox.send(Ok(Window::default()));
                while let (Ok(()), Ok(timed)) = (report, inbox.recv()) {
                    report = outbox.send(seat.work(&timed.order, timed.start, timed.end));
                }
            }
        };
        let thread = std::thread::Builder::new().name(format!("caller {index}")).spawn(work);
        let thread = thread.map_err(|error| MeasureError::Thread { message: error.to_string() })?;
        Ok(Self { orders, results, thread: Some(thread) })
    }

    pub(super) fn send(&self, order: Order, start: Instant, end: Instant) -> Result<(), MeasureError> {
        self.orders.send(Timed { order, start, end }).map_err(|_| ended())
    }

    pub(super) fn result(&self) -> Result<Window, MeasureError> {
        self.results.recv().unwrap_or_else(|_| Err(ended()))
    }
}

impl Drop for Member {
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
