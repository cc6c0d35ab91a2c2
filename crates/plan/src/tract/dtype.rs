use phalanx_tensor::DType;
use tract_onnx::prelude::DatumType;

/// Our name of tract's element type. Shapes, which tract computes with in a type of its own, are integers; quantised
/// and complex numbers are none of ours.
pub(crate) fn dtype(datum_type: DatumType) -> Option<DType> {
    Some(match datum_type {
        DatumType::F16 => DType::F16,
        DatumType::F32 => DType::F32,
        DatumType::F64 => DType::F64,
        DatumType::Bool => DType::Bool,
        DatumType::I8 => DType::I8,
        DatumType::I16 => DType::I16,
        DatumType::I32 => DType::I32,
        DatumType::I64 | DatumType::TDim => DType::I64,
        DatumType::U8 => DType::U8,
        DatumType::U16 => DType::U16,
        DatumType::U32 => DType::U32,
        DatumType::U64 => DType::U64,
        _ => return None,
    })
}
