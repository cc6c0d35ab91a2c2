mod learn;

use crate::Nanos;

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
    /// Mean distance of the observations from the estimates, as a share of these.
    spreads: Vec<f64>,
    known: Vec<bool>,
    /// A batch between two sizes runs at the larger one.
    padded: bool,
    /// The index of the size with the highest rate; of equal ones the largest.
    fastest: usize,
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

    /// For a program that runs only batches of these sizes.
    #[must_use]
    pub fn buckets(sizes: &[usize]) -> Self {
        let mut sizes: Vec<usize> = sizes.iter().copied().filter(|&size| size > 0).collect();
        sizes.sort_unstable();
        sizes.dedup();
        if sizes.is_empty() {
            sizes.push(1);
        }
        Self::with_sizes(sizes, true)
    }

    fn with_sizes(sizes: Vec<usize>, padded: bool) -> Self {
        let count = sizes.len();
        Self {
            sizes,
            estimates_ns: vec![UNKNOWN_NS; count],
            spreads: vec![0.0; count],
            fastest: count - 1,
            known: vec![false; count],
            padded,
        }
    }

    /// The sizes whose times are kept, ascending.
    #[must_use]
    pub fn sizes(&self) -> &[usize] {
        &self.sizes
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

    /// The kept size of the highest rate, by all that is known or supposed; of equal ones the largest.
    pub(crate) fn fastest_size(&self) -> usize {
        self.sizes[self.fastest]
    }

    /// The time of `rows` rows, fewer than a batch of the highest rate has: together, or where a batch would be padded
    /// too much, in several.
    pub(crate) fn shortest_ns(&self, rows: usize) -> Nanos {
        let together_ns = self.estimate_ns(rows);
        match self.sizes.iter().rfind(|&&size| self.padded && size < rows) {
            Some(&size) => {
                let apart_ns = self.estimate_ns(size).saturating_mul((rows / size) as Nanos);
                let rest_ns = if rows.is_multiple_of(size) { 0 } else { self.shortest_ns(rows % size) };
                together_ns.min(apart_ns.saturating_add(rest_ns))
            }
            None => together_ns,
        }
    }

    /// The two kept sizes around `rows` and how close it is to the upper one, 0 to 1.
    fn anchors(&self, rows: usize) -> (usize, usize, f64) {
        let last = self.sizes.len() - 1;
        let high = if self.padded {
            self.sizes.partition_point(|&size| size < rows).min(last)
        } else {
            // The sizes are the powers of two and the largest.
            ((usize::BITS - rows.saturating_sub(1).leading_zeros()) as usize).min(last)
        };
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
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    pub(super) fn line(rows_max: usize, alpha: u64, beta: u64) -> LatencyModel {
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
    fn sizes_are_put_in_order() {
        assert_eq!(LatencyModel::buckets(&[8, 0, 1, 8]).sizes(), [1, 8]);
        assert_eq!(LatencyModel::buckets(&[0]).sizes(), [1]);
        assert_eq!(LatencyModel::any(0).sizes(), [1]);
        assert_eq!(LatencyModel::any(6).sizes(), [1, 2, 4, 6]);
    }

    #[test]
    fn rows_that_would_be_padded_too_much_are_run_apart() {
        let mut model = LatencyModel::buckets(&[1, 8, 32]);
        for (index, time_ns) in [150, 300, 900].into_iter().enumerate() {
            model.calibrate(index, time_ns);
        }
        assert_eq!([8, 9, 17, 24, 31].map(|rows| model.shortest_ns(rows)), [300, 450, 750, 900, 900]);
        assert_eq!(line(32, 10, 100).shortest_ns(9), 190, "a program without padding runs them together");
    }

    proptest! {
        #[test]
        fn as_many_rows_as_fit(alpha in 0..100_u64, beta in 1..1000_u64, rows_max in 1..300_usize, budget_ns in 0..40_000_u64) {
            let model = line(rows_max, alpha, beta);
            let fits = model.rows_within(budget_ns, rows_max);
            prop_assert!(fits == 0 || model.estimate_ns(fits) <= budget_ns);
            prop_assert!(fits == rows_max || model.estimate_ns(fits + 1) > budget_ns);
        }
    }
}
