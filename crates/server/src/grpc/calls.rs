use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::watch;
use tonic::Code;

use crate::context::{Context, Held};
use crate::io::{Phase, Progress};

/// The open calls of one connection. All are answered on one thread, which alone tells how far the connection is.
pub(super) struct Calls {
    context: Arc<Context>,
    progress: Arc<Progress>,
    open: AtomicUsize,
    working: AtomicUsize,
    closing: watch::Sender<bool>,
}

/// One open call.
pub(super) struct Call {
    calls: Arc<Calls>,
    is_working: bool,
}

impl Calls {
    pub(super) fn new(context: Arc<Context>, progress: Arc<Progress>) -> Self {
        progress.enter(Phase::Idle);
        let (open, working) = (AtomicUsize::new(0), AtomicUsize::new(0));
        Self { context, progress, open, working, closing: watch::Sender::new(false) }
    }

    /// A call has begun: its message is awaited.
    pub(super) fn open(self: &Arc<Self>) -> Call {
        self.open.fetch_add(1, Ordering::Relaxed);
        self.tell();
        Call { calls: Arc::clone(self), is_working: false }
    }

    /// Has calls that would go on for ever end.
    pub(super) fn close(&self) {
        self.closing.send_replace(true);
    }

    /// The connection is as far as the call that the server has to do most for; only where it waits for the client with
    /// all of them is the client watched.
    fn tell(&self) {
        self.progress.enter(if self.working.load(Ordering::Relaxed) > 0 {
            Phase::Working
        } else if self.open.load(Ordering::Relaxed) > 0 {
            Phase::Body
        } else {
            Phase::Idle
        });
    }
}

impl Call {
    /// It is the server's turn.
    pub(super) fn work(&mut self) {
        if !self.is_working {
            self.is_working = true;
            self.calls.working.fetch_add(1, Ordering::Relaxed);
            self.calls.tell();
        }
    }

    /// It is the client's turn: to send, or to take the answer.
    pub(super) fn wait(&mut self) {
        if self.is_working {
            self.is_working = false;
            self.calls.working.fetch_sub(1, Ordering::Relaxed);
            self.calls.tell();
        }
    }

    /// Counts `bytes` of its answer until they are sent.
    pub(super) fn hold(&self, bytes: usize) -> Held {
        self.calls.context.hold(bytes)
    }

    /// What it was answered with.
    pub(super) fn end(&self, code: Code) {
        self.calls.context.observed.traffic.count_grpc(code.into());
    }

    /// Becomes ready when the connection is to end.
    pub(super) fn closed(&self) -> impl Future<Output = ()> + Send + 'static {
        let mut closing = self.calls.closing.subscribe();
        async move {
            // The sender is gone only with the connection.
            let _ = closing.wait_for(|is_closing| *is_closing).await;
        }
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        if self.is_working {
            self.calls.working.fetch_sub(1, Ordering::Relaxed);
        }
        self.calls.open.fetch_sub(1, Ordering::Relaxed);
        self.calls.tell();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ServerOptions;

    #[test]
    fn a_connection_is_as_busy_as_its_busiest_call() {
        let context = Arc::new(Context::new(ServerOptions::default()));
        let progress = Arc::new(Progress::default());
        let calls = Arc::new(Calls::new(context, Arc::clone(&progress)));
        let phase = || progress.phase().0;
        assert_eq!(phase(), Phase::Idle);
        let mut first = calls.open();
        assert_eq!(phase(), Phase::Body);
        first.work();
        let second = calls.open();
        assert_eq!(phase(), Phase::Working);
        first.wait();
        assert_eq!(phase(), Phase::Body);
        first.work();
        drop(first);
        assert_eq!(phase(), Phase::Body);
        drop(second);
        assert_eq!(phase(), Phase::Idle);
    }
}
