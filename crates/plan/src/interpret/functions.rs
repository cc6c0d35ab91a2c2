use super::lanes::Lanes;
use crate::kernel::{Binary, Unary};
use crate::op::Activation;

pub(super) fn unary(function: Unary, of: &Lanes) -> Lanes {
    match of {
        Lanes::Floats(numbers) => Lanes::Floats(numbers.iter().map(|&x| of_float(function, x)).collect()),
        Lanes::Integers(numbers) => {
            let compute = |&x: &i64| match function {
                Unary::Neg => x.wrapping_neg(),
                Unary::Abs => x.wrapping_abs(),
                Unary::Sign => x.signum(),
                _ => x,
            };
            Lanes::Integers(numbers.iter().map(compute).collect())
        }
        Lanes::Booleans(flags) => {
            Lanes::Booleans(flags.iter().map(|&flag| flag != (function == Unary::Not)).collect())
        }
    }
}

pub(super) fn activate(activation: Activation, x: f32) -> f32 {
    match activation {
        Activation::None => x,
        Activation::Relu => x.max(0.0),
        Activation::GeluErf => of_float(Unary::GeluErf, x),
        Activation::GeluTanh => of_float(Unary::GeluTanh, x),
    }
}

fn of_float(function: Unary, x: f32) -> f32 {
    match function {
        Unary::Neg => -x,
        Unary::Abs => x.abs(),
        Unary::Sign if x == 0.0 => 0.0,
        Unary::Sign => x.signum(),
        Unary::Not => x,
        Unary::Exp => x.exp(),
        Unary::Ln => x.ln(),
        Unary::Sqrt => x.sqrt(),
        Unary::Rsqrt => x.sqrt().recip(),
        Unary::Recip => x.recip(),
        Unary::Sin => x.sin(),
        Unary::Cos => x.cos(),
        Unary::Tan => x.tan(),
        Unary::Sinh => x.sinh(),
        Unary::Cosh => x.cosh(),
        Unary::Tanh => x.tanh(),
        Unary::Asin => x.asin(),
        Unary::Acos => x.acos(),
        Unary::Atan => x.atan(),
        Unary::Asinh => x.asinh(),
        Unary::Acosh => x.acosh(),
        Unary::Atanh => x.atanh(),
        Unary::Erf => libm::erff(x),
        Unary::Floor => x.floor(),
        Unary::Ceil => x.ceil(),
        Unary::Round => x.round(),
        Unary::RoundEven => x.round_ties_even(),
        Unary::Sigmoid => sigmoid(x),
        Unary::Silu => x * sigmoid(x),
        Unary::GeluErf => 0.5 * x * (1.0 + libm::erff(x * std::f32::consts::FRAC_1_SQRT_2)),
        Unary::GeluTanh => {
            let inner = (2.0 / std::f32::consts::PI).sqrt() * (x + 0.044_715 * x * x * x);
            0.5 * x * (1.0 + inner.tanh())
        }
        Unary::HardSwish => x * (x / 6.0 + 0.5).clamp(0.0, 1.0),
    }
}

fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + (-x).exp())
}

pub(super) fn binary(function: Binary, left: &Lanes, right: &Lanes) -> Lanes {
    match (left, right) {
        (Lanes::Floats(left), Lanes::Floats(right)) if function.is_comparison() => {
            compare(function, left, right)
        }
        (Lanes::Floats(left), Lanes::Floats(right)) => {
            Lanes::Floats(zip(left, right, |a, b| of_floats(function, a, b)))
        }
        (Lanes::Integers(left), Lanes::Integers(right)) if function.is_comparison() => {
            compare(function, left, right)
        }
        (Lanes::Integers(left), Lanes::Integers(right)) => {
            Lanes::Integers(zip(left, right, |a, b| of_integers(function, a, b)))
        }
        (Lanes::Booleans(left), Lanes::Booleans(right)) if function.is_comparison() => {
            compare(function, left, right)
        }
        (Lanes::Booleans(left), Lanes::Booleans(right)) => {
            Lanes::Booleans(zip(left, right, |a, b| match function {
                Binary::And => a & b,
                Binary::Or => a | b,
                _ => a ^ b,
            }))
        }
        // A checked kernel has no operands of two classes.
        (left, _) => left.clone(),
    }
}

fn zip<T: Copy, U>(left: &[T], right: &[T], function: impl Fn(T, T) -> U) -> Vec<U> {
    left.iter().zip(right).map(|(&a, &b)| function(a, b)).collect()
}

fn compare<T: Copy + PartialOrd>(function: Binary, left: &[T], right: &[T]) -> Lanes {
    Lanes::Booleans(zip(left, right, |a, b| match function {
        Binary::Equal => a == b,
        Binary::NotEqual => a != b,
        Binary::Less => a < b,
        Binary::LessEqual => a <= b,
        Binary::Greater => a > b,
        _ => a >= b,
    }))
}

fn of_floats(function: Binary, a: f32, b: f32) -> f32 {
    match function {
        Binary::Add => a + b,
        Binary::Sub => a - b,
        Binary::Mul => a * b,
        Binary::Div => a / b,
        Binary::Rem => a % b,
        Binary::Min => a.min(b),
        Binary::Max => a.max(b),
        Binary::Pow => a.powf(b),
        _ => f32::NAN,
    }
}

fn of_integers(function: Binary, a: i64, b: i64) -> i64 {
    match function {
        Binary::Add => a.wrapping_add(b),
        Binary::Sub => a.wrapping_sub(b),
        Binary::Mul => a.wrapping_mul(b),
        Binary::Div if b == 0 => 0,
        Binary::Div => a.wrapping_div(b),
        Binary::Rem if b == 0 => 0,
        Binary::Rem => a.wrapping_rem(b),
        Binary::Min => a.min(b),
        Binary::Max => a.max(b),
        _ => 0,
    }
}
