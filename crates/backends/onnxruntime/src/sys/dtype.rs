use ort::sys::ONNXTensorElementDataType;
use phalanx_tensor::DType;

/// The C interface's names of the element types, in the order of [`DType::ALL`].
const NAMES: [(DType, ONNXTensorElementDataType); 14] = {
    use ONNXTensorElementDataType::*;
    [
        (DType::F16, ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT16),
        (DType::BF16, ONNX_TENSOR_ELEMENT_DATA_TYPE_BFLOAT16),
        (DType::F32, ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT),
        (DType::F64, ONNX_TENSOR_ELEMENT_DATA_TYPE_DOUBLE),
        (DType::Bool, ONNX_TENSOR_ELEMENT_DATA_TYPE_BOOL),
        (DType::I8, ONNX_TENSOR_ELEMENT_DATA_TYPE_INT8),
        (DType::I16, ONNX_TENSOR_ELEMENT_DATA_TYPE_INT16),
        (DType::I32, ONNX_TENSOR_ELEMENT_DATA_TYPE_INT32),
        (DType::I64, ONNX_TENSOR_ELEMENT_DATA_TYPE_INT64),
        (DType::U8, ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT8),
        (DType::U16, ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT16),
        (DType::U32, ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT32),
        (DType::U64, ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT64),
        (DType::String, ONNX_TENSOR_ELEMENT_DATA_TYPE_STRING),
    ]
};

/// The runtime's name of `dtype`; `None` for one that was added to [`DType`] since.
pub(super) fn to_runtime(dtype: DType) -> Option<ONNXTensorElementDataType> {
    NAMES.iter().find(|(known, _)| *known == dtype).map(|(_, name)| *name)
}

/// The dtype that the runtime calls `code`; `None` for those that a [`phalanx_tensor::Tensor`] cannot hold.
pub(super) fn from_runtime(code: i32) -> Option<DType> {
    NAMES.iter().find(|(_, name)| *name as i32 == code).map(|(dtype, _)| *dtype)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_dtype_has_a_name_and_back() {
        for dtype in DType::ALL {
            let name = to_runtime(dtype).unwrap();
            assert_eq!(from_runtime(name as i32), Some(dtype));
        }
        for unknown in [0, 14, 17, 999, -1] {
            assert_eq!(from_runtime(unknown), None);
        }
    }
}
