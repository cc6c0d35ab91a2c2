use phalanx_tensor::DType;

/// ONNX's element types.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, prost::Enumeration)]
#[repr(i32)]
pub enum DataType {
    /// Not said.
    Undefined = 0,
    /// IEEE 754 single precision.
    Float = 1,
    /// Unsigned, 8 bits.
    Uint8 = 2,
    /// Signed, 8 bits.
    Int8 = 3,
    /// Unsigned, 16 bits.
    Uint16 = 4,
    /// Signed, 16 bits.
    Int16 = 5,
    /// Signed, 32 bits.
    Int32 = 6,
    /// Signed, 64 bits.
    Int64 = 7,
    /// UTF-8 text.
    String = 8,
    /// One byte, 0 or 1.
    Bool = 9,
    /// IEEE 754 half precision.
    Float16 = 10,
    /// IEEE 754 double precision.
    Double = 11,
    /// Unsigned, 32 bits.
    Uint32 = 12,
    /// Unsigned, 64 bits.
    Uint64 = 13,
    /// Two `float`s.
    Complex64 = 14,
    /// Two `double`s.
    Complex128 = 15,
    /// The upper half of a `float`.
    Bfloat16 = 16,
    /// 4 bits of exponent, 3 of mantissa, no infinity.
    Float8e4m3fn = 17,
    /// 4 bits of exponent, 3 of mantissa, no infinity, no negative zero.
    Float8e4m3fnuz = 18,
    /// 5 bits of exponent, 2 of mantissa.
    Float8e5m2 = 19,
    /// 5 bits of exponent, 2 of mantissa, no infinity, no negative zero.
    Float8e5m2fnuz = 20,
    /// Unsigned, 4 bits, two a byte.
    Uint4 = 21,
    /// Signed, 4 bits, two a byte.
    Int4 = 22,
    /// 2 bits of exponent, 1 of mantissa, two a byte.
    Float4e2m1 = 23,
    /// 8 bits of exponent.
    Float8e8m0 = 24,
    /// Unsigned, 2 bits, four a byte.
    Uint2 = 25,
    /// Signed, 2 bits, four a byte.
    Int2 = 26,
    /// 2 bits of exponent, 3 of mantissa.
    Float6e2m3 = 27,
    /// 3 bits of exponent, 2 of mantissa.
    Float6e3m2 = 28,
}

impl DataType {
    /// The dtype of tensors of this element type; `None` for those that no tensor of Phalanx holds.
    #[must_use]
    pub fn dtype(self) -> Option<DType> {
        Some(match self {
            Self::Float => DType::F32,
            Self::Uint8 => DType::U8,
            Self::Int8 => DType::I8,
            Self::Uint16 => DType::U16,
            Self::Int16 => DType::I16,
            Self::Int32 => DType::I32,
            Self::Int64 => DType::I64,
            Self::String => DType::String,
            Self::Bool => DType::Bool,
            Self::Float16 => DType::F16,
            Self::Double => DType::F64,
            Self::Uint32 => DType::U32,
            Self::Uint64 => DType::U64,
            Self::Bfloat16 => DType::BF16,
            _ => return None,
        })
    }

    /// Bits of one element; `None` for text and for no type at all.
    #[must_use]
    pub fn bits(self) -> Option<u64> {
        Some(match self {
            Self::Undefined | Self::String => return None,
            Self::Uint2 | Self::Int2 => 2,
            Self::Uint4 | Self::Int4 | Self::Float4e2m1 => 4,
            Self::Float6e2m3 | Self::Float6e3m2 => 6,
            Self::Uint8 | Self::Int8 | Self::Bool | Self::Float8e8m0 => 8,
            Self::Float8e4m3fn | Self::Float8e4m3fnuz | Self::Float8e5m2 | Self::Float8e5m2fnuz => 8,
            Self::Uint16 | Self::Int16 | Self::Float16 | Self::Bfloat16 => 16,
            Self::Float | Self::Uint32 | Self::Int32 => 32,
            Self::Double | Self::Uint64 | Self::Int64 | Self::Complex64 => 64,
            Self::Complex128 => 128,
        })
    }
}

impl From<DType> for DataType {
    fn from(dtype: DType) -> Self {
        match dtype {
            DType::F16 => Self::Float16,
            DType::BF16 => Self::Bfloat16,
            DType::F32 => Self::Float,
            DType::F64 => Self::Double,
            DType::Bool => Self::Bool,
            DType::I8 => Self::Int8,
            DType::I16 => Self::Int16,
            DType::I32 => Self::Int32,
            DType::I64 => Self::Int64,
            DType::U8 => Self::Uint8,
            DType::U16 => Self::Uint16,
            DType::U32 => Self::Uint32,
            DType::U64 => Self::Uint64,
            DType::String => Self::String,
            _ => Self::Undefined,
        }
    }
}
