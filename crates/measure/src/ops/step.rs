use serde::Serialize;

/// A way to have many operations computed; each saves on what the one before it costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case", tag = "step")]
pub enum Step {
    /// Queue, descriptor and memory made for each operation, each waited for.
    Naive,
    /// The same in one queue.
    QueuePooled,
    /// The same, described once, of a library's algorithms by the one that was measured to be the fastest.
    DescriptorsCached,
    /// The same in memory made before: nothing but submitting and waiting is left.
    BuffersPooled,
    /// All submitted, then waited for once.
    NotWaiting,
    /// All recorded anew and submitted as one each time.
    OneSubmission {
        /// What runs beside each other.
        branches: usize,
    },
    /// Recorded before, submitted as one.
    Graph {
        /// What runs beside each other.
        branches: usize,
    },
    /// Recorded before, one after the other.
    GraphChained,
    /// All as one operation of many products.
    Grouped,
}

/// A cost that the seeds name.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct NamedCost {
    /// In their words.
    pub name: &'static str,
    /// What they estimate for it on an M4 Max, in microseconds an operation: from, to.
    pub seeds_us: [f64; 2],
}

impl Step {
    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Naive => "naive",
            Self::QueuePooled => "queue pooled",
            Self::DescriptorsCached => "descriptors cached",
            Self::BuffersPooled => "buffers pooled",
            Self::NotWaiting => "not waiting",
            Self::OneSubmission { .. } => "one submission",
            Self::Graph { .. } => "graph",
            Self::GraphChained => "graph, chained",
            Self::Grouped => "grouped",
        }
    }

    /// What is saved against the step before it; `None` of the first step and those that stand beside the ladder.
    #[must_use]
    pub fn saves(self) -> Option<NamedCost> {
        let cost = |name, from, to| Some(NamedCost { name, seeds_us: [from, to] });
        match self {
            Self::QueuePooled => cost("command queue creation", 90.0, 90.0),
            Self::DescriptorsCached => cost("multiplication object and descriptor creation", 50.0, 100.0),
            Self::BuffersPooled => cost("matrix creation", 20.0, 40.0),
            Self::NotWaiting => cost("synchronous wait", 50.0, 100.0),
            Self::OneSubmission { .. } => cost("command buffer creation", 50.0, 100.0),
            Self::Graph { .. } => cost("message overhead of each call", 10.0, 20.0),
            Self::Naive | Self::GraphChained | Self::Grouped => None,
        }
    }

    /// What runs beside each other.
    #[must_use]
    pub fn branches(self) -> Option<usize> {
        match self {
            Self::OneSubmission { branches } | Self::Graph { branches } => Some(branches),
            _ => None,
        }
    }
}
