use phalanx_backend::{Precision, Tolerance};
use phalanx_tensor::{Signature, Tensor};

use crate::warmup::floats;

/// A row whose largest magnitude is below this is compared as though it were this: what is left after numbers around 1
/// cancelled out is noise.
const MAGNITUDE_MIN: f64 = 1e-3;

/// Share of the elements of an output of integers or booleans that may differ: an `ArgMax` over two numbers that are
/// nearly equal falls to either.
const INTEGERS_SHARE: f64 = 1e-3;

/// Where two answers differ.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Difference {
    pub(crate) place: String,
    pub(crate) expected: String,
    pub(crate) got: String,
}

impl Difference {
    /// The same, with the size of the batch.
    pub(crate) fn in_batch_of(self, rows: usize) -> Self {
        let place = format!("{} of a batch of {rows}", self.place);
        Self { place, ..self }
    }
}

/// Compares the outputs of one run; the largest difference comes back, relative to the largest magnitude in its row.
///
/// # Errors
/// The first place that differs by more than the tolerance of `precision`.
pub(crate) fn compare(
    signature: &Signature,
    precision: Precision,
    expected: &[Tensor],
    got: &[Tensor],
) -> Result<f64, Difference> {
    if expected.len() != got.len() {
        let (expected, got) = (expected.len().to_string(), got.len().to_string());
        return Err(Difference { place: "number of outputs".to_owned(), expected, got });
    }
    let mut error_max = 0.0_f64;
    for (index, (expected, got)) in expected.iter().zip(got).enumerate() {
        let name = signature.outputs.get(index).map_or("", |info| info.name.as_str());
        let place = format!("output {name:?}");
        let tolerance = Tolerance::of(precision, expected.dtype());
        error_max = error_max.max(compare_output(&place, tolerance, expected, got)?);
    }
    Ok(error_max)
}

fn compare_output(
    place: &str,
    tolerance: Tolerance,
    expected: &Tensor,
    got: &Tensor,
) -> Result<f64, Difference> {
    if expected.dtype() != got.dtype() || expected.shape() != got.shape() {
        let text = |tensor: &Tensor| format!("{} {}", tensor.dtype(), tensor.shape());
        return Err(Difference { place: place.to_owned(), expected: text(expected), got: text(got) });
    }
    if !expected.dtype().is_float() {
        return compare_exact(place, expected, got).map(|()| 0.0);
    }
    // A scalar is a row of its own.
    if expected.shape().is_empty() {
        return compare_row(place, tolerance, &floats(expected), &floats(got));
    }
    let mut error_max = 0.0_f64;
    for row in 0..expected.rows() {
        let place = format!("{place}, row {row}");
        let numbers =
            |tensor: &Tensor| tensor.slice_rows(row, row + 1).map_or_else(|_| Vec::new(), |row| floats(&row));
        error_max = error_max.max(compare_row(&place, tolerance, &numbers(expected), &numbers(got))?);
    }
    Ok(error_max)
}

fn compare_row(place: &str, tolerance: Tolerance, expected: &[f64], got: &[f64]) -> Result<f64, Difference> {
    let finite = expected.iter().filter(|number| number.is_finite());
    let magnitude = finite.fold(MAGNITUDE_MIN, |most: f64, number| most.max(number.abs()));
    let (mut largest, mut sum) = ((0, 0.0_f64), 0.0);
    for (element, (&expected, &got)) in expected.iter().zip(got).enumerate() {
        let error = error(expected, got) / magnitude;
        sum += error;
        if error > largest.1 {
            largest = (element, error);
        }
    }
    let (element, error) = largest;
    if error <= tolerance.largest && sum <= tolerance.mean * expected.len() as f64 {
        return Ok(error);
    }
    Err(Difference {
        place: format!("{place}, element {element}"),
        expected: number(expected[element]),
        got: number(got[element]),
    })
}

fn error(expected: f64, got: f64) -> f64 {
    if expected == got || (expected.is_nan() && got.is_nan()) {
        0.0
    } else if expected.is_finite() && got.is_finite() {
        (expected - got).abs()
    } else {
        f64::INFINITY
    }
}

