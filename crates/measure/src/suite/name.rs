use super::catalog;
use super::{Group, Subject};

/// A strategy that compares ways of running a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Name {
    /// One lane, a loop, batches of 1 to 256 rows.
    Raw,
    /// 1 to 16 threads, batches of 1 and 32, a program shared or one each.
    Threads,
    /// One lane, batches of 1 to 256 rows, as the threads run them.
    Batching,
    /// 1 to 8 worker processes, batches of 1, 32, 64 and 128.
    ProcessPool,
    /// Callers of an engine of one lane and of several.
    BatchQueue,
    /// As many samples under way, as few lanes with large batches or many with small ones.
    Hybrid,
    /// 1 to 16 batches under way on one lane.
    Pipelined,
    /// Buffers used again, against buffers made for each batch.
    Pooled,
    /// fp32 against fp16.
    Precision,
    /// The model as exported against what the runtime makes of it.
    Optimize,
    /// 1 to 32 lanes of one engine.
    Lanes,
    /// What the seeds put on top of each other, each added and each left out.
    Stack,
    /// Each policy in an open loop, with steps and ramps.
    Policy,
}

impl Name {
    /// All of them, in the order in which they are measured.
    pub const ALL: [Self; 13] = [
        Self::Raw,
        Self::Threads,
        Self::Batching,
        Self::ProcessPool,
        Self::BatchQueue,
        Self::Hybrid,
        Self::Pipelined,
        Self::Pooled,
        Self::Precision,
        Self::Optimize,
        Self::Lanes,
        Self::Stack,
        Self::Policy,
    ];

    /// As it is written.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Raw => "raw",
            Self::Threads => "threads",
            Self::Batching => "batching",
            Self::ProcessPool => "process-pool",
            Self::BatchQueue => "batch-queue",
            Self::Hybrid => "hybrid",
            Self::Pipelined => "pipelined",
            Self::Pooled => "pooled",
            Self::Precision => "precision",
            Self::Optimize => "optimize",
            Self::Lanes => "lanes",
            Self::Stack => "stack",
            Self::Policy => "policy",
        }
    }

    /// Its rows.
    #[must_use]
    pub fn groups(self, subject: &Subject) -> Vec<Group<'_>> {
        match self {
            Self::Raw => catalog::raw(subject),
            Self::Threads => catalog::threads(subject),
            Self::Batching => catalog::batching(subject),
            Self::ProcessPool => catalog::process_pool(subject),
            Self::BatchQueue => catalog::batch_queue(subject),
            Self::Hybrid => catalog::hybrid(subject),
            Self::Pipelined => catalog::pipelined(subject),
            Self::Pooled => catalog::pooled(subject),
            Self::Precision => catalog::precision(subject),
            Self::Optimize => catalog::optimize(subject),
            Self::Lanes => catalog::lanes(subject),
            Self::Stack => catalog::stack(subject),
            Self::Policy => catalog::policy(subject),
        }
    }
}
