use phalanx_backend::Buckets;
use phalanx_tensor::BatchAxis;

/// Steps between a power of two and the next. Four keep the padding of a batch below a quarter of it.
const STEPS_PER_OCTAVE: usize = 4;

/// The row counts to prepare programs for, so that batches of up to `rows_max` rows waste little on padding.
pub(crate) fn buckets(axis: &BatchAxis, rows_max: usize) -> Buckets {
    match axis {
        BatchAxis::Dynamic => Buckets::Fixed(ladder(rows_max)),
        BatchAxis::Fixed(rows) => Buckets::Fixed(vec![*rows]),
        BatchAxis::None(_) => Buckets::Fixed(vec![1]),
    }
}

fn ladder(rows_max: usize) -> Vec<usize> {
    let mut rungs = Vec::new();
    let mut octave = 1_usize;
    while octave < rows_max {
        let step = (octave / STEPS_PER_OCTAVE).max(1);
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
        assert_eq!(ladder(1), [1]);
        assert_eq!(ladder(2), [1, 2]);
        assert_eq!(ladder(24), [1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 20, 24]);
        assert_eq!(ladder(11).last(), Some(&11));
    }

    #[test]
    fn models_without_a_free_batch_axis_have_one_bucket() {
        assert_eq!(buckets(&BatchAxis::Fixed(8), 64), Buckets::Fixed(vec![8]));
        assert_eq!(buckets(&BatchAxis::None(String::new()), 64), Buckets::Fixed(vec![1]));
    }

    proptest! {
        #[test]
        fn every_batch_fits_and_wastes_less_than_a_quarter(
            (rows_max, rows) in (1_usize..5000).prop_flat_map(|max| (Just(max), 1..=max)),
        ) {
            let ladder = buckets(&BatchAxis::Dynamic, rows_max);
            let bucket = ladder.fit(rows).unwrap();
            prop_assert!(bucket >= rows && bucket <= rows_max);
            prop_assert!((bucket - rows) * STEPS_PER_OCTAVE < bucket, "{} in {}", rows, bucket);
            let Buckets::Fixed(sizes) = ladder else { unreachable!() };
            prop_assert!(sizes.is_sorted_by(|one, next| one < next));
        }
    }
}
