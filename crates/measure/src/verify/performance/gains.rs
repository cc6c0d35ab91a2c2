use super::Figures;
use crate::report::grouped;
use crate::stats::{median, welch};
use crate::verify::finding::Finding;

/// Probability of a difference by chance from which on it counts as one.
const CHANCE_MAX: f64 = 0.05;

/// Whether the largest batch gives more samples a second than single rows do.
pub(super) fn batch(figures: &Figures) -> Finding {
    if figures.batch_max_samples_per_s.is_empty() {
        return Finding::skipped("the engine runs single rows: no larger batch gives more here");
    }
    let what = format!("batches of {} rows", figures.batch_max);
    gain(&what, &figures.batch_max_samples_per_s, "single rows", &figures.batch_1_samples_per_s)
}

/// Whether more batches formed or running at once give more samples a second than one.
pub(super) fn depth(figures: &Figures) -> Finding {
    if figures.depth_1_samples_per_s.is_empty() {
        return Finding::skipped("the engine has a depth of 1");
    }
    let what = format!("a depth of {}", figures.depth);
    gain(&what, &figures.samples_per_s, "one of 1", &figures.depth_1_samples_per_s)
}

/// Passed where there is more, failed where there is less, and nothing is said where the runs differ by as much.
fn gain(what: &str, more: &[f64], other: &str, less: &[f64]) -> Finding {
    let rates = median(more).zip(median(less)).filter(|(_, less)| *less > 0.0);
    let Some(((with, without), test)) = rates.zip(welch(more, less)) else {
        return Finding::skipped("two runs at least are needed to tell");
    };
    let (factor, with, without) = (with / without, grouped(with), grouped(without));
    let says = format!("{what}: {with} samples/s, {other}: {without}, {factor:.2} times");
    let finding = if 1.0 - test.p_lower < CHANCE_MAX {
        Finding::passed(says)
    } else if test.p_lower < CHANCE_MAX {
        Finding::failed(format!("{says}, expected more"))
    } else {
        Finding::skipped(format!("{says}: no difference beyond the noise of the runs"))
    };
    finding.with("factor", factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(more: &[f64], less: &[f64]) -> &'static str {
        gain("more", more, "less", less).outcome.name()
    }

    #[test]
    fn a_gain_is_told_from_a_loss_and_from_noise() {
        assert_eq!(outcome(&[20.0, 21.0, 22.0], &[10.0, 11.0, 12.0]), "passed");
        assert_eq!(outcome(&[10.0, 11.0, 12.0], &[20.0, 21.0, 22.0]), "failed");
        assert_eq!(outcome(&[10.0, 20.0, 15.0], &[11.0, 19.0, 14.0]), "skipped");
        assert_eq!(outcome(&[10.0], &[20.0]), "skipped");
    }
}
