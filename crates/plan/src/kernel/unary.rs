/// A function of one number. All but [`Unary::Not`], [`Unary::Neg`], [`Unary::Abs`] and [`Unary::Sign`] are of floats.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "most are what their names say")]
pub enum Unary {
    Neg,
    Abs,
    /// -1, 0 or 1.
    Sign,
    /// Of booleans.
    Not,
    Exp,
    /// The natural logarithm.
    Ln,
    Sqrt,
    /// `1 / √x`.
    Rsqrt,
    /// `1 / x`.
    Recip,
    Sin,
    Cos,
    Tan,
    Sinh,
    Cosh,
    Tanh,
    Asin,
    Acos,
    Atan,
    Asinh,
    Acosh,
    Atanh,
    /// The error function.
    Erf,
    Floor,
    Ceil,
    /// To the nearest integer, halves away from 0.
    Round,
    /// To the nearest integer, halves to the even one.
    RoundEven,
    /// `1 / (1 + exp(-x))`.
    Sigmoid,
    /// `x · sigmoid(x)`.
    Silu,
    /// As [`Activation::GeluErf`](crate::Activation::GeluErf).
    GeluErf,
    /// As [`Activation::GeluTanh`](crate::Activation::GeluTanh).
    GeluTanh,
    /// `x · max(0, min(1, x/6 + 1/2))`.
    HardSwish,
}

impl Unary {
    /// How plans print it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Neg => "neg",
            Self::Abs => "abs",
            Self::Sign => "sign",
            Self::Not => "not",
            Self::Exp => "exp",
            Self::Ln => "ln",
            Self::Sqrt => "sqrt",
            Self::Rsqrt => "rsqrt",
            Self::Recip => "recip",
            Self::Sin => "sin",
            Self::Cos => "cos",
            Self::Tan => "tan",
            Self::Sinh => "sinh",
            Self::Cosh => "cosh",
            Self::Tanh => "tanh",
            Self::Asin => "asin",
            Self::Acos => "acos",
            Self::Atan => "atan",
            Self::Asinh => "asinh",
            Self::Acosh => "acosh",
            Self::Atanh => "atanh",
            Self::Erf => "erf",
            Self::Floor => "floor",
            Self::Ceil => "ceil",
            Self::Round => "round",
            Self::RoundEven => "round_even",
            Self::Sigmoid => "sigmoid",
            Self::Silu => "silu",
            Self::GeluErf => "gelu",
            Self::GeluTanh => "gelu_tanh",
            Self::HardSwish => "hard_swish",
        }
    }
}
