use crate::Nanos;

/// Batches over which the number of callers is remembered, about.
const POPULATION_BATCHES: usize = 64;
/// Weight of the newest turnaround in their mean.
const MEAN_WEIGHT: f64 = 0.1;

/// What can be told of the callers from outside: how many rows they keep in the engine, and how soon after their
/// answers they are back with the next.
#[derive(Default)]
pub(crate) struct Callers {
    /// When a batch ended, and how many rows will have arrived once as many as it had are back.
    awaited: Option<(Nanos, usize)>,
    population_rows: usize,
    turnaround_ns: f64,
    arrived_rows: usize,
}

impl Callers {
    /// Rows that callers keep in the queue and on the lanes together, at the most of late.
    pub(crate) fn population_rows(&self) -> usize {
        self.population_rows
    }

    /// How long it takes, on average, until as many rows have arrived as a batch that ended had.
    pub(crate) fn turnaround_ns(&self) -> Nanos {
        self.turnaround_ns as Nanos
    }

    /// So many rows are in the queue and on the lanes now.
    pub(crate) fn present(&mut self, rows: usize) {
        // The most there were, forgotten slowly: callers that are on their way back still count.
        let remembered = self.population_rows - self.population_rows.div_ceil(POPULATION_BATCHES);
        self.population_rows = remembered.max(rows);
    }

    pub(crate) fn arrived(&mut self, now_ns: Nanos, rows: usize) {
        self.arrived_rows = self.arrived_rows.wrapping_add(rows);
        if let Some((ended_ns, back_rows)) = self.awaited
            && self.arrived_rows >= back_rows
        {
            self.awaited = None;
            let took_ns = now_ns.saturating_sub(ended_ns) as f64;
            self.turnaround_ns += MEAN_WEIGHT * (took_ns - self.turnaround_ns);
        }
    }

    pub(crate) fn ended(&mut self, now_ns: Nanos, rows: usize) {
        self.awaited.get_or_insert((now_ns, self.arrived_rows.wrapping_add(rows)));
    }
}
