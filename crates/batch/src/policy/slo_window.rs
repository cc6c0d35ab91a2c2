use super::{Policy, View};
use crate::{LatencyModel, Nanos};

/// The default: the largest batch that lets every request keep its deadline.
///
/// A batch may take b rows while (½ + batches ahead)·l(b) is within the SLO, counting at least one ahead: a request
/// that arrives while a batch runs has missed it, by half of it on the average, and rides the next. Those who wait
/// longer are protected by [`window_start`]; holding the batches to what the unluckiest of them needs, a whole batch
/// instead of a half, costs up to two percent of the goodput under bursts. Without an SLO and without deadlines
/// nothing is late, and a batch takes what waits.
///
/// With or without an SLO, a batch leaves the lanes something to do while it runs: see `busy_share`.
#[derive(Clone, Copy, Debug)]
pub struct SloWindow;

impl Policy for SloWindow {
    fn rows_cap(&mut self, view: &View<'_>) -> usize {
        let share = busy_share(view);
        let Some(slo_ns) = view.slo_ns else { return share };
        let half_batches = 1 + 2 * view.ahead.max(1) as u64;
        view.latency.rows_within(slo_ns.saturating_mul(2) / half_batches, share).max(1)
    }

    fn keeps_slo(&self) -> bool {
        true
    }
}

/// The most rows of a batch that still leave work for the lanes while it runs.
///
/// Callers that wait for their answers send nothing. Were all of them in one batch, the lanes would be idle from its
/// end until the callers are back; so with n lanes the rows are shared out over n + 1 batches, where that takes less
/// than the one batch and what of the wait the others would fill. Only where the SLO leaves time, and all of them are
/// through within a third of it: under more load than that, large batches are what keeps the requests in time.
fn busy_share(view: &View<'_>) -> usize {
    let together = view.population_rows.min(view.rows_max);
    let share = view.population_rows.div_ceil(view.lanes + 1).max(1);
    if share >= together || !view.latency.is_known() {
        return view.rows_max;
    }
    let (share_ns, together_ns) = (view.latency.estimate_ns(share), view.latency.estimate_ns(together));
    let apart_ns = share_ns.saturating_mul(together as Nanos) / share as Nanos;
    let through_ns = share_ns.saturating_mul(view.lanes as Nanos + 1) / view.lanes.max(1) as Nanos;
    let in_time = view.slo_ns.is_none_or(|slo_ns| through_ns <= slo_ns / 3);
    let pays = apart_ns < together_ns.saturating_add(view.turnaround_ns.min(share_ns));
    if in_time && pays { share } else { view.rows_max }
}

/// A request that may ride in a batch.
#[derive(Clone, Copy, Debug)]
pub struct Rider {
    /// When it has to be answered.
    pub deadline_ns: Nanos,
    /// Its rows.
    pub rows: usize,
    /// Whether it is in the batch already: it rides unless it is passed over.
    pub seated: bool,
}

