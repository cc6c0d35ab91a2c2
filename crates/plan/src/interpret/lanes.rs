use half::{bf16, f16};
use phalanx_tensor::DType;

use crate::kernel::{Class, Scalar};

/// Numbers of one class.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Lanes {
    Floats(Vec<f32>),
    Integers(Vec<i64>),
    Booleans(Vec<bool>),
}

impl Lanes {
    pub(super) fn repeated(scalar: Scalar, count: usize) -> Self {
        match scalar {
            Scalar::F32(number) => Self::Floats(vec![number; count]),
            Scalar::I64(number) => Self::Integers(vec![number; count]),
            Scalar::Bool(flag) => Self::Booleans(vec![flag; count]),
        }
    }

    pub(super) fn append(&mut self, more: &Self) {
        match (self, more) {
            (Self::Floats(all), Self::Floats(more)) => all.extend_from_slice(more),
            (Self::Integers(all), Self::Integers(more)) => all.extend_from_slice(more),
            (Self::Booleans(all), Self::Booleans(more)) => all.extend_from_slice(more),
            (all, more) => *all = more.clone(),
        }
    }

    /// As floats.
    pub(super) fn floats(self) -> Vec<f32> {
        match self {
            Self::Floats(numbers) => numbers,
            Self::Integers(numbers) => numbers.into_iter().map(|number| number as f32).collect(),
            Self::Booleans(flags) => flags.into_iter().map(|flag| f32::from(u8::from(flag))).collect(),
        }
    }

    fn integers(&self) -> Vec<i64> {
        match self {
            Self::Floats(numbers) => numbers.iter().map(|&number| number as i64).collect(),
            Self::Integers(numbers) => numbers.clone(),
            Self::Booleans(flags) => flags.iter().map(|&flag| i64::from(flag)).collect(),
        }
    }

    /// As they come back from being stored in `dtype`.
    pub(super) fn cast(&self, dtype: DType) -> Self {
        match Class::of(dtype) {
            Some(Class::Boolean) => Self::Booleans(match self {
                Self::Floats(numbers) => numbers.iter().map(|&number| number != 0.0).collect(),
                Self::Integers(numbers) => numbers.iter().map(|&number| number != 0).collect(),
                Self::Booleans(flags) => flags.clone(),
            }),
            Some(Class::Integer) => {
                // Floats saturate at the ends of the narrow type, integers wrap around.
                let narrowed: Vec<i64> = match self {
                    Self::Floats(numbers) => numbers.iter().map(|&number| saturated(number, dtype)).collect(),
                    _ => self.integers(),
                };
                Self::Integers(narrowed.into_iter().map(|number| wrapped(number, dtype)).collect())
            }
            Some(Class::Float) | None => {
                Self::Floats(self.clone().floats().into_iter().map(|number| rounded(number, dtype)).collect())
            }
        }
    }
}

/// A float as it comes back from being stored.
pub(super) fn rounded(number: f32, dtype: DType) -> f32 {
    match dtype {
        DType::F16 => f16::from_f32(number).to_f32(),
        DType::BF16 => bf16::from_f32(number).to_f32(),
        _ => number,
    }
}

fn saturated(number: f32, dtype: DType) -> i64 {
    match dtype {
        DType::I8 => (number as i8).into(),
        DType::I16 => (number as i16).into(),
        DType::I32 => (number as i32).into(),
        DType::U8 => (number as u8).into(),
        DType::U16 => (number as u16).into(),
        DType::U32 => (number as u32).into(),
        _ => number as i64,
    }
}

fn wrapped(number: i64, dtype: DType) -> i64 {
    match dtype {
        DType::I8 => (number as i8).into(),
        DType::I16 => (number as i16).into(),
        DType::I32 => (number as i32).into(),
        DType::U8 => (number as u8).into(),
        DType::U16 => (number as u16).into(),
        DType::U32 => (number as u32).into(),
        _ => number,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn casts_do_as_rust_does() {
        let floats = Lanes::Floats(vec![-1.5, 0.0, 300.0, f32::NAN]);
        assert_eq!(floats.cast(DType::U8), Lanes::Integers(vec![0, 0, 255, 0]));
        assert_eq!(floats.cast(DType::Bool), Lanes::Booleans(vec![true, false, true, true]));
        assert_eq!(floats.cast(DType::I64), Lanes::Integers(vec![-1, 0, 300, 0]));
        let integers = Lanes::Integers(vec![-1, 300]);
        assert_eq!(integers.cast(DType::I8), Lanes::Integers(vec![-1, 44]));
        assert_eq!(integers.cast(DType::F16), Lanes::Floats(vec![-1.0, 300.0]));
        assert_eq!(Lanes::Floats(vec![1.0 + 1e-4]).cast(DType::BF16), Lanes::Floats(vec![1.0]));
    }
}
