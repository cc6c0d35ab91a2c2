use phalanx_plan::{Binary, Class, Scalar, Unary};
use phalanx_tensor::DType;

use crate::kernels::LowerError;

/// The type of an element in memory.
pub(in crate::kernels) fn element(dtype: DType, what: &'static str) -> Result<&'static str, LowerError> {
    Ok(match dtype {
        DType::F16 => "f16",
        DType::BF16 => "bf16",
        DType::F32 => "float",
        DType::Bool => "boolean",
        DType::I8 => "signed char",
        DType::I16 => "short",
        DType::I32 => "int",
        DType::I64 => "long long",
        DType::U8 => "unsigned char",
        DType::U16 => "unsigned short",
        DType::U32 => "unsigned",
        _ => return Err(LowerError::DType { dtype, what }),
    })
}

/// The type that numbers of a class are computed in.
pub(in crate::kernels) const fn class(class: Class) -> &'static str {
    match class {
        Class::Float => "float",
        Class::Integer => "long long",
        Class::Boolean => "bool",
    }
}

pub(super) fn scalar(scalar: Scalar) -> String {
    match scalar {
        Scalar::F32(number) => float(number),
        // The smallest has no literal of its own.
        Scalar::I64(i64::MIN) => "INTEGER_MIN".to_owned(),
        Scalar::I64(number) => format!("{number}LL"),
        Scalar::Bool(flag) => flag.to_string(),
    }
}

/// A float, exactly.
pub(in crate::kernels) fn float(number: f32) -> String {
    format!("number({:#010x}u)", number.to_bits())
}

/// The function that computes it of floats, or of integers where it is for these.
pub(super) const fn unary(function: Unary) -> &'static str {
    match function {
        Unary::Neg => "neg",
        Unary::Abs => "absolute",
        Unary::Sign => "sign",
        Unary::Not => "!",
        Unary::Exp => "expf",
        Unary::Ln => "logf",
        Unary::Sqrt => "sqrtf",
        Unary::Rsqrt => "rsqrtf",
        Unary::Recip => "1.0f / ",
        Unary::Sin => "sinf",
        Unary::Cos => "cosf",
        Unary::Tan => "tanf",
        Unary::Sinh => "sinhf",
        Unary::Cosh => "coshf",
        Unary::Tanh => "tanhf",
        Unary::Asin => "asinf",
        Unary::Acos => "acosf",
        Unary::Atan => "atanf",
        Unary::Asinh => "asinhf",
        Unary::Acosh => "acoshf",
        Unary::Atanh => "atanhf",
        Unary::Erf => "erff",
        Unary::Floor => "floorf",
        Unary::Ceil => "ceilf",
        Unary::Round => "roundf",
        Unary::RoundEven => "rintf",
        Unary::Sigmoid => "sigmoid",
        Unary::Silu => "silu",
        Unary::GeluErf => "gelu",
        Unary::GeluTanh => "gelu_tanh",
        Unary::HardSwish => "hard_swish",
    }
}

/// A function of two numbers, written between or before them.
pub(super) fn binary(function: Binary, left: &str, right: &str) -> String {
    let between = match function {
        Binary::Equal => "==",
        Binary::NotEqual => "!=",
        Binary::Less => "<",
        Binary::LessEqual => "<=",
        Binary::Greater => ">",
        Binary::GreaterEqual => ">=",
        Binary::And => "&&",
        Binary::Or => "||",
        Binary::Xor => "!=",
        Binary::Add => return format!("add({left}, {right})"),
        Binary::Sub => return format!("sub({left}, {right})"),
        Binary::Mul => return format!("mul({left}, {right})"),
        Binary::Div => return format!("divide({left}, {right})"),
        Binary::Rem => return format!("remainder_of({left}, {right})"),
        Binary::Min => return format!("smaller({left}, {right})"),
        Binary::Max => return format!("larger({left}, {right})"),
        Binary::Pow => return format!("power({left}, {right})"),
    };
    format!("({left} {between} {right})")
}
