//! Keeps the mover off the cores that lanes compute on.
//!
//! A lane wakes the mover when a batch has ended, and goes on with the next. Linux often starts a woken thread on the
//! core of the thread that woke it, where it would then hand out answers in the lane's stead while other cores are
//! idle. So the mover is allowed every core but those the lanes were last seen on; the lanes themselves run wherever
//! the system likes.

pub(crate) use platform::Placing;

#[cfg(target_os = "linux")]
mod platform {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use rustix::thread::{CpuSet, Pid, gettid, sched_getaffinity, sched_getcpu, sched_setaffinity};

    const NOWHERE: usize = usize::MAX;

    /// Where the lanes were last seen, and who keeps off.
    pub(crate) struct Placing {
        lane_cores: Vec<AtomicUsize>,
        /// The cores this process may use; `None` where the system does not say.
        allowed: Option<CpuSet>,
        mover: OnceLock<Pid>,
    }

    impl Placing {
        pub(crate) fn new(lanes: usize) -> Self {
            Self {
                lane_cores: (0..lanes).map(|_| AtomicUsize::new(NOWHERE)).collect(),
                allowed: sched_getaffinity(None).ok(),
                mover: OnceLock::new(),
            }
        }

        /// The calling thread is the mover.
        pub(crate) fn mover_is_here(&self) {
            self.mover.get_or_init(gettid);
        }

        /// The calling thread is a lane's.
        pub(crate) fn lane_is_here(&self, lane: usize) {
            let core = sched_getcpu();
            // Lanes rarely move, so this is nearly always all.
            if self.lane_cores[lane].swap(core, Ordering::Relaxed) != core {
                self.keep_off();
            }
        }

        fn keep_off(&self) {
            let (Some(&mover), Some(allowed)) = (self.mover.get(), &self.allowed) else { return };
            let mut cores = *allowed;
            for core in &self.lane_cores {
                let core = core.load(Ordering::Relaxed);
                if core < CpuSet::MAX_CPU {
                    cores.unset(core);
                }
            }
            if cores.count() == 0 {
                cores = *allowed;
            }
            // Where it is refused, the mover merely disturbs a lane now and then.
            let _ = sched_setaffinity(Some(mover), &cores);
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

        pub(crate) fn mover_is_here(&self) {}

        pub(crate) fn lane_is_here(&self, _lane: usize) {}
    }
}
