use std::collections::VecDeque;
use std::io::Read;
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// How long what a process wrote may take to arrive after its end. Only a process that has left its group can hold the
/// other end longer.
const ARRIVAL: Duration = Duration::from_secs(2);

/// Bytes read at once.
const READ_BYTES: usize = 8192;

/// Reads a stream to its end on a thread of its own and keeps the last bytes of it.
pub(super) struct Tail {
    kept: Arc<Mutex<VecDeque<u8>>>,
    ended: Receiver<()>,
}

impl Tail {
    pub(super) fn of(mut stream: impl Read + Send + 'static, bytes_max: usize) -> Self {
        let kept = Arc::new(Mutex::new(VecDeque::new()));
        let (end, ended) = channel();
        let shared = Arc::clone(&kept);
        let read = move || {
            let mut buffer = [0; READ_BYTES];
            while let Ok(read @ 1..) = stream.read(&mut buffer) {
                let mut kept = shared.lock().unwrap_or_else(PoisonError::into_inner);
                kept.extend(&buffer[..read]);
                let surplus = kept.len().saturating_sub(bytes_max);
                kept.drain(..surplus);
            }
            let _ = end.send(());
        };
        // Without the thread the stream is closed, and nothing is kept.
        let _ = thread::Builder::new().name("child's output".to_owned()).spawn(read);
        Self { kept, ended }
    }

    /// What was kept, once the stream has ended.
    pub(super) fn take(self) -> Vec<u8> {
        // A sender that is gone is an end as well.
        let _ = self.ended.recv_timeout(ARRIVAL);
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).drain(..).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_long_stream_is_kept() {
        let bytes: Vec<u8> = (0..100_000_u32).map(|index| (index % 251) as u8).collect();
        let tail = Tail::of(std::io::Cursor::new(bytes.clone()), 1000);
        assert_eq!(tail.take(), bytes[99_000..]);
    }
}
