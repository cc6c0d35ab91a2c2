use super::{Policy, View};
use crate::{LatencyModel, Nanos};

/// The default: the largest batch that lets every request keep its deadline.
///
/// A batch may take b rows while (1 + batches ahead)·l(b) is within the SLO, counting at least one ahead: a request
/// may just have missed a batch, and rides the next. Without an SLO and without deadlines it is
/// [`Immediate`](super::Immediate).
#[derive(Clone, Copy, Debug)]
pub struct SloWindow;

impl Policy for SloWindow {
    fn rows_cap(&mut self, view: &View<'_>) -> usize {
        let Some(slo_ns) = view.slo_ns else { return view.rows_max };
        let rounds = 1 + view.ahead.max(1) as u64;
        view.latency.rows_within(slo_ns / rounds, view.rows_max).max(1)
    }

    fn keeps_slo(&self) -> bool {
        true
    }
}

/// Where in a queue, ordered by deadline, the window starts that gives the largest batch: the one whose oldest member
/// still meets its deadline with all the rows behind it that fit. Requests before it are passed over (early drop, as
/// in Nexus, SOSP 2019). Of equal windows the first is taken, so nothing is passed over for nothing.
///
/// `queue` yields deadline and rows; `start_ns` is when the batch would start.
pub fn window_start(
    queue: impl Iterator<Item = (Nanos, usize)> + Clone,
    start_ns: Nanos,
    rows_cap: usize,
    latency: &LatencyModel,
) -> usize {
    // Beyond this many rows the windows only slide on.
    let rows_seen_max = rows_cap.saturating_mul(4);
    let mut rows_left: usize = 0;
    for (_, rows) in queue.clone() {
        rows_left += rows;
        if rows_left >= rows_seen_max {
            break;
        }
    }
    let mut best = (0, 0);
    for (index, (deadline_ns, rows)) in queue.enumerate() {
        if rows_left <= best.1 || best.1 >= rows_cap {
            break;
        }
        let fits = match deadline_ns {
            Nanos::MAX => rows_cap,
            _ => latency.rows_within(deadline_ns.saturating_sub(start_ns), rows_cap),
        };
        let window = fits.min(rows_left);
        if window > best.1 {
            best = (index, window);
        }
        rows_left = rows_left.saturating_sub(rows);
    }
    best.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::View;

    /// l(b) = 10·b + 50
    fn latency() -> LatencyModel {
        let mut model = LatencyModel::any(64);
        for index in 0..model.sizes().len() {
            model.calibrate(index, 10 * model.sizes()[index] as u64 + 50);
        }
        model
    }

    fn cap(slo_ns: Option<Nanos>, ahead: usize) -> usize {
        let latency = latency();
        SloWindow.rows_cap(&View { start_ns: 0, ahead, waiting_rows: 0, rows_max: 64, slo_ns, latency: &latency })
    }

    #[test]
    fn two_batches_fit_into_the_slo() {
        assert_eq!(cap(Some(300), 0), 10);
        assert_eq!(cap(Some(300), 1), 10);
        assert_eq!(cap(Some(300), 2), 5);
        assert_eq!(cap(None, 3), 64);
        assert_eq!(cap(Some(1), 0), 1, "an SLO that one row cannot meet");
    }

    #[test]
    fn a_tight_head_is_passed_over_for_a_larger_batch() {
        let latency = latency();
        // The first could ride with 1 row only (80 ns), those behind it with 20 (250 ns).
        let queue: Vec<(Nanos, usize)> = std::iter::once((65, 1)).chain((0..20).map(|_| (250, 1))).collect();
        assert_eq!(window_start(queue.iter().copied(), 0, 64, &latency), 1);
        // With room for all there is nothing to pass over.
        assert_eq!(window_start(queue.iter().map(|&(_, rows)| (1000, rows)), 0, 64, &latency), 0);
        // Nor where the queue is short.
        assert_eq!(window_start([(65, 1), (70, 1)].into_iter(), 0, 64, &latency), 0);
    }
}
