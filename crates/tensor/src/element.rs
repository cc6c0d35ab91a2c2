use crate::DType;

/// A Rust type whose values are the elements of a tensor.
///
/// Booleans travel as bytes: build such a tensor with `Tensor::from_bytes` and [`DType::Bool`].
pub trait Element: bytemuck::Pod + Send + Sync {
    /// The dtype whose elements have this layout.
    const DTYPE: DType;
}

macro_rules! elements {
    ($($type:ty => $dtype:ident),* $(,)?) => {
        $(impl Element for $type { const DTYPE: DType = DType::$dtype; })*
    };
}

elements! {
    half::f16 => F16, half::bf16 => BF16, f32 => F32, f64 => F64,
    i8 => I8, i16 => I16, i32 => I32, i64 => I64,
    u8 => U8, u16 => U16, u32 => U32, u64 => U64,
}
