//! Keeps the engine's helping threads off the cores that lanes compute on.
//!
//! Who ends a batch wakes the thread that hands it out, and goes on with the next. Linux often starts a woken thread on
//! the core of the thread that woke it, where it would then help in the lane's stead while other cores are idle. So the
//! threads that help are allowed every core but those that lanes were last seen computing on; the lanes themselves, be
//! they threads or processes, run wherever the system likes.

pub(crate) use platform::Placing;

#[cfg(target_os = "linux")]
mod platform {
    use std::cell::Cell;
    use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

    use rustix::thread::{CpuSet, sched_getaffinity, sched_getcpu, sched_setaffinity};

    const NOWHERE: usize = usize::MAX;

    /// The state of a thread that may run on every core, and of cores that nobody has been seen on.
    const ANYWHERE: u64 = 0;

    /// The last number that was given to a state of any engine's cores.
    static LAST_STATE: AtomicU64 = AtomicU64::new(ANYWHERE);

    thread_local! {
        /// Which state of which engine's cores this thread has been placed after.
        static PLACED: Cell<u64> = const { Cell::new(ANYWHERE) };
    }

    /// Where the lanes were last seen.
    pub(crate) struct Placing {
        lane_cores: Vec<AtomicUsize>,
        /// Changes whenever one of them does, and is no other engine's.
        state: AtomicU64,
        /// The cores this process may use; `None` where the system does not say.
        allowed: Option<CpuSet>,
    }

    impl Placing {
        pub(crate) fn new(lanes: usize) -> Self {
            Self {
                lane_cores: (0..lanes).map(|_| AtomicUsize::new(NOWHERE)).collect(),
                state: AtomicU64::new(ANYWHERE),
                allowed: sched_getaffinity(None).ok(),
            }
        }

        /// The calling thread is a lane's and computes.
        pub(crate) fn lane_is_here(&self, lane: usize) {
            self.lane_is_on(lane, sched_getcpu());
        }

        /// A lane computes on this core.
        pub(crate) fn lane_is_on(&self, lane: usize, core: usize) {
            // Lanes rarely move, so this is nearly always all.
            if self.lane_cores[lane].load(Ordering::Relaxed) != core {
                self.lane_cores[lane].store(core, Ordering::Relaxed);
                self.state.store(LAST_STATE.fetch_add(1, Ordering::Relaxed) + 1, Ordering::Release);
            }
        }

        /// The calling thread helps: it keeps off the lanes' cores.
        pub(crate) fn keep_off(&self) {
            let state = self.state.load(Ordering::Acquire);
            if state == PLACED.get() {
                return;
            }
            PLACED.set(state);
            let Some(allowed) = &self.allowed else { return };
            let mut cores = *allowed;
            for core in &self.lane_cores {
                let core = core.load(Ordering::Relaxed);
                if core < CpuSet::MAX_CPU {
                    cores.unset(core);
                }
            }
            // Where it is refused, this thread merely disturbs a lane now and then.
            let _ = sched_setaffinity(None, if cores.count() == 0 { allowed } else { &cores });
        }

        /// The calling thread is about to compute, or to start threads that do: it may run on every core.
        pub(crate) fn roam(&self) {
            if PLACED.replace(ANYWHERE) != ANYWHERE
                && let Some(allowed) = &self.allowed
            {
                let _ = sched_setaffinity(None, allowed);
            }
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod platform {
    /// Other systems place woken threads by themselves.
    pub(crate) struct Placing;

    impl Placing {
        pub(crate) fn new(_lanes: usize) -> Self {
            Self
        }

        pub(crate) fn lane_is_here(&self, _lane: usize) {}

        pub(crate) fn lane_is_on(&self, _lane: usize, _core: usize) {}

        pub(crate) fn keep_off(&self) {}

        pub(crate) fn roam(&self) {}
    }
}
