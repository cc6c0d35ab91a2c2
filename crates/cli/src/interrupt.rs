//! Ctrl-C and its like: unfinished files are removed and the program ends at once, unless it serves.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

static UNFINISHED: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

type Listener = Box<dyn Fn(Signal) + Send>;

/// Who hears of signals instead of the program ending with the first.
static LISTENER: Mutex<Option<Listener>> = Mutex::new(None);

/// What a command that runs until it is stopped is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signal {
    /// End, once what has begun is done.
    Stop,
    /// Look again at what may have changed.
    Reload,
}

/// Has `listener` called for the first signal to stop and for every one to reload. A second one to stop still ends
/// the program at once.
pub(crate) fn forward(listener: impl Fn(Signal) + Send + 'static) {
    *LISTENER.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(listener));
}

/// Ends the program without the runtimes' exit handlers, which expect that none of their threads still computes.
#[cfg(unix)]
pub(crate) fn exit(code: i32) -> ! {
    remove_unfinished();
    phalanx_measure::crash::stop_running();
    signal_hook::low_level::exit(code)
}

/// Ends the program.
#[cfg(not(unix))]
pub(crate) fn exit(code: i32) -> ! {
    std::process::exit(code)
}

/// Listens from now on. Where that is not possible, signals end the program as they end any other.
#[cfg(unix)]
pub(crate) fn listen() {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    use signal_hook::iterator::Signals;

    let Ok(mut signals) = Signals::new([SIGINT, SIGTERM, SIGHUP]) else { return };
    let wait = move || {
        let mut stopping = false;
        for signal in signals.forever() {
            let listener = LISTENER.lock().unwrap_or_else(PoisonError::into_inner);
            match &*listener {
                Some(listener) if signal == SIGHUP => listener(Signal::Reload),
                Some(listener) if !stopping => listener(Signal::Stop),
                Some(_) => end(128 + signal, "stopped at once"),
                None => end(1, "interrupted"),
            }
            stopping |= signal != SIGHUP;
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
fn end(code: i32, word: &str) -> ! {
    remove_unfinished();
    crate::terminal::words(word);
    exit(code)
}

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
