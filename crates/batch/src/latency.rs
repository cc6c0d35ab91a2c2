use crate::Nanos;

/// Which share of batches should take no longer than the estimate.
const QUANTILE: f64 = 0.9;
/// Step of the quantile estimate at each observation, in mean deviations.
const STEP: f64 = 0.1;
/// Weight of the newest observation in the mean deviation.
const DEVIATION_WEIGHT: f64 = 0.1;
/// Before anything was measured: low, so that nothing is refused for want of knowledge.
const UNKNOWN_NS: f64 = 1_000.0;

/// l(b): how long a batch of b rows takes, as a high quantile that follows what is observed.
///
/// It keeps one estimate for each anchor size and a straight line between two of them. An observation moves the
/// estimates next to it up or down by a small step, weighed so that they settle where a share `QUANTILE` of the
/// observations lies below (stochastic approximation of a quantile, Robbins and Monro 1951).
#[derive(Clone, Debug)]
pub struct LatencyModel {
    /// Ascending row counts.
    sizes: Vec<usize>,
    estimates_ns: Vec<f64>,
    /// Mean distance of the observations from the estimates.
    deviations_ns: Vec<f64>,
    known: Vec<bool>,
    /// A batch between two sizes runs at the larger one.
    padded: bool,
}

impl LatencyModel {
    /// For a program that runs any number of rows up to `rows_max`: anchors at the powers of two.
    #[must_use]
    pub fn any(rows_max: usize) -> Self {
        let rows_max = rows_max.max(1);
        let mut sizes: Vec<usize> = std::iter::successors(Some(1_usize), |size| size.checked_mul(2))
            .take_while(|&size| size < rows_max)
            .collect();
        sizes.push(rows_max);
        Self::with_sizes(sizes, false)
    }

    /// For a program that runs only batches of these sizes, ascending.
    #[must_use]
    pub fn buckets(sizes: &[usize]) -> Self {
        let sizes = if sizes.is_empty() { vec![1] } else { sizes.to_vec() };
        Self::with_sizes(sizes, true)
    }

    fn with_sizes(sizes: Vec<usize>, padded: bool) -> Self {
        let count = sizes.len();
        Self {
            sizes,
            estimates_ns: vec![UNKNOWN_NS; count],
            deviations_ns: vec![0.0; count],
            known: vec![false; count],
            padded,
        }
    }

    /// The sizes whose times are kept, ascending.
    #[must_use]
    pub fn sizes(&self) -> &[usize] {
        &self.sizes
    }

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

    /// The time of a batch of `rows` rows.
    #[must_use]
    pub fn estimate_ns(&self, rows: usize) -> Nanos {
        self.interpolate(rows) as Nanos
    }

    /// Whether anything was measured or observed.
    #[must_use]
    pub fn is_known(&self) -> bool {
        self.known.iter().any(|&known| known)
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
    }

    /// Moves one estimate towards the quantile, by steps that shrink with the spread of what is observed.
    fn settle(&mut self, index: usize, weight: f64, took: f64, expected: f64) {
        let distance = (took - expected).abs().min(expected);
        let deviation = &mut self.deviations_ns[index];
        *deviation += DEVIATION_WEIGHT * weight * (distance - *deviation);
        let step = STEP * weight * *deviation;
        if took > expected {
            self.estimates_ns[index] += QUANTILE * step;
        } else if took < expected {
            self.estimates_ns[index] -= (1.0 - QUANTILE) * step;
        }
    }

    /// A batch that ran because the estimate was doubted took `took_ns`: where it was less than expected, the estimate
    /// is lowered to it at once.
    pub(crate) fn correct(&mut self, rows: usize, took_ns: Nanos) {
        let (low, high, _) = self.anchors(rows);
        let share = (took_ns as f64).max(1.0) / self.interpolate(rows);
        if share < 1.0 {
            self.estimates_ns[low..=high].iter_mut().for_each(|estimate| *estimate *= share);
        }
    }

