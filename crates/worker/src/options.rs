use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::{WorkerError, find_executable};

/// How worker processes are started and kept.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WorkerOptions {
    /// What is run as a worker; it calls [`worker_main`](crate::worker_main).
    pub exe: PathBuf,
    /// Its arguments; none by default.
    pub args: Vec<OsString>,
    /// Whether one worker more than there are lanes is kept prepared, so that it can stand in at once; so by default.
    pub spare: bool,
    /// How often in a row a worker that died before it answered a first batch is replaced; 5 by default.
    pub restarts_max: u32,
    /// What the waits before those restarts are multiples of (1, 1, 2, 3, 5 ... times); 1 s by default.
    pub back_off_unit: Duration,
    /// The longest of these waits; 5 minutes by default.
    pub back_off_max: Duration,
    /// How long an executable may take until it speaks as a worker; 30 s by default.
    pub greeting_timeout: Duration,
    /// How long a worker may take to prepare the model; 10 minutes by default.
    pub prepare_timeout: Duration,
    /// How long a worker may take to work out what rows of other shapes give; 1 minute by default.
    pub call_timeout: Duration,
    /// How often the workers are looked after; 1 s by default.
    pub tick: Duration,
    /// After how many such looks without a sign of life a worker that has nothing to do is replaced; 10 by default. Looks
    /// are counted rather than time, so that nobody is blamed for the sleep of the whole machine.
    pub stale_ticks_max: u32,
}

impl WorkerOptions {
    /// Workers of this executable, everything else by default.
    #[must_use]
    pub fn new(exe: impl Into<PathBuf>) -> Self {
        Self {
            exe: exe.into(),
            args: Vec::new(),
            spare: true,
            restarts_max: 5,
            back_off_unit: Duration::from_secs(1),
            back_off_max: Duration::from_secs(5 * 60),
            greeting_timeout: Duration::from_secs(30),
            prepare_timeout: Duration::from_secs(10 * 60),
            call_timeout: Duration::from_secs(60),
            tick: Duration::from_secs(1),
            stale_ticks_max: 10,
        }
    }

    /// Workers of the executable that [`find_executable`] finds.
    ///
    /// # Errors
    /// [`WorkerError::NoExecutable`].
    pub fn find(worker_exe: Option<&Path>) -> Result<Self, WorkerError> {
        find_executable(worker_exe).map(Self::new)
    }
}
