use std::sync::mpsc::{Sender, channel};
use std::sync::{Mutex, PoisonError};

use phalanx_backend::BackendError;

use crate::error;

/// What is done beside the lanes: preparing, which takes long, and single runs.
type Job = Box<dyn FnOnce() + Send>;

/// A thread that does one job after the other, so that lanes go on with what is prepared.
#[derive(Debug)]
pub(super) struct Background(Mutex<Sender<Job>>);

impl Background {
    /// Starts the thread; it ends once this is gone and its jobs are done.
    ///
    /// # Errors
    /// [`BackendError::Prepare`] where the system gives no thread.
    pub(super) fn start() -> Result<Self, BackendError> {
        let (sender, jobs) = channel::<Job>();
        let thread = std::thread::Builder::new().name("phalanx-cuda-prepare".to_owned());
        thread
            .spawn(move || jobs.into_iter().for_each(|job| job()))
            .map_err(|error| error::prepare(format!("failed to start a thread: {error}")))?;
        Ok(Self(Mutex::new(sender)))
    }

    pub(super) fn run(&self, job: impl FnOnce() + Send + 'static) {
        let sender = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // The thread lives as long as this sender: a job is never refused.
        drop(sender.send(Box::new(job)));
    }
}
