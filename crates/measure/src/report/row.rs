use std::collections::BTreeMap;

use serde::Serialize;

use crate::latencies::Latencies;
use crate::stats::{Summary, quantile};
use crate::strategy::{Label, Measured, Parameters, Rule, Window};

/// One strategy's figures. What does not apply to it is `None`, and `null` in JSON.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Row {
    /// The strategy's name.
    pub strategy: &'static str,
    /// What tells it from the other rows of its strategy.
    pub parameters: Parameters,
    /// How much the strategy does at once.
    pub n: usize,
    /// Samples that are under way at once, where that is known.
    pub in_flight: Option<usize>,
    /// When results are waited for: only rows of one rule can be compared.
    pub rule: Rule,
    /// Rows of each batch, where the strategy forms them itself.
    pub batch: Option<usize>,
    /// Concurrent callers.
    pub callers: Option<usize>,
    /// Samples answered and read back a second: the median of the windows.
    pub samples_per_s: Option<f64>,
    /// Lower end of the interval that covers that median.
    pub samples_per_s_low: Option<f64>,
    /// Its upper end.
    pub samples_per_s_high: Option<f64>,
    /// How surely the interval covers it, 0 to 1.
    pub confidence: Option<f64>,
    /// Windows measured.
    pub windows: usize,
    /// Samples a second of each window, in their order.
    pub window_samples_per_s: Vec<f64>,
    /// Median latency of a request, or of a batch where the strategy forms them itself.
    pub p50_us: Option<f64>,
    /// The latency that one in a hundred exceeds.
    pub p99_us: Option<f64>,
    /// Mean rows of a batch.
    pub batch_mean: Option<f64>,
    /// Batches by their rows.
    pub batch_sizes: BTreeMap<usize, u64>,
    /// Samples answered in all windows.
    pub samples: u64,
    /// Answers that were compared with those expected.
    pub checked: u64,
    /// The largest error among those, relative to a row's largest magnitude.
    pub error_max: Option<f64>,
    /// `samples_per_s` as a share of what `raw` reaches at the batch sizes that were formed.
    pub of_raw_formed: Option<f64>,
    /// `samples_per_s` as a share of the best that `raw` reaches.
    pub of_raw_best: Option<f64>,
    /// Samples a second of the baseline, one lane that runs one row at a time, measured in turn with this row.
    pub baseline_samples_per_s: Option<f64>,
    /// `samples_per_s` over n times what the same strategy reaches at the smallest n it was measured at, for each of that.
    pub of_own: Option<f64>,
    /// `samples_per_s` over what as many baselines would reach as there are samples under way.
    pub of_baseline: Option<f64>,
    /// The larger of the shares of both ceilings.
    pub of_ceiling: Option<f64>,
    /// Arithmetic operations a second.
    pub flop_per_s: Option<f64>,
    /// The same as a share of what large matrix products reach on this device.
    pub of_flop_ceiling: Option<f64>,
    /// Bytes a second that have to be moved at the least: inputs, outputs, and the weights once a batch.
    pub bytes_per_s: Option<f64>,
    /// The same as a share of what can be moved on this device.
    pub of_bytes_ceiling: Option<f64>,
    /// The most memory that this process, and workers of its, had resident meanwhile.
    pub memory_bytes_max: Option<u64>,
    /// Requests sent a second, where they are sent whether or not answers come.
    pub offered_per_s: Option<f64>,
    /// Share of those that were refused.
    pub refused: Option<f64>,
    /// Share of those that were answered later than promised.
    pub late: Option<f64>,
    /// `samples_per_s` over that of the same callers without the engine.
    pub speedup: Option<f64>,
    /// CPU time of this process a request, callers included.
    pub cpu_us_per_request: Option<f64>,
    /// Allocations of this process a request, callers included.
    pub allocations_per_request: Option<f64>,
    /// Those that the callers make for their own buffers, engine or not.
    pub allocations_per_request_callers: Option<f64>,
    /// Requests after which memory was first looked at, and last.
    pub resident_after_requests: Option<[u64; 2]>,
    /// Resident memory at those two moments.
    pub resident_bytes: Option<[u64; 2]>,
    /// How much it grew between them.
    pub resident_growth_bytes: Option<i64>,
    /// What was waited for before the next batch or request was sent.
    pub waiting: &'static str,
}

