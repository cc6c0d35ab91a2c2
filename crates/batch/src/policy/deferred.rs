use super::{Open, Policy, View};
use crate::Nanos;

/// A batch leaves earlier than its deadline demands by this part of its time, which varies.
const RUN_MARGIN_DIVISOR: Nanos = 20;
/// And by at least this part of the time that its oldest request was given, for before it is known by how much batches
/// slip: threads have to be woken, which takes longer than a twentieth of a small batch.
const SLO_MARGIN_DIVISOR: Nanos = 50;

/// Symphony's rule (Chen and others, 2023, "deferred batch scheduling"): a batch leaves at the last moment at which it
/// could still take one row more and be in time, so that it is as large as can be and lanes are used as little.
///
/// With n lanes a batch may take b rows while (1 + 1/n)·l(b) is within the SLO: batches start one after the other on
/// different lanes, and a request that has just missed one waits an n-th of its time for the next. Without deadlines
/// there is nothing to wait for, and batches leave at once.
#[derive(Clone, Copy, Debug)]
pub struct Deferred;

impl Policy for Deferred {
    fn rows_cap(&mut self, view: &View<'_>) -> usize {
        let Some(slo_ns) = view.slo_ns else { return view.rows_max };
        let lanes = view.lanes.max(1) as Nanos;
        view.latency.rows_within(slo_ns.saturating_mul(lanes) / (lanes + 1), view.rows_max).max(1)
    }

    fn leaves_at_ns(&self, open: &Open<'_>) -> Nanos {
        match open.earliest_deadline_ns {
            Nanos::MAX => 0,
            deadline_ns => {
                let run_ns = open.latency.estimate_ns(open.rows + 1);
                let given_ns = deadline_ns.saturating_sub(open.oldest_arrival_ns);
                let margin_ns =
                    (run_ns / RUN_MARGIN_DIVISOR).max(given_ns / SLO_MARGIN_DIVISOR).max(open.slip_ns);
                deadline_ns.saturating_sub(run_ns).saturating_sub(margin_ns)
            }
        }
    }

    fn keeps_slo(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::LatencyModel;

    /// l(b) = 10 µs · b + 50 µs
    fn latency() -> LatencyModel {
        let mut model = LatencyModel::any(64);
        for index in 0..model.sizes().len() {
            model.calibrate(index, 10_000 * model.sizes()[index] as u64 + 50_000);
        }
        model
    }

    #[test]
    fn a_batch_leaves_while_one_more_could_ride() {
        let latency = latency();
        let open = |rows, earliest_deadline_ns| Open {
            oldest_arrival_ns: 0,
            earliest_deadline_ns,
            rows,
            slip_ns: 0,
            latency: &latency,
        };
        assert_eq!(Deferred.leaves_at_ns(&open(4, 1_000_000)), 1_000_000 - 100_000 - 20_000);
        assert_eq!(
            Deferred.leaves_at_ns(&open(9, 1_000_000)),
            1_000_000 - 150_000 - 20_000,
            "2 % of what it was given"
        );
        assert_eq!(
            Deferred.leaves_at_ns(&open(39, 1_000_000)),
            1_000_000 - 450_000 - 22_500,
            "5 % of what it takes"
        );
        assert_eq!(Deferred.leaves_at_ns(&open(9, 100)), 0, "long due");
        assert_eq!(Deferred.leaves_at_ns(&open(9, Nanos::MAX)), 0, "nothing to wait for");
    }

    #[test]
    fn more_lanes_let_batches_be_larger() {
        let latency = latency();
        let cap = |lanes| {
            Deferred.rows_cap(&View {
                start_ns: 0,
                ahead: 0,
                waiting_rows: 0,
                population_rows: 0,
                turnaround_ns: 0,
                lanes,
                rows_max: 64,
                slo_ns: Some(500_000),
                latency: &latency,
            })
        };
        assert_eq!([1, 4].map(cap), [20, 35]);
    }
}
