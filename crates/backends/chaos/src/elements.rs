//! Single elements of any dtype, as doubles.

use half::{bf16, f16};
use phalanx_tensor::{DType, Tensor};

/// The first element of each row.
pub(crate) fn firsts(dtype: DType, rows: &[u8], row_bytes: usize) -> Vec<f64> {
    match dtype.size_bytes() {
        Some(size) if row_bytes >= size => {
            rows.chunks_exact(row_bytes).map(|row| read(dtype, &row[..size])).collect()
        }
        _ => Vec::new(),
    }
}

/// The first element of each row of a tensor; none of one of strings.
pub(crate) fn firsts_of(tensor: &Tensor) -> Vec<f64> {
    firsts(tensor.dtype(), tensor.bytes(), tensor.bytes().len() / tensor.rows().max(1))
}

macro_rules! elements {
    ($($dtype:ident => $type:ty, $to:expr, $from:expr;)*) => {
        /// The element that `bytes` are; 0 for what has no fixed size.
        pub(crate) fn read(dtype: DType, bytes: &[u8]) -> f64 {
            match dtype {
                $(DType::$dtype => $to(bytemuck::pod_read_unaligned::<$type>(bytes)),)*
                _ => 0.0,
            }
        }

        /// Puts `value` into `bytes`, as near as the dtype can hold it.
        pub(crate) fn write(dtype: DType, bytes: &mut [u8], value: f64) {
            match dtype {
                $(DType::$dtype => bytes.copy_from_slice(bytemuck::bytes_of::<$type>(&$from(value))),)*
                _ => {}
            }
        }
    };
}

elements! {
    F16 => f16, f16::to_f64, f16::from_f64;
    BF16 => bf16, bf16::to_f64, bf16::from_f64;
    F32 => f32, f64::from, |value: f64| value as f32;
    F64 => f64, f64::from, f64::from;
    Bool => u8, f64::from, |value: f64| (value as u8) & 1;
    I8 => i8, f64::from, |value: f64| value as i8;
    I16 => i16, f64::from, |value: f64| value as i16;
    I32 => i32, f64::from, |value: f64| value as i32;
    I64 => i64, |value: i64| value as f64, |value: f64| value as i64;
    U8 => u8, f64::from, |value: f64| value as u8;
    U16 => u16, f64::from, |value: f64| value as u16;
    U32 => u32, f64::from, |value: f64| value as u32;
    U64 => u64, |value: u64| value as f64, |value: f64| value as u64;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_dtype_of_fixed_size_is_read_back() {
        for dtype in DType::ALL {
            let Some(size) = dtype.size_bytes() else { continue };
            let mut bytes = vec![0; size];
            write(dtype, &mut bytes, 1.0);
            assert_eq!(read(dtype, &bytes), 1.0, "{dtype}");
            assert_eq!(firsts(dtype, &bytes.repeat(6), 2 * size), [1.0; 3], "{dtype}");
        }
        assert!(firsts(DType::F32, &[], 0).is_empty() && firsts(DType::String, &[1], 1).is_empty());
    }
}
