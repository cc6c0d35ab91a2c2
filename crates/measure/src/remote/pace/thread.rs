use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::time::Instant;

use tokio::sync::Notify;

/// A thread that sleeps for the event loop: where the system has no timer that the loop could wait for.
pub(crate) struct Timer {
    deadlines: Sender<Instant>,
    woken: Arc<Notify>,
}

impl Timer {
    /// Starts the thread, which ends with the timer.
    pub(crate) fn new() -> io::Result<Self> {
        let (deadlines, asked) = channel::<Instant>();
        let woken = Arc::new(Notify::new());
        let wake = Arc::clone(&woken);
        let sleep = move || {
            for deadline in asked {
                // The clock that sleep counts by need not be the one that instants are read from.
                while let Some(left) =
                    deadline.checked_duration_since(Instant::now()).filter(|left| !left.is_zero())
                {
                    std::thread::sleep(left);
                }
                wake.notify_one();
            }
        };
        std::thread::Builder::new().name("pace".to_owned()).spawn(sleep)?;
        Ok(Self { deadlines, woken })
    }

    /// Waits until `deadline`, and not less.
    pub(crate) async fn wait_until(&mut self, deadline: Instant) -> io::Result<()> {
        if Instant::now() < deadline {
            self.deadlines.send(deadline).map_err(|_| io::Error::other("the thread that waits has ended"))?;
        }
        while Instant::now() < deadline {
            self.woken.notified().await;
        }
        Ok(())
    }
}
