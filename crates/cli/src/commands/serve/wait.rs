use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::thread::JoinHandle;

use phalanx_server::Server;

use super::repository;
use crate::failure::Failure;
use crate::interrupt::Signal;

/// What the command waits for.
pub(super) enum Event {
    /// From outside.
    Signal(Signal),
    /// Everything that is wanted at start is there, or something could not be.
    Loaded(Result<(), Failure>),
}

/// How waiting ended.
pub(super) enum Waited {
    /// The server was told to stop.
    Told,
    /// What is to be served could not be loaded.
    Failed(Failure),
}

/// Waits until the server is to stop.
pub(super) fn wait(server: &Arc<Server>, events: &Receiver<Event>) -> Waited {
    let mut looking: Option<JoinHandle<()>> = None;
    loop {
        match events.recv() {
            Ok(Event::Loaded(Err(failure))) => return Waited::Failed(failure),
            Ok(Event::Loaded(Ok(()))) => {}
            Ok(Event::Signal(Signal::Reload)) => {
                // Whoever is still looking sees what has changed since as well, or does the next time.
                if looking.as_ref().is_none_or(JoinHandle::is_finished) {
                    looking = repository::look_again(server);
                }
            }
            Ok(Event::Signal(Signal::Stop)) | Err(_) => return Waited::Told,
        }
    }
}
