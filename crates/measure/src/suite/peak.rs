use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::{MeasureError, resident_bytes};

/// How often memory is looked at: often enough for what lasts, seldom enough to cost nothing.
const EVERY: Duration = Duration::from_millis(25);

/// Watches the most memory that this process has resident.
pub(super) struct Peak {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    bytes_max: AtomicU64,
    is_over: AtomicBool,
}

impl Peak {
    /// Watches from now on.
    pub(super) fn watch() -> Result<Self, MeasureError> {
        let shared = Arc::new(Shared::default());
        let seen = Arc::clone(&shared);
        let look = move || {
            while !seen.is_over.load(Ordering::Relaxed) {
                seen.bytes_max.fetch_max(resident_bytes().unwrap_or(0), Ordering::Relaxed);
                std::thread::park_timeout(EVERY);
            }
        };
        let thread = std::thread::Builder::new().name("memory".to_owned()).spawn(look);
        let thread = thread.map_err(|error| MeasureError::Thread { message: error.to_string() })?;
        Ok(Self { shared, thread: Some(thread) })
    }

    /// The most since this was asked before; `None` where the system does not tell.
    pub(super) fn take(&self) -> Option<u64> {
        let now = resident_bytes().unwrap_or(0);
        Some(self.shared.bytes_max.swap(0, Ordering::Relaxed).max(now)).filter(|&bytes| bytes > 0)
    }
}

impl Drop for Peak {
    fn drop(&mut self) {
        self.shared.is_over.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // It cannot panic: it only looks.
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_there_for_a_while_is_seen() {
        let peak = Peak::watch().unwrap();
        let before = peak.take().unwrap();
        let block = std::hint::black_box(vec![1_u8; 64 << 20]);
        let during = peak.take().unwrap();
        drop(block);
        assert!(during >= before + (32 << 20), "{before} {during}");
    }
}
