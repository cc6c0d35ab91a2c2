use crate::Nanos;

/// Batches over which the number of callers is remembered, about.
const POPULATION_BATCHES: usize = 64;
/// Weight of the newest turnaround in their mean.
const MEAN_WEIGHT: f64 = 0.1;
/// Weight of what arrived during the last batch in the rate of arrivals, of one lane: a burst is over before it counts.
/// With n lanes batches end n times as often, and bursts are no shorter.
const RATE_WEIGHT: f64 = 0.04;

/// What can be told of the callers from outside: how many rows they keep in the engine, and how soon after their
/// answers they are back with the next.
#[derive(Default)]
pub(crate) struct Callers {
    /// When a batch ended, and how many rows will have arrived once as many as it had are back.
    awaited: Option<(Nanos, usize)>,
    population_rows: usize,
    turnaround_ns: f64,
    arrived_rows: usize,
    /// When the last batch ended, and how many rows had arrived and been offered by then.
    ended: (Nanos, usize, usize),
    rows_per_ns: f64,
    offered_rows: usize,
    offered_per_ns: f64,
    rate_weight: f64,
}

impl Callers {
    /// Those of a scheduler with so many lanes.
    pub(crate) fn new(lanes: usize) -> Self {
        Self { rate_weight: RATE_WEIGHT / lanes.max(1) as f64, ..Self::default() }
    }

    /// Rows that callers keep in the queue and on the lanes together, at the most of late.
    pub(crate) fn population_rows(&self) -> usize {
        self.population_rows
    }

    /// How long it takes, on average, until as many rows have arrived as a batch that ended had.
    pub(crate) fn turnaround_ns(&self) -> Nanos {
        self.turnaround_ns as Nanos
    }

    /// Rows that are likely to arrive within this time.
    pub(crate) fn expected_rows(&self, within_ns: Nanos) -> usize {
        (self.rows_per_ns * within_ns as f64) as usize
    }

    /// Rows that callers would like to have run within this time, those that are refused included.
    pub(crate) fn offered_rows(&self, within_ns: Nanos) -> usize {
        (self.offered_per_ns * within_ns as f64) as usize
    }

    /// A caller asks whether so many rows would be admitted.
    pub(crate) fn offered(&mut self, rows: usize) {
        self.offered_rows = self.offered_rows.wrapping_add(rows);
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
        let until_now = (now_ns, self.arrived_rows, self.offered_rows);
        let (ended_ns, arrived_rows, offered_rows) = std::mem::replace(&mut self.ended, until_now);
        let since_ns = now_ns.saturating_sub(ended_ns).max(1) as f64;
        let arrived = self.arrived_rows.wrapping_sub(arrived_rows) as f64 / since_ns;
        let offered = self.offered_rows.wrapping_sub(offered_rows) as f64 / since_ns;
        self.rows_per_ns += self.rate_weight * (arrived - self.rows_per_ns);
        self.offered_per_ns += self.rate_weight * (offered - self.offered_per_ns);
        self.awaited.get_or_insert((now_ns, self.arrived_rows.wrapping_add(rows)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_who_are_away_are_remembered_for_a_while() {
        let mut callers = Callers::new(1);
        callers.present(64);
        callers.present(10);
        assert_eq!(callers.population_rows(), 63);
        (0..500).for_each(|_| callers.present(10));
        assert_eq!(callers.population_rows(), 10);
        callers.present(20);
        assert_eq!(callers.population_rows(), 20);
    }

    #[test]
    fn what_is_expected_is_what_came_of_late() {
        let mut callers = Callers::new(1);
        for end_ns in (1000..1_000_000).step_by(1000) {
            callers.offered(16);
            callers.arrived(end_ns - 500, 8);
            callers.ended(end_ns, 8);
        }
        assert_eq!((callers.expected_rows(10_100), callers.offered_rows(10_100)), (80, 161));
        assert_eq!(callers.expected_rows(0), 0);
    }

    #[test]
    fn the_turnaround_is_the_time_until_as_many_rows_are_back() {
        let mut callers = Callers::new(1);
        for round in 0..200 {
            let ended_ns = round * 1000;
            callers.ended(ended_ns, 8);
            callers.ended(ended_ns + 10, 8);
            callers.arrived(ended_ns + 50, 7);
            callers.arrived(ended_ns + 70, 1);
            callers.arrived(ended_ns + 500, 8);
        }
        assert_eq!(callers.turnaround_ns(), 69, "70, but for what is left of the first guess");
    }
}
