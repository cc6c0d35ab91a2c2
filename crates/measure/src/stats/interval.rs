/// A confidence interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// Probability that it covers what it estimates, 0 to 1.
    pub confidence: f64,
}

/// The confidence wanted of an interval.
const CONFIDENCE: f64 = 0.95;

/// The narrowest interval between order statistics that covers the median with at least 95 %, whatever the values'
/// distribution (W. J. Conover, "Practical Nonparametric Statistics", 3.2). Fewer than six values cannot reach 95 %:
/// they give their minimum and maximum, with the confidence that those have. `None` where there are no values.
#[must_use]
pub fn median_interval(values: &[f64]) -> Option<Interval> {
    let last = values.len().checked_sub(1)?;
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let mut inside = Interval { low: sorted[0], high: sorted[last], confidence: coverage(values.len(), 0) };
    for cut in 1..sorted.len() / 2 {
        let confidence = coverage(values.len(), cut);
        if confidence < CONFIDENCE {
            break;
        }
        inside = Interval { low: sorted[cut], high: sorted[last - cut], confidence };
    }
    Some(inside)
}

/// Probability that the median lies between the values of rank `cut` and `count - 1 - cut`: the binomial distribution
/// of how many of `count` values fall below it, without both tails.
fn coverage(count: usize, cut: usize) -> f64 {
    let n = count as f64;
    let mut term = 0.5_f64.powi(count.try_into().unwrap_or(i32::MAX));
    let mut tail = 0.0;
    for below in 0..=cut {
        tail += term;
        term *= (n - below as f64) / (below as f64 + 1.0);
    }
    (1.0 - 2.0 * tail).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_values_give_their_extremes_and_say_what_those_are_worth() {
        let interval = median_interval(&[3.0, 1.0, 2.0]).unwrap();
        assert_eq!((interval.low, interval.high), (1.0, 3.0));
        assert!((interval.confidence - 0.75).abs() < 1e-12);
        assert_eq!(median_interval(&[5.0]).unwrap().confidence, 0.0);
        assert_eq!(median_interval(&[]), None);
    }

    #[test]
    fn many_values_give_the_tabulated_ranks() {
        // Ranks of the 95 % interval of a median: 1 and 6 of six, 2 and 9 of ten, 6 and 15 of twenty.
        for (count, low, high) in [(6, 1.0, 6.0), (10, 2.0, 9.0), (20, 6.0, 15.0)] {
            let values: Vec<f64> = (1..=count).map(f64::from).collect();
            let interval = median_interval(&values).unwrap();
            assert_eq!((interval.low, interval.high), (low, high), "of {count}");
            assert!(interval.confidence >= 0.95 && interval.confidence < 1.0);
        }
    }
}
