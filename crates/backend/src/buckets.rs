use phalanx_tensor::BatchAxis;

/// The row counts that a program can run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Buckets {
    /// Only these, ascending; a batch between two is padded to the next.
    Fixed(Vec<usize>),
    /// Any number from 1 to this.
    Any(usize),
}

impl Buckets {
    /// The row counts to prepare a model for where each takes a preparation of its own: up to `rows_max`, with this many
    /// steps between a power of two and the next, so that batches waste little on padding; with four, less than a
    /// quarter. A model without a free batch axis has one.
    #[must_use]
    pub fn prepared(axis: &BatchAxis, rows_max: usize, steps_per_octave: usize) -> Self {
        match axis {
            BatchAxis::Dynamic => Self::Fixed(ladder(rows_max, steps_per_octave)),
            BatchAxis::Fixed(rows) => Self::Fixed(vec![*rows]),
            BatchAxis::None(_) => Self::Fixed(vec![1]),
        }
    }

    /// The smallest row count this program can run that holds `rows`; `None` where none does.
    #[must_use]
    pub fn fit(&self, rows: usize) -> Option<usize> {
        match self {
            Self::Fixed(sizes) => sizes.iter().copied().find(|&size| size >= rows),
            Self::Any(max) => (rows <= *max).then_some(rows),
        }
    }

    /// The largest row count.
    #[must_use]
    pub fn max(&self) -> usize {
        match self {
            Self::Fixed(sizes) => sizes.last().copied().unwrap_or(0),
            Self::Any(max) => *max,
        }
    }
}

fn ladder(rows_max: usize, steps_per_octave: usize) -> Vec<usize> {
    let mut rungs = Vec::new();
    let mut octave = 1_usize;
    while octave < rows_max {
        let step = (octave / steps_per_octave.max(1)).max(1);
        rungs.extend((octave..octave.saturating_mul(2)).step_by(step).take_while(|&rows| rows < rows_max));
        octave = octave.saturating_mul(2);
    }
    rungs.push(rows_max);
    rungs
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_ladder_is_fine_at_first_and_coarse_later() {
        assert_eq!(ladder(1, 4), [1]);
        assert_eq!(ladder(2, 4), [1, 2]);
        assert_eq!(ladder(24, 4), [1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 20, 24]);
        assert_eq!(ladder(11, 4).last(), Some(&11));
        assert_eq!(ladder(32, 1), [1, 2, 4, 8, 16, 32]);
    }

    #[test]
    fn models_without_a_free_batch_axis_have_one_bucket() {
        assert_eq!(Buckets::prepared(&BatchAxis::Fixed(8), 64, 4), Buckets::Fixed(vec![8]));
        assert_eq!(Buckets::prepared(&BatchAxis::None(String::new()), 64, 4), Buckets::Fixed(vec![1]));
    }

    proptest! {
        #[test]
        fn every_batch_fits_and_wastes_little(
            (rows_max, rows) in (1_usize..5000).prop_flat_map(|max| (Just(max), 1..=max)),
            steps in 1_usize..5,
        ) {
            let ladder = Buckets::prepared(&BatchAxis::Dynamic, rows_max, steps);
            let bucket = ladder.fit(rows).unwrap();
            prop_assert!(bucket >= rows && bucket <= rows_max);
            prop_assert!((bucket - rows) * steps < bucket, "{} in {}", rows, bucket);
            let Buckets::Fixed(sizes) = ladder else { unreachable!() };
            prop_assert!(sizes.is_sorted_by(|one, next| one < next));
        }
    }
}
