use std::sync::LazyLock;
use std::sync::mpsc::{Sender, channel};
use std::time::Duration;

use phalanx_engine::Engine;

/// Stops engines on a thread of its own: the last holder of one may be an I/O thread, which must not wait for lanes.
static REAPER: LazyLock<Option<Sender<Engine>>> = LazyLock::new(|| {
    let (sender, engines) = channel::<Engine>();
    let reap = move || {
        for engine in engines {
            engine.stop(Duration::ZERO);
        }
    };
    std::thread::Builder::new().name("phalanx-reaper".to_owned()).spawn(reap).ok().map(|_| sender)
});

/// Has `engine`, which nobody uses any more, stopped.
pub(super) fn reap(engine: Engine) {
    if let Some(reaper) = &*REAPER {
        // Where its thread is gone, dropping the engine here stops it all the same.
        let _ = reaper.send(engine);
    }
}
