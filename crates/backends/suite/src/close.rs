use std::fmt;

use half::{bf16, f16};
use phalanx_tensor::{DType, Tensor};

/// How two tensors that should be equal differ.
#[derive(Clone, Debug, PartialEq)]
pub enum Difference {
    /// In dtype or shape.
    Kind {
        /// Dtype and shape on the left.
        left: String,
        /// Dtype and shape on the right.
        right: String,
    },
    /// In a value.
    Value {
        /// The row it is in.
        row: usize,
        /// The element within the row.
        element: usize,
        /// The left value.
        left: String,
        /// The right value.
        right: String,
        /// Their distance, relative to the largest magnitude of the left row; infinite where they cannot be compared.
        error: f64,
    },
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kind { left, right } => write!(f, "{left} against {right}"),
            Self::Value { row, element, left, right, error } => {
                write!(f, "row {row}, element {element}: {left} against {right}, relative error {error:.2e}")
            }
        }
    }
}

/// The largest difference between two tensors, where it exceeds `tolerance` relative to its row's largest magnitude.
///
/// Rows are counted along axis 0. Equal infinities, and NaN with NaN, are equal. Only floats have a tolerance.
#[must_use]
pub fn difference(left: &Tensor, right: &Tensor, tolerance: f64) -> Option<Difference> {
    if left.dtype() != right.dtype() || left.shape() != right.shape() {
        let kind = |tensor: &Tensor| format!("{} {}", tensor.dtype(), tensor.shape());
        return Some(Difference::Kind { left: kind(left), right: kind(right) });
    }
    match (floats(left), floats(right)) {
        (Some(left_values), Some(right_values)) => {
            let row_len = (left_values.len() / left.rows().max(1)).max(1);
            let rows = left_values.chunks(row_len).zip(right_values.chunks(row_len)).enumerate();
            rows.filter_map(|(row, (left, right))| worst_of_row(row, left, right))
                .filter(|(_, error)| *error > tolerance)
                .max_by(|(_, one), (_, other)| one.total_cmp(other))
                .map(|(difference, _)| difference)
        }
        _ => first_unequal(&elements(left), &elements(right)),
    }
}

/// As [`difference`], as an assertion over the outputs of two runs.
///
/// # Panics
/// Where the tensors differ by more than `tolerance`.
pub fn assert_close(what: &str, left: &[Tensor], right: &[Tensor], tolerance: f64) {
    assert_eq!(left.len(), right.len(), "{what}: another number of tensors");
    for (index, (left, right)) in left.iter().zip(right).enumerate() {
        if let Some(difference) = difference(left, right, tolerance) {
            panic!("{what}, tensor {index}: {difference}");
        }
    }
}

fn worst_of_row(row: usize, left: &[f64], right: &[f64]) -> Option<(Difference, f64)> {
    let finite = left.iter().filter(|value| value.is_finite());
    let scale = finite.fold(0.0_f64, |max, value| max.max(value.abs()));
    left.iter()
        .zip(right)
        .map(|(&left, &right)| relative_error(left, right, scale))
        .enumerate()
        .max_by(|(_, one), (_, other)| one.total_cmp(other))
        .map(|(element, error)| {
            let (left, right) = (left[element].to_string(), right[element].to_string());
            (Difference::Value { row, element, left, right, error }, error)
        })
}

fn relative_error(left: f64, right: f64, scale: f64) -> f64 {
    if left == right || (left.is_nan() && right.is_nan()) {
        0.0
    } else if left.is_finite() && right.is_finite() && scale > 0.0 {
        (left - right).abs() / scale
    } else {
        f64::INFINITY
    }
}

fn first_unequal(left: &[String], right: &[String]) -> Option<Difference> {
    let element = left.iter().zip(right).position(|(left, right)| left != right)?;
    let (left, right) = (left[element].clone(), right[element].clone());
    Some(Difference::Value { row: 0, element, left, right, error: f64::INFINITY })
}

/// The elements of a tensor of floats.
fn floats(tensor: &Tensor) -> Option<Vec<f64>> {
    Some(match tensor.dtype() {
        DType::F16 => tensor.to_vec::<f16>().ok()?.into_iter().map(f64::from).collect(),
        DType::BF16 => tensor.to_vec::<bf16>().ok()?.into_iter().map(f64::from).collect(),
        DType::F32 => tensor.to_vec::<f32>().ok()?.into_iter().map(f64::from).collect(),
        DType::F64 => tensor.to_vec::<f64>().ok()?,
        _ => return None,
    })
}

/// The elements of any other tensor, as text: strings themselves, numbers as their bytes.
fn elements(tensor: &Tensor) -> Vec<String> {
    match (tensor.strings(), tensor.dtype().size_bytes()) {
        (Some(texts), _) => texts.to_vec(),
        (None, Some(size)) => tensor.bytes().chunks(size).map(|bytes| format!("{bytes:?}")).collect(),
        (None, None) => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tensor(values: &[f32]) -> Tensor {
        Tensor::from_vec([2, values.len() / 2], values.to_vec()).unwrap()
    }

    #[test]
    fn errors_are_relative_to_their_own_row() {
        let left = tensor(&[1000.0, 1.0, 1.0, 0.5]);
        let near = tensor(&[1000.0, 1.005, 1.0, 0.5]);
        assert_eq!(difference(&left, &near, 1e-5), None);
        let far = tensor(&[1000.0, 1.0, 1.0, 0.505]);
        match difference(&left, &far, 1e-5) {
            Some(Difference::Value { row: 1, element: 1, error, .. }) => {
                assert!((error - 0.005).abs() < 1e-6, "{error}");
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn nan_and_infinity_equal_only_themselves() {
        let odd = tensor(&[f32::NAN, f32::INFINITY, 1.0, 2.0]);
        assert_eq!(difference(&odd, &odd, 0.0), None);
        for other in [[1.0, f32::INFINITY, 1.0, 2.0], [f32::NAN, f32::NEG_INFINITY, 1.0, 2.0]] {
            assert!(difference(&odd, &tensor(&other), 1.0).is_some());
        }
    }

    #[test]
    fn integers_strings_and_kinds_are_compared_exactly() {
        let large = |value: i64| Tensor::from_vec([1], vec![value]).unwrap();
        assert!(difference(&large(i64::MAX), &large(i64::MAX - 1), 1.0).is_some());
        let text = |value: &str| Tensor::from_strings([1], vec![value.to_owned()]).unwrap();
        assert_eq!(difference(&text("a"), &text("a"), 0.0), None);
        assert!(difference(&text("a"), &text("b"), 1.0).is_some());
        assert!(matches!(difference(&text("a"), &large(1), 1.0), Some(Difference::Kind { .. })));
    }
}
