use std::io;
use std::os::fd::OwnedFd;
use std::time::Instant;

use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create, timerfd_settime,
};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

#[expect(
    deprecated,
    reason = "what replaces it is unsafe, for descriptors that are not owned as this one is"
)]
fn register(timer: OwnedFd) -> io::Result<AsyncFd<OwnedFd>> {
    AsyncFd::with_interest(timer, Interest::READABLE)
}

/// A timer of the kernel's that the event loop waits for like for a connection.
pub(crate) struct Timer(AsyncFd<OwnedFd>);

impl Timer {
    /// Must be called within the event loop.
    pub(crate) fn new() -> io::Result<Self> {
        let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
        let timer = timerfd_create(TimerfdClockId::Monotonic, flags)?;
        register(timer).map(Self)
    }

    /// Waits until `deadline`, and not less.
    pub(crate) async fn wait_until(&mut self, deadline: Instant) -> io::Result<()> {
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(());
            }
            let it_value = Timespec::try_from(left).map_err(io::Error::other)?;
            let once = Itimerspec { it_interval: Timespec::default(), it_value };
            timerfd_settime(self.0.get_ref(), TimerfdTimerFlags::empty(), &once)?;
            // Setting the timer anew forgets that it expired, as reading it would: its clock says whether that was now.
            self.0.readable().await?.clear_ready();
        }
    }
}
