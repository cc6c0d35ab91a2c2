use std::fmt;

/// A part of what happens to a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Stage {
    /// Rows are copied into the slot, on a caller's thread or the mover's.
    Gather,
    /// The lane makes the slot ready: what was not copied yet is, and the bucket is filled up.
    Seal,
    /// The batch is handed to a device that works by itself. Of a blocking lane this is [`Stage::Run`].
    Submit,
    /// From the submission until the end of the batch: on a blocking lane the computation, else also the wait for it.
    Run,
    /// The rows are handed to their callers.
    Scatter,
}

impl Stage {
    /// All, in the order in which a batch passes them.
    pub const ALL: [Self; 5] = [Self::Gather, Self::Seal, Self::Submit, Self::Run, Self::Scatter];

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Gather => "gather",
            Self::Seal => "seal",
            Self::Submit => "submit",
            Self::Run => "run",
            Self::Scatter => "scatter",
        }
    }
}

/// A stretch of time that a thread spent on a batch. Times are counted in nanoseconds from when the engine was built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The batch; ids are not used again.
    pub batch: u64,
    /// What was done.
    pub stage: Stage,
    /// The lane, where it is known by then.
    pub lane: Option<usize>,
    /// Rows that it was done for.
    pub rows: usize,
    /// When it began.
    pub begin_ns: u64,
    /// When it ended.
    pub end_ns: u64,
}

/// Who is told of every span, on the thread that spent it. It must not block: the thread has a lane to serve, or an
/// answer to give.
pub trait Trace: fmt::Debug + Send + Sync {
    /// This has just ended.
    fn span(&self, span: Span);
}
