use half::{bf16, f16};
use phalanx_tensor::{DType, Element};

/// The elements of any numeric dtype as doubles; nothing for strings.
pub(crate) fn numbers(dtype: DType, bytes: &[u8]) -> Vec<f64> {
    match dtype {
        DType::F16 => all::<f16>(bytes, Into::into),
        DType::BF16 => all::<bf16>(bytes, Into::into),
        DType::F32 => all::<f32>(bytes, Into::into),
        DType::F64 => all::<f64>(bytes, Into::into),
        DType::I8 => all::<i8>(bytes, Into::into),
        DType::I16 => all::<i16>(bytes, Into::into),
        DType::I32 => all::<i32>(bytes, Into::into),
        DType::I64 => all::<i64>(bytes, |x| x as f64),
        DType::U8 | DType::Bool => all::<u8>(bytes, Into::into),
        DType::U16 => all::<u16>(bytes, Into::into),
        DType::U32 => all::<u32>(bytes, Into::into),
        DType::U64 => all::<u64>(bytes, |x| x as f64),
        _ => Vec::new(),
    }
}

fn all<T: Element>(bytes: &[u8], convert: impl Fn(T) -> f64) -> Vec<f64> {
    bytemuck::pod_collect_to_vec::<u8, T>(bytes).into_iter().map(convert).collect()
}
