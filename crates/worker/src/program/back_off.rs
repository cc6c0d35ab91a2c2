use std::time::Duration;

/// How long to wait before a worker is started again, after so many in a row that died before they answered: as often
/// `unit` as the Fibonacci number says, which grows slower than doubling does.
pub(super) fn back_off(deaths: u32, unit: Duration, max: Duration) -> Duration {
    let (mut times, mut next) = (0_u32, 1_u32);
    for _ in 0..deaths {
        (times, next) = (next, times.saturating_add(next));
    }
    unit.saturating_mul(times).min(max)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_grows_as_fibonacci_says_up_to_the_cap() {
        let seconds = |deaths| back_off(deaths, Duration::from_secs(1), Duration::from_secs(300)).as_secs();
        assert_eq!([0, 1, 2, 3, 4, 5, 6].map(seconds), [0, 1, 1, 2, 3, 5, 8]);
        assert_eq!([13, 14, 100, u32::MAX >> 8].map(seconds), [233, 300, 300, 300]);
    }
}
