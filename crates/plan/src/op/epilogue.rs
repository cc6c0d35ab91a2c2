use super::Operand;

/// What follows the sum of a product or convolution before it is stored:
/// `activation(scale · sum + bias + residual)`.
#[derive(Clone, Debug, PartialEq)]
pub struct Epilogue {
    /// Factor of the sum.
    pub scale: f32,
    /// Added; differs only along the columns of a product or the channels of a convolution.
    pub bias: Option<Operand>,
    /// Added; has an element of its own for each one that is stored.
    pub residual: Option<Operand>,
    /// Applied last.
    pub activation: Activation,
}

impl Default for Epilogue {
    fn default() -> Self {
        Self { scale: 1.0, bias: None, residual: None, activation: Activation::None }
    }
}

impl Epilogue {
    /// What it reads.
    pub fn operands(&self) -> impl Iterator<Item = &Operand> {
        self.bias.iter().chain(&self.residual)
    }

    /// What it reads, to be changed.
    pub fn operands_mut(&mut self) -> impl Iterator<Item = &mut Operand> {
        self.bias.iter_mut().chain(&mut self.residual)
    }
}

/// The last step of an [`Epilogue`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Activation {
    /// Nothing.
    None,
    /// `max(x, 0)`.
    Relu,
    /// `x/2 · (1 + erf(x/√2))`: the exact form, which differs from [`Activation::GeluTanh`] by up to 5e-4.
    GeluErf,
    /// `x/2 · (1 + tanh(√(2/π) · (x + 0.044715·x³)))`.
    GeluTanh,
}

impl Activation {
    /// Its name as plans print it; empty for none.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Relu => "relu",
            Self::GeluErf => "gelu",
            Self::GeluTanh => "gelu_tanh",
        }
    }
}
