use phalanx_tensor::DType;
use tract_onnx::prelude::{DatumType, f16};
use tract_onnx::tract_core::internal::Datum;

/// The datum type whose elements have the layout of `dtype`; `None` for bf16, which tract does not have.
pub(crate) fn datum_type(dtype: DType) -> Option<DatumType> {
    Some(match dtype {
        DType::F16 => f16::datum_type(),
        DType::F32 => f32::datum_type(),
        DType::F64 => f64::datum_type(),
        DType::Bool => bool::datum_type(),
        DType::I8 => i8::datum_type(),
        DType::I16 => i16::datum_type(),
        DType::I32 => i32::datum_type(),
        DType::I64 => i64::datum_type(),
        DType::U8 => u8::datum_type(),
        DType::U16 => u16::datum_type(),
        DType::U32 => u32::datum_type(),
        DType::U64 => u64::datum_type(),
        DType::String => String::datum_type(),
        _ => return None,
    })
}

/// The dtype of a tensor that tract computed, its quantisation parameters left aside.
pub(crate) fn dtype(datum_type: DatumType) -> Option<DType> {
    let plain = datum_type.unquantized();
    DType::ALL.into_iter().find(|&dtype| self::datum_type(dtype) == Some(plain))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_dtype_but_bf16_round_trips() {
        for wanted in DType::ALL {
            let back = datum_type(wanted).and_then(dtype);
            assert_eq!(back, (wanted != DType::BF16).then_some(wanted));
            if let (Some(datum_type), Some(bytes)) = (datum_type(wanted), wanted.size_bytes()) {
                assert_eq!(datum_type.size_of(), bytes);
            }
        }
    }
}
