use std::fmt;
use std::sync::{Mutex, PoisonError};

use phalanx_engine::{Span, Trace};

/// Spans that are kept: more say no more, and a trace has to be opened.
const SPANS_MAX: usize = 1 << 19;

/// A span, and the thread that spent it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Noted {
    /// The span.
    pub span: Span,
    /// The thread's name.
    pub thread: String,
}

/// Keeps what an engine traces.
#[derive(Default)]
pub struct Recorder(Mutex<Vec<Noted>>);

impl Recorder {
    /// All spans since this was asked before, in the order in which they ended.
    #[must_use]
    pub fn take(&self) -> Vec<Noted> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Trace for Recorder {
    fn span(&self, span: Span) {
        let current = std::thread::current();
        let thread = current.name().map_or_else(|| format!("{:?}", current.id()), str::to_owned);
        let mut spans = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if spans.len() < SPANS_MAX {
            spans.push(Noted { span, thread });
        }
    }
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Recorder")
    }
}
