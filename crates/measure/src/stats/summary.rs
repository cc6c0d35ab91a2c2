use super::{Interval, median, median_interval};

/// The median of several windows and how far it can be trusted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Summary {
    /// The median.
    pub median: f64,
    /// The interval that covers it.
    pub interval: Interval,
    /// Windows measured.
    pub windows: usize,
}

impl Summary {
    /// Of these figures, one a window; `None` where there are none.
    #[must_use]
    pub fn of(figures: &[f64]) -> Option<Self> {
        Some(Self { median: median(figures)?, interval: median_interval(figures)?, windows: figures.len() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holds_the_median_inside_its_interval() {
        let summary = Summary::of(&[2.0, 8.0, 4.0]).unwrap();
        assert_eq!((summary.median, summary.windows), (4.0, 3));
        assert_eq!((summary.interval.low, summary.interval.high), (2.0, 8.0));
        assert_eq!(Summary::of(&[]), None);
    }
}
