use super::report::RoutedSize;

/// The number of floating-point operations up to which our kernel is taken, so that the least time is lost on these
/// sizes; infinite where the library is never better, 0 where always. Lies half-way (geometrically) between the sizes
/// on both sides of it.
pub(super) fn threshold(sizes: &[RoutedSize]) -> f64 {
    let mut flops: Vec<f64> = sizes.iter().map(|size| size.flops).collect();
    flops.sort_by(f64::total_cmp);
    let between = flops.windows(2).map(|pair| (pair[0] * pair[1]).sqrt());
    let candidates = [0.0].into_iter().chain(between).chain([f64::INFINITY]);
    let lost = |&flops_max: &f64| regret(sizes, |size| size.flops <= flops_max).0;
    candidates.min_by(|a, b| lost(a).total_cmp(&lost(b))).unwrap_or(0.0)
}

/// Time lost to the better of the two, as a share of it: the mean over sizes, and the most. `takes_kernel` says which of
/// the two is taken.
pub(super) fn regret(sizes: &[RoutedSize], takes_kernel: impl Fn(&RoutedSize) -> bool) -> (f64, f64) {
    let lost = sizes.iter().map(|size| {
        let taken_us = if takes_kernel(size) { size.kernel_us } else { size.library_us };
        taken_us / size.kernel_us.min(size.library_us) - 1.0
    });
    let (sum, most) = lost.fold((0.0, 0.0_f64), |(sum, most), lost| (sum + lost, most.max(lost)));
    (sum / sizes.len().max(1) as f64, most)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn size(flops: f64, library_us: f64, kernel_us: f64) -> RoutedSize {
        RoutedSize { shape: [1, 1, 1], flops, library_us, kernel_us }
    }

    #[test]
    fn lies_where_the_library_becomes_better() {
        let sizes = [size(1.0, 4.0, 2.0), size(100.0, 4.0, 3.0), size(10_000.0, 5.0, 9.0)];
        assert_eq!(threshold(&sizes), 1000.0);
        assert_eq!(threshold(&sizes[..2]), f64::INFINITY);
        assert_eq!(threshold(&sizes[2..]), 0.0);
        assert_eq!(threshold(&[]), 0.0);
    }

    #[test]
    fn one_odd_size_does_not_move_it_where_more_would_be_lost() {
        let sizes = [size(1.0, 4.0, 2.0), size(4.0, 3.9, 4.0), size(16.0, 6.0, 3.0), size(64.0, 5.0, 50.0)];
        assert_eq!(threshold(&sizes), 32.0);
    }

    #[test]
    fn regret_is_a_share_of_the_better() {
        let sizes = [size(1.0, 4.0, 2.0), size(2.0, 3.0, 3.0)];
        assert_eq!(regret(&sizes, |_| true), (0.0, 0.0));
        assert_eq!(regret(&sizes, |_| false), (0.5, 1.0));
    }
}
