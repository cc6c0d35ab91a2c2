use std::collections::VecDeque;
use std::io::{PipeReader, Read};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

use crate::lock;

/// Lines of a worker's output that are kept.
const LINES_MAX: usize = 32;
/// Bytes of a line; longer ones are cut.
const LINE_BYTES_MAX: usize = 1024;

/// The last lines that a worker wrote to its standard output and error.
#[derive(Debug, Default)]
pub(super) struct Tail {
    state: Mutex<State>,
    ended: Condvar,
}

#[derive(Debug, Default)]
struct State {
    lines: VecDeque<String>,
    has_ended: bool,
}

impl Tail {
    /// Reads until the worker and all that hold its output have closed it, and passes each line on.
    pub(super) fn read(&self, mut output: impl Read, pid: u32) {
        let (mut line, mut chunk) = (Vec::new(), [0; 4096]);
        while let Ok(read @ 1..) = output.read(&mut chunk) {
            for &byte in &chunk[..read] {
                if byte == b'\n' {
                    self.push(&line, pid);
                    line.clear();
                } else if line.len() < LINE_BYTES_MAX {
                    line.push(byte);
                }
            }
        }
        if !line.is_empty() {
            self.push(&line, pid);
        }
        lock(&self.state).has_ended = true;
        self.ended.notify_all();
    }

    /// What is kept, as soon as the output has ended, and no later than after `timeout`: what the worker itself started
    /// may hold it open.
    pub(super) fn after_end(&self, timeout: Duration) -> String {
        let waited = self.ended.wait_timeout_while(lock(&self.state), timeout, |state| !state.has_ended);
        let (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        state.lines.iter().map(String::as_str).collect::<Vec<_>>().join("\n")
    }

    fn push(&self, line: &[u8], pid: u32) {
        let line = String::from_utf8_lossy(line).trim_end().to_owned();
        tracing::info!(pid, "worker: {line}");
        let mut state = lock(&self.state);
        if state.lines.len() >= LINES_MAX {
            state.lines.pop_front();
        }
        state.lines.push_back(line);
    }
}

/// Starts the thread that reads a worker's output.
pub(super) fn start(tail: std::sync::Arc<Tail>, output: PipeReader, pid: u32) -> std::io::Result<()> {
    let read = move || tail.read(output, pid);
    std::thread::Builder::new().name("phalanx-worker-output".to_owned()).spawn(read).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_lines_are_kept_and_cut() {
        let tail = Tail::default();
        let mut text = (0..100).map(|line| format!("line {line}\n")).collect::<String>();
        text.push_str(&"x".repeat(9999));
        tail.read(text.as_bytes(), 1);
        let kept = tail.after_end(Duration::ZERO);
        let lines: Vec<&str> = kept.lines().collect();
        assert_eq!((lines.len(), lines[0]), (LINES_MAX, "line 69"));
        assert_eq!(lines[LINES_MAX - 1].len(), LINE_BYTES_MAX);
    }
}
