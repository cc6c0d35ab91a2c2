use distrs::StudentsT;

/// A one-sided comparison of two means whose variances may differ.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Welch {
    /// Mean of the first figures minus that of the second.
    pub difference: f64,
    /// Probability of a difference this low or lower, were the means the same.
    pub p_lower: f64,
}

/// Compares the means of two sets of figures (B. L. Welch, "The generalization of 'Student's' problem when several
/// different population variances are involved", Biometrika 34, 1947). `None` unless both have at least two figures.
#[must_use]
pub fn welch(first: &[f64], second: &[f64]) -> Option<Welch> {
    let (mean_first, error_first) = mean_and_squared_error(first)?;
    let (mean_second, error_second) = mean_and_squared_error(second)?;
    let difference = mean_first - mean_second;
    let error = error_first + error_second;
    if error == 0.0 {
        let p_lower = match difference.total_cmp(&0.0) {
            std::cmp::Ordering::Less => 0.0,
            std::cmp::Ordering::Equal => 0.5,
            std::cmp::Ordering::Greater => 1.0,
        };
        return Some(Welch { difference, p_lower });
    }
    let of = |error: f64, count: usize| error.powi(2) / (count as f64 - 1.0);
    let degrees = error.powi(2) / (of(error_first, first.len()) + of(error_second, second.len()));
    Some(Welch { difference, p_lower: StudentsT::cdf(difference / error.sqrt(), degrees) })
}

/// Compares the means of two sets of figures that were taken in pairs, by the differences within those. `None` unless
/// there are as many of both, and at least two.
#[must_use]
pub fn paired(first: &[f64], second: &[f64]) -> Option<Welch> {
    if first.len() != second.len() {
        return None;
    }
    let differences: Vec<f64> = first.iter().zip(second).map(|(first, second)| first - second).collect();
    let (difference, squared_error) = mean_and_squared_error(&differences)?;
    if squared_error == 0.0 {
        let p_lower = if difference == 0.0 { 0.5 } else { f64::from(u8::from(difference > 0.0)) };
        return Some(Welch { difference, p_lower });
    }
    let degrees = differences.len() as f64 - 1.0;
    Some(Welch { difference, p_lower: StudentsT::cdf(difference / squared_error.sqrt(), degrees) })
}

/// The mean, and the square of its standard error.
pub(super) fn mean_and_squared_error(figures: &[f64]) -> Option<(f64, f64)> {
    if figures.len() < 2 {
        return None;
    }
    let count = figures.len() as f64;
    let mean = figures.iter().sum::<f64>() / count;
    let squares = figures.iter().map(|figure| (figure - mean).powi(2)).sum::<f64>();
    Some((mean, squares / (count - 1.0) / count))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_a_worked_example() {
        // By numerical integration of the density: t = -2.8353 with 27.714 degrees of freedom.
        let a = [27.5, 21.0, 19.0, 23.6, 17.0, 17.9, 16.9, 20.1, 21.9, 22.6, 23.1, 19.6, 19.0, 21.7, 21.4];
        let b = [27.1, 22.0, 20.8, 23.4, 23.4, 23.5, 25.8, 22.0, 24.8, 20.2, 21.9, 22.1, 22.9, 30.0, 23.9];
        let test = welch(&a, &b).unwrap();
        assert!((test.p_lower - 0.004_226).abs() < 1e-5, "{test:?}");
        assert!((welch(&b, &a).unwrap().p_lower - (1.0 - test.p_lower)).abs() < 1e-9);
    }

    #[test]
    fn pairs_are_compared_by_their_differences() {
        // Differences 1, 2 and 3: t = 2 / (1 / √3) = 3.4641 with 2 degrees of freedom.
        let test = paired(&[11.0, 102.0, 1003.0], &[10.0, 100.0, 1000.0]).unwrap();
        assert!((test.p_lower - 0.962_9).abs() < 1e-4, "{test:?}");
        assert_eq!(paired(&[1.0, 2.0], &[1.0]), None);
        assert_eq!(paired(&[1.0, 2.0], &[1.0, 2.0]).unwrap().p_lower, 0.5);
        assert_eq!(paired(&[1.0, 2.0], &[2.0, 3.0]).unwrap().p_lower, 0.0);
    }

    #[test]
    fn figures_that_never_vary_are_told_apart_exactly() {
        assert_eq!(welch(&[1.0, 1.0], &[2.0, 2.0]).unwrap().p_lower, 0.0);
        assert_eq!(welch(&[2.0, 2.0], &[2.0, 2.0]).unwrap().p_lower, 0.5);
        assert_eq!(welch(&[1.0], &[2.0, 2.0]), None);
    }
}