    /// The most rows, up to `rows_max`, whose time is at most `budget_ns`; 0 where not even one row's is.
    #[must_use]
    pub fn rows_within(&self, budget_ns: Nanos, rows_max: usize) -> usize {
        let mut fits = 0;
        let mut too_many = rows_max.saturating_add(1);
        // Times grow with the rows but for noise, which a bisection tolerates.
        while too_many - fits > 1 {
            let middle = fits + (too_many - fits) / 2;
            if self.estimate_ns(middle) <= budget_ns { fits = middle } else { too_many = middle }
        }
        fits
    }

    /// Rows a second at `rows` rows a batch.
    #[must_use]
    pub fn rate(&self, rows: usize) -> f64 {
        rows as f64 * 1e9 / self.interpolate(rows)
    }

    /// The smallest kept size whose rate is within `tolerance` (0.02 for 2 %) of the best of all measured sizes.
    #[must_use]
    pub fn most_efficient(&self, tolerance: f64) -> Option<usize> {
        let rates: Vec<(usize, f64)> = (0..self.sizes.len())
            .filter(|&index| self.known[index])
            .map(|index| (self.sizes[index], self.sizes[index] as f64 / self.estimates_ns[index]))
            .collect();
        let best = rates.iter().map(|&(_, rate)| rate).fold(0.0, f64::max);
        rates.iter().find(|&&(_, rate)| rate >= best * (1.0 - tolerance)).map(|&(size, _)| size)
    }

    /// The kept size of the highest rate, by all that is known or supposed; of equal ones the largest.
    pub(crate) fn fastest_size(&self) -> usize {
        let rate = |index: usize| self.sizes[index] as f64 / self.estimates_ns[index];
        let fastest = (0..self.sizes.len()).max_by(|&a, &b| rate(a).total_cmp(&rate(b)));
        fastest.map_or(1, |index| self.sizes[index])
    }

    /// The two kept sizes around `rows` and how close it is to the upper one, 0 to 1.
    fn anchors(&self, rows: usize) -> (usize, usize, f64) {
        let high = self.sizes.partition_point(|&size| size < rows).min(self.sizes.len() - 1);
        if high == 0 || self.padded || self.sizes[high] <= rows {
            return (high, high, 1.0);
        }
        let (below, above) = (self.sizes[high - 1] as f64, self.sizes[high] as f64);
        (high - 1, high, (rows as f64 - below) / (above - below))
    }

    fn interpolate(&self, rows: usize) -> f64 {
        let (low, high, weight) = self.anchors(rows);
        self.estimates_ns[low] * (1.0 - weight) + self.estimates_ns[high] * weight
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
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(rows_max: usize, alpha: u64, beta: u64) -> LatencyModel {
        let mut model = LatencyModel::any(rows_max);
        for index in 0..model.sizes().len() {
            model.calibrate(index, alpha * model.sizes()[index] as u64 + beta);
        }
        model
    }

    #[test]
    fn a_straight_line_is_exact_between_anchors() {
        let model = line(100, 10, 500);
        for rows in [1, 3, 32, 33, 47, 99, 100] {
            assert_eq!(model.estimate_ns(rows), 10 * rows as u64 + 500);
        }
        assert_eq!(model.rows_within(10 * 47 + 500, 100), 47);
        assert_eq!(model.rows_within(100, 100), 0);
        assert_eq!(model.rows_within(u64::MAX, 100), 100);
    }

    #[test]
    fn buckets_charge_the_next_size() {
        let mut model = LatencyModel::buckets(&[1, 8, 32]);
        model.calibrate(0, 10);
        model.calibrate(1, 20);
        assert_eq!(model.estimate_ns(2), 20);
        assert_eq!(model.estimate_ns(8), 20);
        assert!(model.estimate_ns(9) > 20, "the line goes on");
    }

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
    fn the_efficient_size_is_the_smallest_near_the_best() {
        let mut model = LatencyModel::any(32);
        for (index, time) in [100, 150, 200, 300, 640, 1400].into_iter().enumerate() {
            model.calibrate(index, time);
        }
        assert_eq!(model.most_efficient(0.02), Some(8));
        assert_eq!(LatencyModel::any(8).most_efficient(0.02), None);
    }
}
