//! Ctrl-C: unfinished files are removed, and the program ends at once.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

static UNFINISHED: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// Listens from now on. Where that is not possible, signals end the program as they end any other.
#[cfg(unix)]
pub(crate) fn listen() {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    use signal_hook::iterator::Signals;

    let Ok(mut signals) = Signals::new([SIGINT, SIGTERM, SIGHUP]) else { return };
    let wait = move || {
        if signals.forever().next().is_some() {
            remove_unfinished();
            crate::terminal::words("interrupted");
            // Without the runtimes' exit handlers, which expect that none of their threads still computes.
            signal_hook::low_level::exit(1);
        }
    };
    // Without this thread the signals would do nothing: they are taken out of the program's way first.
    if std::thread::Builder::new().name("signals".to_owned()).spawn(wait).is_err() {
        crate::terminal::warning("no thread could be started to wait for Ctrl-C");
    }
}

/// Signals end the program as they end any other.
#[cfg(not(unix))]
pub(crate) fn listen() {}

#[cfg(unix)]
fn remove_unfinished() {
    for path in UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
        // It may just have got its name, or been removed.
        let _ = std::fs::remove_file(path);
    }
}

/// A file that is removed with the program, for as long as this lives.
pub(crate) struct Unfinished(PathBuf);

impl Unfinished {
    /// Guards `path`.
    pub(crate) fn guard(path: &Path) -> Self {
        UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner).push(path.to_owned());
        Self(path.to_owned())
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner).retain(|path| *path != self.0);
    }
}
