use phalanx_tensor::DType;

use super::numbers::numbers;

/// The largest difference of any element, relative to the largest magnitude in its row of `expected`.
///
/// Infinite where lengths differ, where only one of two elements is finite, and where elements that are no floats
/// differ at all. `row_bytes` is the size of one row; 0 takes all for one row.
#[must_use]
pub fn row_error(dtype: DType, row_bytes: usize, expected: &[u8], got: &[u8]) -> f64 {
    if expected.len() != got.len() {
        return f64::INFINITY;
    }
    if expected == got {
        return 0.0;
    }
    if !dtype.is_float() {
        return f64::INFINITY;
    }
    let row_bytes = if row_bytes == 0 { expected.len() } else { row_bytes };
    let rows = expected.chunks(row_bytes).zip(got.chunks(row_bytes));
    rows.map(|(expected, got)| float_row_error(dtype, expected, got)).fold(0.0, f64::max)
}

fn float_row_error(dtype: DType, expected: &[u8], got: &[u8]) -> f64 {
    let (expected, got) = (numbers(dtype, expected), numbers(dtype, got));
    let largest = largest(&expected);
    expected.iter().zip(&got).map(|(&expected, &got)| difference(expected, got, largest)).fold(0.0, f64::max)
}

/// The largest magnitude of those that are finite.
pub(crate) fn largest(values: &[f64]) -> f64 {
    values.iter().filter(|x| x.is_finite()).fold(0.0, |most: f64, x| most.max(x.abs()))
}

fn difference(expected: f64, got: f64, largest: f64) -> f64 {
    if expected == got || (expected.is_nan() && got.is_nan()) {
        0.0
    } else if !expected.is_finite() || !got.is_finite() || largest == 0.0 {
        f64::INFINITY
    } else {
        (expected - got).abs() / largest
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use half::f16;

    fn error(expected: &[f32], got: &[f32], row: usize) -> f64 {
        row_error(DType::F32, row * 4, bytemuck::cast_slice(expected), bytemuck::cast_slice(got))
    }

    #[test]
    fn is_relative_to_the_largest_magnitude_of_each_row() {
        assert_eq!(error(&[1.0, -8.0], &[1.0, -8.0], 2), 0.0);
        assert_eq!(error(&[1.0, -8.0], &[2.0, -8.0], 2), 0.125);
        assert_eq!(error(&[1.0, -8.0], &[2.0, -8.0], 1), 1.0);
    }

    #[test]
    fn what_is_not_finite_must_be_the_same() {
        let nan = f32::NAN;
        assert_eq!(error(&[nan, 2.0], &[nan, 1.0], 2), 0.5);
        assert_eq!(error(&[nan, 2.0], &[1.0, 2.0], 2), f64::INFINITY);
        assert_eq!(error(&[1.0], &[f32::INFINITY], 1), f64::INFINITY);
        assert_eq!(error(&[0.0], &[1e-9], 1), f64::INFINITY);
        assert_eq!(error(&[1.0], &[1.0, 1.0], 1), f64::INFINITY);
    }

    #[test]
    fn integers_must_be_equal_and_halves_are_understood() {
        assert_eq!(row_error(DType::I64, 8, &[1; 8], &[2; 8]), f64::INFINITY);
        let half = |x: f32| f16::from_f32(x).to_le_bytes();
        assert_eq!(row_error(DType::F16, 2, &half(2.0), &half(1.0)), 0.5);
    }
}
