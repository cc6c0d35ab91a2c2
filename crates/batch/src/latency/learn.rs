//! How the estimates follow what is observed.

use super::LatencyModel;
use crate::Nanos;

/// Which share of batches should take no longer than the estimate.
const QUANTILE: f64 = 0.9;
/// Step of the quantile estimate at each observation, in mean distances.
const STEP: f64 = 0.1;
/// Weight of the newest observation in the mean distance.
const SPREAD_WEIGHT: f64 = 0.1;

impl LatencyModel {
    /// Sets the time of the size at `index` of [`LatencyModel::sizes`] to what was measured at warm-up, and extends
    /// the line through the largest two measured sizes over those that were not. An index past the end does nothing.
    pub fn calibrate(&mut self, index: usize, measured_ns: Nanos) {
        let (Some(estimate), Some(known)) = (self.estimates_ns.get_mut(index), self.known.get_mut(index))
        else {
            return;
        };
        *estimate = (measured_ns as f64).max(1.0);
        *known = true;
        self.extrapolate();
    }

    /// A batch of `rows` rows took `took_ns`.
    pub fn observe(&mut self, rows: usize, took_ns: Nanos) {
        let took = (took_ns as f64).max(1.0);
        let (low, high, weight) = self.anchors(rows);
        if !self.known[high] && weight > 0.5 {
            return self.calibrate(high, took_ns);
        }
        if !self.known[low] && weight <= 0.5 {
            return self.calibrate(low, took_ns);
        }
        let expected = self.interpolate(rows);
        self.settle(low, 1.0 - weight, took, expected);
        self.settle(high, weight, took, expected);
        self.find_fastest();
    }

    /// Moves one estimate towards the quantile, by steps that shrink with the spread of what is observed.
    fn settle(&mut self, index: usize, weight: f64, took: f64, expected: f64) {
        let distance = ((took - expected).abs() / expected).min(1.0);
        let spread = &mut self.spreads[index];
        *spread += SPREAD_WEIGHT * weight * (distance - *spread);
        let step = STEP * weight * *spread;
        if took > expected {
            self.estimates_ns[index] *= 1.0 + QUANTILE * step;
        } else if took < expected {
            self.estimates_ns[index] *= 1.0 - (1.0 - QUANTILE) * step;
        }
    }

    /// A batch that ran because the estimate was doubted took `took_ns`: where it was less than expected, the estimate
    /// is lowered to it at once.
    pub(crate) fn correct(&mut self, rows: usize, took_ns: Nanos) {
        let (low, high, _) = self.anchors(rows);
        let share = (took_ns as f64).max(1.0) / self.interpolate(rows);
        if share < 1.0 {
            self.estimates_ns[low..=high].iter_mut().for_each(|estimate| *estimate *= share);
            self.find_fastest();
        }
    }

    fn find_fastest(&mut self) {
        let mut best_rate = 0.0;
        for (index, (&size, &estimate_ns)) in self.sizes.iter().zip(&self.estimates_ns).enumerate() {
            let rate = size as f64 / estimate_ns;
            if rate >= best_rate {
                (self.fastest, best_rate) = (index, rate);
            }
        }
    }

    fn extrapolate(&mut self) {
        let known: Vec<usize> = (0..self.sizes.len()).filter(|&index| self.known[index]).collect();
        let Some(&last) = known.last() else { return };
        let line = |index: usize| (self.sizes[index] as f64, self.estimates_ns[index]);
        let (rows, time) = line(last);
        let slope = match known.len().checked_sub(2).map(|position| line(known[position])) {
            Some((rows_before, time_before)) => ((time - time_before) / (rows - rows_before)).max(0.0),
            None => 0.0,
        };
        for index in 0..self.sizes.len() {
            if !self.known[index] {
                let distance = self.sizes[index] as f64 - rows;
                self.estimates_ns[index] = (time + slope * distance).max(1.0);
            }
        }
        self.find_fastest();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::tests::line;
    use super::*;

    #[test]
    fn settles_at_the_high_quantile() {
        let mut model = line(1, 0, 1000);
        for round in 0..20_000_u64 {
            model.observe(1, 1000 + (round * 7919) % 1000);
        }
        let estimate = model.estimate_ns(1);
        assert!((1800..=2000).contains(&estimate), "{estimate}");
    }

    #[test]
    fn one_outlier_moves_little() {
        let mut model = line(64, 10, 100);
        let before = model.estimate_ns(64);
        model.observe(64, before * 1000);
        assert!(model.estimate_ns(64) < before + before / 10);
    }

    #[test]
    fn constant_times_are_learnt_exactly() {
        let mut model = line(64, 10, 1000);
        for _ in 0..3000 {
            model.observe(47, 2 * (10 * 47 + 1000));
        }
        let (learnt, truth) = (model.estimate_ns(47), 2 * (10 * 47 + 1000));
        assert!(learnt.abs_diff(truth) <= truth / 1000, "{learnt} for {truth}");
    }

    #[test]
    fn what_was_not_measured_lies_on_the_line() {
        let mut model = LatencyModel::any(64);
        model.observe(1, 500);
        assert_eq!(model.estimate_ns(64), 500, "one point is no line");
        model.observe(8, 570);
        assert_eq!((model.estimate_ns(1), model.estimate_ns(4), model.estimate_ns(64)), (500, 530, 1130));
    }

    #[test]
    fn a_correction_lowers_at_once_and_never_raises() {
        let mut model = line(64, 10, 100);
        model.correct(64, 370);
        assert_eq!(model.estimate_ns(64), 370);
        model.correct(64, 900);
        assert_eq!(model.estimate_ns(64), 370);
    }

    proptest! {
        #[test]
        fn estimates_stay_sane(
            padded in any::<bool>(),
            seen in prop::collection::vec((0..80_usize, any::<u64>(), 0..3_u8, 0..9_usize), 0..200),
        ) {
            let mut model = if padded { LatencyModel::buckets(&[1, 8, 64]) } else { LatencyModel::any(64) };
            for (rows, took_ns, how, index) in seen {
                let took_ns = took_ns >> (took_ns % 60);
                match how {
                    0 => model.calibrate(index, took_ns),
                    1 => model.correct(rows, took_ns),
                    _ => model.observe(rows, took_ns),
                }
                let rates: Vec<f64> = model.sizes().iter().map(|&size| model.rate(size)).collect();
                prop_assert!(rates.iter().all(|rate| rate.is_finite() && *rate > 0.0), "{rates:?}");
                let fastest = model.rate(model.fastest_size());
                prop_assert!(rates.iter().all(|&rate| rate <= fastest * 1.000_001), "{rates:?}");
                prop_assert!(model.shortest_ns(rows) <= model.estimate_ns(rows));
            }
        }
    }
}
