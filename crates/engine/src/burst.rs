use std::fmt;
use std::sync::Arc;

use phalanx_batch::HoldId;
use smallvec::SmallVec;

use crate::hub::Hub;

/// Requests that are handed in together, to one engine or to several, and leave together.
///
/// Waking a thread is a system call, and a lane that is woken by the first of many requests runs it alone; so does one
/// that is awake and takes what has been handed in so far. A burst keeps lanes from taking a batch that is not full
/// and of which it has brought all, until [`Burst::go`]; so that has to be soon. Dropping it lets it go too.
#[derive(Default)]
pub struct Burst {
    held: SmallVec<[(Arc<Hub>, HoldId); 2]>,
}

impl Burst {
    /// What is admitted to `hub` from now on belongs to this burst.
    pub(crate) fn hold(&mut self, hub: &Arc<Hub>) {
        if !self.held.iter().any(|(other, _)| Arc::ptr_eq(other, hub)) {
            self.held.push((Arc::clone(hub), hub.hold(hub.now_ns())));
        }
    }

    /// Lets the lanes have what was handed in, and wakes those that sleep.
    pub fn go(&mut self) {
        for (hub, hold) in self.held.drain(..) {
            hub.let_go(hold, hub.now_ns());
        }
    }

    /// Whether nothing was handed in since it was let go.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.held.is_empty()
    }
}

impl Drop for Burst {
    fn drop(&mut self) {
        self.go();
    }
}

impl fmt::Debug for Burst {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Burst").field("engines", &self.held.len()).finish()
    }
}
