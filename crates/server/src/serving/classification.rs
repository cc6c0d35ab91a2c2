use std::cmp::Ordering;
use std::fmt::Write;

use half::{bf16, f16};
use phalanx_tensor::{DType, Element, Shape, Tensor, TensorError};

use crate::ServeError;

/// The `classes` largest values of each row, the largest first, as Triton's classification extension writes them:
/// `VALUE:INDEX`, with six digits behind the point where values have a fraction.
///
/// # Errors
/// [`ServeError::Invalid`] for strings, which have no order.
pub(super) fn largest(tensor: &Tensor, classes: u32, name: &str) -> Result<Tensor, ServeError> {
    let classes = usize::try_from(classes).unwrap_or(usize::MAX);
    let classified = match tensor.dtype() {
        DType::F16 => of(tensor, classes, |value: f16| fraction(value.to_f64())),
        DType::BF16 => of(tensor, classes, |value: bf16| fraction(value.to_f64())),
        DType::F32 => of(tensor, classes, |value: f32| fraction(value.into())),
        DType::F64 => of(tensor, classes, fraction),
        DType::Bool | DType::U8 => of(tensor, classes, |value: u8| value.to_string()),
        DType::I8 => of(tensor, classes, |value: i8| value.to_string()),
        DType::I16 => of(tensor, classes, |value: i16| value.to_string()),
        DType::I32 => of(tensor, classes, |value: i32| value.to_string()),
        DType::I64 => of(tensor, classes, |value: i64| value.to_string()),
        DType::U16 => of(tensor, classes, |value: u16| value.to_string()),
        DType::U32 => of(tensor, classes, |value: u32| value.to_string()),
        DType::U64 => of(tensor, classes, |value: u64| value.to_string()),
        other => {
            return Err(ServeError::invalid(format!("classification of output {name:?}"), "numbers", other));
        }
    };
    classified.map_err(|error| ServeError::Failed { message: format!("output {name:?}: {error}") })
}

fn fraction(value: f64) -> String {
    format!("{value:.6}")
}

fn of<T: Element + PartialOrd>(
    tensor: &Tensor,
    classes: usize,
    text: impl Fn(T) -> String,
) -> Result<Tensor, TensorError> {
    let values = tensor.to_vec::<T>()?;
    // One axis alone is the classes of the only row.
    let rows = if tensor.shape().len() > 1 { tensor.rows() } else { 1 };
    let row_len = values.len().checked_div(rows).unwrap_or_default();
    let classes = classes.min(row_len);
    let mut strings = Vec::with_capacity(rows.saturating_mul(classes));
    for row in values.chunks_exact(row_len.max(1)) {
        let mut indices: Vec<usize> = (0..row.len()).collect();
        indices.sort_by(|&one, &other| descending(&row[one], &row[other]));
        strings.extend(indices[..classes].iter().map(|&index| {
            let mut line = text(row[index]);
            // Writing to a string cannot fail.
            let _ = write!(line, ":{index}");
            line
        }));
    }
    let shape = if tensor.shape().len() > 1 { Shape::from([rows, classes]) } else { Shape::from([classes]) };
    Tensor::from_strings(shape, strings)
}

/// What is no number comes last.
fn descending<T: PartialOrd>(one: &T, other: &T) -> Ordering {
    let is_number = |value: &T| value.partial_cmp(value).is_some();
    other.partial_cmp(one).unwrap_or_else(|| is_number(other).cmp(&is_number(one)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strings(tensor: &Tensor, classes: u32) -> (Vec<usize>, Vec<String>) {
        let classified = largest(tensor, classes, "y").unwrap();
        (classified.shape().to_vec(), classified.strings().unwrap().to_vec())
    }

    #[test]
    fn each_row_has_its_own() {
        let tensor = Tensor::from_vec([2, 3], vec![0.25_f32, f32::NAN, 7.0, -1.0, -3.0, -2.0]).unwrap();
        let (shape, values) = strings(&tensor, 2);
        assert_eq!(shape, [2, 2]);
        assert_eq!(values, ["7.000000:2", "0.250000:0", "-1.000000:0", "-2.000000:2"]);
    }

    #[test]
    fn there_are_no_more_than_there_are() {
        let tensor = Tensor::from_vec([3], vec![5_i64, i64::MAX, i64::MAX - 1]).unwrap();
        let (shape, values) = strings(&tensor, 9);
        assert_eq!(shape, [3]);
        assert_eq!(values, ["9223372036854775807:1", "9223372036854775806:2", "5:0"]);
        let none = Tensor::from_vec([0, 3], Vec::<i64>::new()).unwrap();
        assert_eq!(strings(&none, 2), (vec![0, 0], vec![]));
        let text = Tensor::from_strings([1], vec!["a".to_owned()]).unwrap();
        assert!(matches!(largest(&text, 1, "y"), Err(ServeError::Invalid { .. })));
    }
}
