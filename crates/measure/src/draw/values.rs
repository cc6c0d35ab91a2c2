use fastrand::Rng;
use half::{bf16, f16};
use phalanx_tensor::{DType, Element, Shape, Tensor, TensorInfo};

use super::InputRange;
use crate::MeasureError;

/// Draws the elements of one input.
pub(super) fn draw(
    info: &TensorInfo,
    shape: &Shape,
    range: Option<&InputRange>,
    random: &mut Rng,
) -> Result<Tensor, MeasureError> {
    match info.dtype {
        DType::F16 => floats(info, shape, range, random, f16::from_f64),
        DType::BF16 => floats(info, shape, range, random, bf16::from_f64),
        DType::F32 => floats(info, shape, range, random, |x| x as f32),
        DType::F64 => floats(info, shape, range, random, |x| x),
        DType::Bool => booleans(shape, random),
        DType::I8 => integers(info, shape, range, random, |x| i8::try_from(x).ok()),
        DType::I16 => integers(info, shape, range, random, |x| i16::try_from(x).ok()),
        DType::I32 => integers(info, shape, range, random, |x| i32::try_from(x).ok()),
        DType::I64 => integers(info, shape, range, random, Some),
        DType::U8 => integers(info, shape, range, random, |x| u8::try_from(x).ok()),
        DType::U16 => integers(info, shape, range, random, |x| u16::try_from(x).ok()),
        DType::U32 => integers(info, shape, range, random, |x| u32::try_from(x).ok()),
        DType::U64 => integers(info, shape, range, random, |x| u64::try_from(x).ok()),
        DType::String => strings(shape, random),
        _ => Err(MeasureError::UnknownDType { input: info.name.clone(), dtype: info.dtype }),
    }
}

fn floats<T: Element>(
    info: &TensorInfo,
    shape: &Shape,
    range: Option<&InputRange>,
    random: &mut Rng,
    convert: impl Fn(f64) -> T,
) -> Result<Tensor, MeasureError> {
    let next = || {
        convert(match range {
            Some(range) => range.low + random.f64() * (range.high - range.low),
            None => normal(random),
        })
    };
    collect(shape, info.dtype, next)
}

fn integers<T: Element>(
    info: &TensorInfo,
    shape: &Shape,
    range: Option<&InputRange>,
    random: &mut Rng,
    convert: impl Fn(i64) -> Option<T>,
) -> Result<Tensor, MeasureError> {
    let wanted = range.copied().unwrap_or(InputRange { low: 0.0, high: 2.0 });
    let (low, last) = (wanted.low.ceil() as i64, wanted.high.ceil() as i64 - 1);
    let refuse = || MeasureError::Range { input: info.name.clone(), dtype: info.dtype, range: wanted };
    let (Some(_), Some(first)) = (convert(last), convert(low)) else { return Err(refuse()) };
    if last < low {
        return Err(refuse());
    }
    collect(shape, info.dtype, || convert(random.i64(low..=last)).unwrap_or(first))
}

fn booleans(shape: &Shape, random: &mut Rng) -> Result<Tensor, MeasureError> {
    let bytes: Vec<u8> = (0..shape.size_bytes(DType::Bool)?).map(|_| random.u8(0..2)).collect();
    Ok(Tensor::from_bytes(DType::Bool, shape.clone(), bytes.into())?)
}

fn strings(shape: &Shape, random: &mut Rng) -> Result<Tensor, MeasureError> {
    let values = (0..shape.size_bytes(DType::U8)?).map(|_| random.u16(..).to_string()).collect();
    Ok(Tensor::from_strings(shape.clone(), values)?)
}

fn collect<T: Element>(
    shape: &Shape,
    dtype: DType,
    mut next: impl FnMut() -> T,
) -> Result<Tensor, MeasureError> {
    let bytes = shape.size_bytes(dtype)?;
    let values: Vec<T> = (0..bytes / std::mem::size_of::<T>()).map(|_| next()).collect();
    Ok(Tensor::from_vec(shape.clone(), values)?)
}

/// A standard normal value (G. E. P. Box and M. E. Muller, 1958).
fn normal(random: &mut Rng) -> f64 {
    // 1 - [0, 1) is never 0, whose logarithm is infinite.
    let radius = (-2.0 * (1.0 - random.f64()).ln()).sqrt();
    radius * (std::f64::consts::TAU * random.f64()).cos()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(dtype: DType, range: Option<InputRange>) -> Result<Tensor, MeasureError> {
        let info = TensorInfo { name: "x".to_owned(), dtype, dims: None };
        draw(&info, &Shape::from([1000]), range.as_ref(), &mut Rng::with_seed(1))
    }

    #[test]
    fn every_dtype_can_be_drawn() {
        for dtype in DType::ALL {
            let tensor = drawn(dtype, None).unwrap();
            assert_eq!((tensor.dtype(), tensor.rows()), (dtype, 1000));
        }
    }

    #[test]
    fn normal_values_have_mean_0_and_variance_1() {
        let values = drawn(DType::F64, None).unwrap().to_vec::<f64>().unwrap();
        let mean = values.iter().sum::<f64>() / 1000.0;
        let variance = values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 1000.0;
        assert!(mean.abs() < 0.1 && (variance - 1.0).abs() < 0.15, "{mean} {variance}");
    }

    #[test]
    fn a_range_that_the_dtype_cannot_hold_is_an_error() {
        let range = |low, high| Some(InputRange { low, high });
        assert!(matches!(drawn(DType::U8, range(0.0, 257.0)), Err(MeasureError::Range { .. })));
        assert!(matches!(drawn(DType::U32, range(-1.0, 3.0)), Err(MeasureError::Range { .. })));
        assert!(matches!(drawn(DType::I32, range(0.2, 0.8)), Err(MeasureError::Range { .. })));
        let bytes = drawn(DType::U8, range(0.0, 256.0)).unwrap().to_vec::<u8>().unwrap();
        assert!(bytes.contains(&255) && bytes.contains(&0));
    }
}
