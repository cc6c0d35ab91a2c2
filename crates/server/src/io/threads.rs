use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use phalanx_handoff::Bell;
use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;

use super::progress::Order;
use super::{Patrol, burst};
use crate::{ServerError, Timeouts};

/// Threads that long texts are parsed on, and models loaded, for one I/O thread.
const BLOCKING_THREADS_MAX: usize = 16;

/// A thread with a runtime of its own: a connection stays on it, so nothing of its state changes threads.
pub(crate) struct IoThread {
    pub(crate) handle: Handle,
    pub(crate) bell: Arc<Bell>,
    pub(crate) patrol: Arc<Patrol>,
    running: Mutex<Option<Running>>,
}

/// A thread that has not been joined.
struct Running {
    /// It ends when this is gone.
    stop: oneshot::Sender<()>,
    thread: JoinHandle<()>,
}

/// All of them.
pub(crate) struct IoThreads(pub(crate) Vec<IoThread>);

impl IoThreads {
    pub(crate) fn start(count: usize, timeouts: Timeouts) -> Result<Self, ServerError> {
        (0..count.max(1)).map(|index| IoThread::start(index, timeouts)).collect::<Result<_, _>>().map(Self)
    }

    /// Ends the threads, and with them every connection.
    pub(crate) fn join(&self) {
        self.0.iter().for_each(IoThread::join);
    }

    /// Tells every connection the same.
    pub(crate) fn tell_all(&self, order: Order) {
        self.0.iter().for_each(|thread| thread.patrol.tell_all(order));
    }
}

impl IoThread {
    fn start(index: usize, timeouts: Timeouts) -> Result<Self, ServerError> {
        let failed = |error: std::io::Error| ServerError::Thread { message: error.to_string() };
        let runtime = Builder::new_current_thread()
            .enable_all()
            .on_thread_park(burst::go)
            .max_blocking_threads(BLOCKING_THREADS_MAX)
            .build()
            .map_err(failed)?;
        let handle = runtime.handle().clone();
        let bell = Arc::new(Bell::default());
        let patrol = Arc::new(Patrol::new(timeouts));
        let (stop, stopped) = oneshot::channel();
        let (listening, walking) = (Arc::clone(&bell), Arc::clone(&patrol));
        let run = move || {
            runtime.spawn(async move { walking.walk().await });
            runtime.spawn(listen(listening));
            // Ends as well when the sender is gone.
            let _ = runtime.block_on(stopped);
        };
        let name = format!("phalanx-io-{index}");
        let thread = std::thread::Builder::new().name(name).spawn(run).map_err(failed)?;
        let running = Mutex::new(Some(Running { stop, thread }));
        Ok(Self { handle, bell, patrol, running })
    }

    fn join(&self) {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(Running { stop, thread }) = running else { return };
        drop(stop);
        if thread.thread().id() != std::thread::current().id() {
            // Panics of tasks stay in them; the thread itself has nothing that could.
            let _ = thread.join();
        }
    }
}

/// Wakes this thread's tasks whose answers have come.
async fn listen(bell: Arc<Bell>) {
    let mut tasks = Vec::new();
    loop {
        std::future::poll_fn(|context| bell.poll(context, &mut tasks)).await;
        tasks.drain(..).for_each(std::task::Waker::wake);
    }
}

impl Drop for IoThread {
    fn drop(&mut self) {
        self.join();
    }
}