impl Row {
    /// Sums up the windows of one strategy.
    #[must_use]
    pub fn of(measured: &Measured) -> Self {
        let windows = &measured.windows;
        let rates: Vec<f64> = windows.iter().map(Window::samples_per_s).collect();
        let summary = Summary::of(&rates);
        let mut latencies = Latencies::default();
        let mut batch_sizes = BTreeMap::new();
        for window in windows {
            latencies.merge(&window.latencies);
            for (&rows, &count) in &window.batches {
                *batch_sizes.entry(rows).or_default() += count;
            }
        }
        Self {
            strategy: measured.label.strategy,
            parameters: measured.label.parameters.clone(),
            n: measured.label.n,
            in_flight: measured.label.in_flight,
            rule: measured.label.rule,
            batch: measured.label.batch,
            callers: measured.label.callers,
            samples_per_s: summary.map(|summary| summary.median),
            samples_per_s_low: summary.map(|summary| summary.interval.low),
            samples_per_s_high: summary.map(|summary| summary.interval.high),
            confidence: summary.map(|summary| summary.interval.confidence),
            windows: windows.len(),
            window_samples_per_s: rates,
            p50_us: latencies.quantile_us(0.5),
            p99_us: latencies.quantile_us(0.99),
            batch_mean: mean_rows(&batch_sizes),
            batch_sizes,
            samples: windows.iter().map(|window| window.samples).sum(),
            checked: windows.iter().map(|window| window.checked).sum(),
            error_max: windows
                .iter()
                .filter(|window| window.checked > 0)
                .map(|window| window.error_max)
                .reduce(f64::max),
            cpu_us_per_request: middle(windows, |window| {
                let cost = window.cost?;
                Some(cost.cpu.as_secs_f64() * 1e6 / cost.requests as f64)
            }),
            allocations_per_request: middle(windows, |window| {
                let cost = window.cost?;
                Some(cost.allocations? as f64 / cost.requests as f64)
            }),
            waiting: measured.label.waiting,
            ..Self::default()
        }
        .open_loop(windows)
    }

    fn open_loop(self, windows: &[Window]) -> Self {
        let sum = |of: fn(&Window) -> u64| windows.iter().map(of).sum::<u64>() as f64;
        let offered = sum(|window| window.offered);
        if offered == 0.0 {
            return self;
        }
        let seconds: f64 = windows.iter().map(|window| window.elapsed.as_secs_f64()).sum();
        Self {
            offered_per_s: Some(offered / seconds),
            refused: Some(sum(|window| window.refused) / offered),
            late: Some(sum(|window| window.late) / offered),
            ..self
        }
    }

    /// What it is called: its strategy, and what tells it from the others of that.
    #[must_use]
    pub fn name(&self) -> String {
        let label = Label {
            strategy: self.strategy,
            parameters: self.parameters.clone(),
            batch: self.batch,
            callers: self.callers,
            ..Label::default()
        };
        label.to_string()
    }
}

fn mean_rows(batch_sizes: &BTreeMap<usize, u64>) -> Option<f64> {
    let batches: u64 = batch_sizes.values().sum();
    let rows: u64 = batch_sizes.iter().map(|(&rows, count)| rows as u64 * count).sum();
    (batches > 0).then(|| rows as f64 / batches as f64)
}

/// The median over the windows of a figure that some may lack.
fn middle(windows: &[Window], figure: impl Fn(&Window) -> Option<f64>) -> Option<f64> {
    let mut figures: Vec<f64> = windows.iter().filter_map(figure).filter(|value| value.is_finite()).collect();
    figures.sort_by(f64::total_cmp);
    quantile(&figures, 0.5)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::strategy::Cost;
    use std::time::Duration;

    fn measured() -> Measured {
        let window = |samples| Window {
            samples,
            elapsed: Duration::from_secs(2),
            batches: [(1, 2), (4, 1)].into(),
            cost: Some(Cost { requests: 100, cpu: Duration::from_micros(250), allocations: None }),
            ..Window::default()
        };
        let label = Label { strategy: "callers", callers: Some(8), ..Label::default() };
        Measured { label, windows: [20, 60, 40].map(window).into() }
    }

    #[test]
    fn sums_up_windows() {
        let row = Row::of(&measured());
        assert_eq!((row.samples_per_s, row.samples_per_s_low), (Some(20.0), Some(10.0)));
        assert_eq!((row.samples, row.windows, row.batch_mean), (120, 3, Some(2.0)));
        assert_eq!(row.batch_sizes, [(1, 6), (4, 3)].into());
        assert_eq!((row.cpu_us_per_request, row.allocations_per_request), (Some(2.5), None));
        assert_eq!(row.p50_us, None);
    }
}
