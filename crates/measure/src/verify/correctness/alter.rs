use half::{bf16, f16};
use phalanx_tensor::{DType, Element, Tensor};

use crate::MeasureError;
use crate::answers::numbers;

/// The tensor with `f` applied to every element; as it is where it holds strings or booleans.
pub(super) fn alter(tensor: &Tensor, f: impl Fn(f64) -> f64) -> Result<Tensor, MeasureError> {
    let values = || numbers(tensor.dtype(), tensor.bytes()).into_iter().map(&f);
    match tensor.dtype() {
        DType::F16 => like(tensor, values().map(f16::from_f64)),
        DType::BF16 => like(tensor, values().map(bf16::from_f64)),
        DType::F32 => like(tensor, values().map(|x| x as f32)),
        DType::F64 => like(tensor, values()),
        DType::I8 => like(tensor, values().map(|x| x as i8)),
        DType::I16 => like(tensor, values().map(|x| x as i16)),
        DType::I32 => like(tensor, values().map(|x| x as i32)),
        DType::I64 => like(tensor, values().map(|x| x as i64)),
        DType::U8 => like(tensor, values().map(|x| x as u8)),
        DType::U16 => like(tensor, values().map(|x| x as u16)),
        DType::U32 => like(tensor, values().map(|x| x as u32)),
        DType::U64 => like(tensor, values().map(|x| x as u64)),
        _ => Ok(tensor.clone()),
    }
}

fn like<T: Element>(tensor: &Tensor, values: impl Iterator<Item = T>) -> Result<Tensor, MeasureError> {
    Ok(Tensor::from_vec(tensor.shape().clone(), values.collect())?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_is_altered_and_nothing_else() {
        for dtype in DType::ALL {
            let tensor = match dtype {
                DType::String => Tensor::from_strings([2], vec!["a".to_owned(), "b".to_owned()]).unwrap(),
                _ => Tensor::zeros(dtype, [2]).unwrap(),
            };
            let altered = alter(&tensor, |x| x + 3.0).unwrap();
            assert_eq!((altered.dtype(), altered.shape()), (dtype, tensor.shape()));
            let untouched = matches!(dtype, DType::Bool | DType::String);
            assert_eq!(altered == tensor, untouched, "{dtype}");
            assert!(untouched || numbers(dtype, altered.bytes()) == [3.0, 3.0], "{dtype}");
        }
    }
}
