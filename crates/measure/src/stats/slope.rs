use distrs::StudentsT;

use super::welch::mean_and_squared_error;

/// Groups that a series is divided into.
const GROUPS: usize = 10;

/// Points that a group needs: a line through fewer says nothing about noise.
const GROUP_POINTS_MIN: usize = 3;

/// How much of what may be is wanted of a bound, on one side.
const CONFIDENCE: f64 = 0.95;

/// How fast a series grows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Slope {
    /// The estimate, in units of y for each unit of x.
    pub estimate: f64,
    /// With 95 % confidence it is not below this.
    pub low: f64,
    /// With 95 % confidence it is not above this.
    pub high: f64,
}

/// The slope of points in the order of x, with bounds that hold although each point depends on those before it.
///
/// The series is divided into ten groups of consecutive points, a line is fitted to each by least squares, and the ten
/// slopes are treated as ten independent observations of one normal value, with nine degrees of freedom. That is valid
/// for any dependence that dies out within a group, and where the noise of groups differs, as it does for memory, which
/// grows in steps (R. Ibragimov and U. K. Müller, "t-Statistic Based Correlation and Heterogeneity Robust Inference",
/// Journal of Business & Economic Statistics 28, 2010). `None` for fewer than 30 points.
#[must_use]
pub fn slope(points: &[(f64, f64)]) -> Option<Slope> {
    if points.len() < GROUPS * GROUP_POINTS_MIN {
        return None;
    }
    let cut = |group: usize| group * points.len() / GROUPS;
    // Neighbouring groups share a point, so that a step between them is in one of the two.
    let slopes: Vec<f64> = (0..GROUPS)
        .filter_map(|group| least_squares(&points[cut(group).saturating_sub(1)..cut(group + 1)]))
        .collect();
    let (estimate, squared_error) = mean_and_squared_error(&slopes)?;
    let reach = StudentsT::ppf(CONFIDENCE, (slopes.len() - 1) as f64) * squared_error.sqrt();
    Some(Slope { estimate, low: estimate - reach, high: estimate + reach })
}

/// The slope of the line through these points; `None` where x does not change.
fn least_squares(points: &[(f64, f64)]) -> Option<f64> {
    let count = points.len() as f64;
    let mean_x = points.iter().map(|(x, _)| x).sum::<f64>() / count;
    let mean_y = points.iter().map(|(_, y)| y).sum::<f64>() / count;
    let spread = points.iter().map(|(x, _)| (x - mean_x).powi(2)).sum::<f64>();
    let product = points.iter().map(|(x, y)| (x - mean_x) * (y - mean_y)).sum::<f64>();
    (spread > 0.0).then(|| product / spread)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(y: impl FnMut(f64) -> f64) -> Option<Slope> {
        let mut y = y;
        let points: Vec<_> = (0..200).map(|x| (f64::from(x), y(f64::from(x)))).collect();
        slope(&points)
    }

    /// Noise in which each value is near the one before it.
    fn wander(random: &mut fastrand::Rng, state: &mut f64) -> f64 {
        *state = 0.8 * *state + random.f64() - 0.5;
        *state
    }

    #[test]
    fn a_line_is_known_exactly() {
        let line = series(|x| 3.0 + 0.5 * x).unwrap();
        assert!((line.estimate - 0.5).abs() < 1e-9 && (line.high - line.low).abs() < 1e-9, "{line:?}");
        let flat = series(|_| 7.0).unwrap();
        assert_eq!((flat.low, flat.high), (0.0, 0.0));
    }

    #[test]
    fn a_single_step_is_no_certain_growth_and_no_certain_plateau() {
        let step = series(|x| if x < 90.0 { 0.0 } else { 100.0 }).unwrap();
        assert!(step.low <= 0.0 && step.high > 0.0, "{step:?}");
    }

    #[test]
    fn bounds_hold_as_often_as_they_claim_although_points_depend_on_each_other() {
        let mut random = fastrand::Rng::with_seed(7);
        let below = (0..400).filter(|_| {
            let mut state = 0.0;
            let slope = series(|x| 0.01 * x + wander(&mut random, &mut state)).unwrap();
            slope.high < 0.01
        });
        // 5 % of 400 are 20; four standard deviations more are 38.
        let below = below.count();
        assert!(below < 38, "{below} of 400");
    }

    #[test]
    fn too_few_points_say_nothing() {
        assert_eq!(slope(&[(0.0, 1.0); 29]), None);
    }
}
