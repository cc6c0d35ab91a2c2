use phalanx_tensor::DType;

/// The protocol's name of an element type, such as `FP32`.
#[must_use]
pub fn datatype(dtype: DType) -> &'static str {
    match dtype {
        DType::F16 => "FP16",
        DType::BF16 => "BF16",
        DType::F32 => "FP32",
        DType::F64 => "FP64",
        DType::Bool => "BOOL",
        DType::I8 => "INT8",
        DType::I16 => "INT16",
        DType::I32 => "INT32",
        DType::I64 => "INT64",
        DType::U8 => "UINT8",
        DType::U16 => "UINT16",
        DType::U32 => "UINT32",
        DType::U64 => "UINT64",
        _ => "BYTES",
    }
}

/// The element type that the protocol calls `name`.
#[must_use]
pub fn dtype(name: &str) -> Option<DType> {
    Some(match name {
        "FP32" => DType::F32,
        "INT64" => DType::I64,
        "FP16" => DType::F16,
        "BF16" => DType::BF16,
        "FP64" => DType::F64,
        "BOOL" => DType::Bool,
        "INT8" => DType::I8,
        "INT16" => DType::I16,
        "INT32" => DType::I32,
        "UINT8" => DType::U8,
        "UINT16" => DType::U16,
        "UINT32" => DType::U32,
        "UINT64" => DType::U64,
        "BYTES" => DType::String,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_has_a_name_of_its_own() {
        for one in DType::ALL {
            assert_eq!(dtype(datatype(one)), Some(one));
        }
        assert_eq!(dtype("fp32"), None);
    }
}