/// How many of the first `riders`, ordered by deadline, are passed over so that the most requests are in time: those
/// whose deadlines leave so little time that more rows could ride without them than they have themselves.
///
/// A batch is as large as the deadline of its oldest member allows, so that after a hold-up, batches of the oldest
/// first would stay small, and everybody late. Passing over the oldest is the early drop of Nexus (SOSP 2019), which
/// takes the largest batch there is, whatever it costs; here the rows passed over are taken off its size, divided by
/// the number of `lanes`, since the next batch of every lane begins with younger riders for it. A choice that leaves
/// somebody in the batch who would be late is none. Of equal choices the one that passes over fewest is taken.
///
/// At most the first `passable` are passed over; `start_ns` is when the batch would start.
pub fn window_start(
    riders: impl Iterator<Item = Rider> + Clone,
    passable: usize,
    start_ns: Nanos,
    rows_cap: usize,
    lanes: usize,
    latency: &LatencyModel,
) -> usize {
    let mut rows_left: usize = riders.clone().map(|rider| rider.rows).sum();
    let mut rows_seated: usize = riders.clone().filter(|rider| rider.seated).map(|rider| rider.rows).sum();
    let (mut best, mut best_gain, mut passed_over) = (0, 0, 0);
    for (index, rider) in riders.enumerate() {
        let gain = |rows: usize| rows.saturating_mul(lanes).saturating_sub(passed_over);
        if index > passable || gain(rows_left.min(rows_cap)) <= best_gain {
            break;
        }
        let fits = match rider.deadline_ns {
            Nanos::MAX => rows_cap,
            _ => latency.rows_within(rider.deadline_ns.saturating_sub(start_ns), rows_cap),
        };
        let gain = gain(fits.min(rows_left));
        if gain > best_gain && rows_seated <= fits {
            (best, best_gain) = (index, gain);
        }
        rows_left -= rider.rows;
        rows_seated -= if rider.seated { rider.rows } else { 0 };
        passed_over += rider.rows;
    }
    best
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

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
        SloWindow.rows_cap(&View {
            start_ns: 0,
            ahead,
            waiting_rows: 0,
            population_rows: 0,
            turnaround_ns: 0,
            lanes: 1,
            rows_max: 64,
            slo_ns,
            latency: &latency,
        })
    }

    #[test]
    fn a_batch_and_a_half_fit_into_the_slo() {
        assert_eq!(cap(Some(300), 0), 15);
        assert_eq!(cap(Some(300), 1), 15);
        assert_eq!(cap(Some(300), 2), 7);
        assert_eq!(cap(None, 3), 64);
        assert_eq!(cap(Some(1), 0), 1, "an SLO that one row cannot meet");
    }

    fn waiting(deadline_ns: Nanos, rows: usize) -> Rider {
        Rider { deadline_ns, rows, seated: false }
    }

    #[test]
    fn a_tight_head_is_passed_over_for_a_larger_batch() {
        let latency = latency();
        // The first could ride with 1 row only (80 ns), those behind it with 20 (250 ns).
        let head = |deadline_ns, count| std::iter::repeat_n(waiting(deadline_ns, 1), count);
        let queue = |first_ns, next_ns| head(first_ns, 1).chain(head(next_ns, 20));
        assert_eq!(window_start(queue(65, 250), 21, 0, 64, 1, &latency), 1);
        // With room for all there is nothing to pass over.
        assert_eq!(window_start(queue(1000, 1000), 21, 0, 64, 1, &latency), 0);
        // Nor where the queue is short.
        assert_eq!(window_start([waiting(65, 1), waiting(70, 1)].into_iter(), 2, 0, 64, 1, &latency), 0);
    }

    #[test]
    fn every_lane_gains_from_a_head_that_is_passed_over() {
        let latency = latency();
        // Without the first five rows the batch would have four more.
        let queue = [waiting(90, 5), waiting(130, 60)];
        let passed_over = |lanes| window_start(queue.into_iter(), 2, 0, 64, lanes, &latency);
        assert_eq!([1, 2].map(passed_over), [0, 1]);
    }

    #[test]
    fn nobody_stays_seated_who_would_be_late() {
        let latency = latency();
        let seated = |deadline_ns| Rider { deadline_ns, rows: 1, seated: true };
        // Ten rows take 150 ns: without the first, who has 145, the nine others are in time.
        let batch = || std::iter::once(seated(145)).chain(std::iter::repeat_n(seated(150), 9));
        assert_eq!(window_start(batch(), 10, 0, 64, 1, &latency), 1);
        assert_eq!(window_start(batch(), 10, 1_000, 64, 1, &latency), 0, "nobody can be saved");
    }

    /// The same by trying every choice.
    fn best_by_hand(
        riders: &[Rider],
        passable: usize,
        rows_cap: usize,
        lanes: usize,
        latency: &LatencyModel,
    ) -> usize {
        let gain = |first: usize| {
            let fits = latency.rows_within(riders[first].deadline_ns, rows_cap);
            let (before, after) = riders.split_at(first);
            let rows = |part: &[Rider]| part.iter().map(|rider| rider.rows).sum::<usize>();
            let seated = after.iter().filter(|rider| rider.seated).map(|rider| rider.rows).sum::<usize>();
            let in_time = if seated <= fits { fits.min(rows(after)) } else { 0 };
            (lanes * in_time).saturating_sub(rows(before))
        };
        let choices = 0..riders.len().min(passable + 1);
        let most = choices.clone().map(gain).max().unwrap_or(0);
        choices.into_iter().find(|&first| gain(first) == most).unwrap_or(0)
    }

    proptest! {
        #[test]
        fn no_other_choice_is_better(
            mut queue in prop::collection::vec((0..800_u64, 1..4_usize, any::<bool>()), 1..60),
            passable in 0..60_usize,
            rows_cap in 1..64_usize,
            lanes in 1..5_usize,
        ) {
            queue.sort_unstable();
            let latency = latency();
            let riders: Vec<Rider> =
                queue.iter().map(|&(deadline_ns, rows, seated)| Rider { deadline_ns, rows, seated }).collect();
            let chosen = window_start(riders.iter().copied(), passable, 0, rows_cap, lanes, &latency);
            prop_assert_eq!(chosen, best_by_hand(&riders, passable, rows_cap, lanes, &latency));
        }
    }
}