fn number(value: f64) -> String {
    format!("{:?}", value as f32)
}

fn compare_exact(place: &str, expected: &Tensor, got: &Tensor) -> Result<(), Difference> {
    let elements = expected.shape().elements().unwrap_or(0);
    let differ = match (expected.strings(), got.strings()) {
        (Some(expected), Some(got)) => expected.iter().zip(got).filter(|(one, other)| one != other).count(),
        _ => {
            let size = expected.dtype().size_bytes().unwrap_or(1);
            let pairs = expected.bytes().chunks(size).zip(got.bytes().chunks(size));
            pairs.filter(|(one, other)| one != other).count()
        }
    };
    if differ as f64 <= elements as f64 * INTEGERS_SHARE {
        return Ok(());
    }
    let (expected, got) = ("equal elements".to_owned(), format!("{differ} of {elements} that differ"));
    Err(Difference { place: place.to_owned(), expected, got })
}

#[cfg(test)]
mod tests {
    use super::*;
    use phalanx_tensor::{DType, TensorInfo};

    fn signature() -> Signature {
        let info = TensorInfo { name: "y".to_owned(), dtype: DType::F32, dims: None };
        Signature { inputs: Vec::new(), outputs: vec![info] }
    }

    fn single(expected: &[f32], got: &[f32]) -> Result<f64, Difference> {
        let tensor =
            |numbers: &[f32]| vec![Tensor::from_vec([2, numbers.len() / 2], numbers.to_vec()).unwrap()];
        compare(&signature(), Precision::Fp32, &tensor(expected), &tensor(got))
    }

    #[test]
    fn is_relative_to_the_largest_magnitude_of_the_row() {
        let error = single(&[1000.0, 1.0, 0.5, 1.0], &[1000.01, 1.0, 0.5, 1.0]).unwrap();
        assert!((error - 1e-5).abs() < 1e-6, "{error}");
        let difference = single(&[1000.0, 1.0, 0.5, 1.0], &[1000.0, 1.0, 0.51, 1.0]).unwrap_err();
        assert_eq!(difference.place, "output \"y\", row 1, element 0");
        assert_eq!((&*difference.expected, &*difference.got), ("0.5", "0.51"));
    }

    #[test]
    fn many_small_differences_are_too_many() {
        assert!(single(&[1.0, 1.0, 1.0, 1.0], &[1.0, 1.00001, 1.0, 1.0]).is_ok());
        assert!(single(&[1.0, 1.0, 1.0, 1.0], &[1.0001, 1.0001, 1.0001, 1.0001]).is_err());
        assert!(single(&[0.0; 4], &[1e-9; 4]).is_ok(), "what cancels out is noise");
    }

    #[test]
    fn what_is_not_finite_must_be_the_same() {
        assert!(single(&[f32::NAN, 1.0, f32::INFINITY, 1.0], &[f32::NAN, 1.0, f32::INFINITY, 1.0]).is_ok());
        assert!(single(&[f32::NAN, 1.0, 1.0, 1.0], &[0.0, 1.0, 1.0, 1.0]).is_err());
        assert!(single(&[1.0, 1.0, 1.0, 1.0], &[1.0, f32::NAN, 1.0, 1.0]).is_err());
    }

    #[test]
    fn shapes_and_integers_are_compared() {
        let integers = |numbers: Vec<i64>| vec![Tensor::from_vec([numbers.len()], numbers).unwrap()];
        let check = |one, other| compare(&signature(), Precision::Fp16, &integers(one), &integers(other));
        assert!(check(vec![1, 2], vec![1, 2]).is_ok());
        assert_eq!(check(vec![1, 2], vec![1, 3]).unwrap_err().got, "1 of 2 that differ");
        assert_eq!(check(vec![1, 2], vec![1]).unwrap_err().got, "i64 [1]");
        assert!(compare(&signature(), Precision::Fp32, &[], &integers(vec![1])).is_err());
    }
}
