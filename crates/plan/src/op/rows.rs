use crate::kernel::Kernel;

/// What is made of the elements of one row. All of it is computed in fp32.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Reduction {
    /// The sum.
    Sum,
    /// The product.
    Product,
    /// The largest element.
    Max,
    /// The smallest element.
    Min,
    /// The mean of the squares.
    MeanOfSquares,
    /// `exp(x - max) / Σ exp(x - max)` of each element.
    Softmax,
    /// `x - max - ln Σ exp(x - max)` of each element.
    LogSoftmax,
    /// `(x - mean) / √(mean((x - mean)²) + epsilon)` of each element.
    LayerNorm {
        /// Added to the variance.
        epsilon: f32,
    },
    /// `x / √(mean(x²) + epsilon)` of each element.
    RmsNorm {
        /// Added to the mean of the squares.
        epsilon: f32,
    },
}

impl Reduction {
    /// Whether there is a result for each element, and not one for the row.
    #[must_use]
    pub const fn is_per_element(self) -> bool {
        matches!(self, Self::Softmax | Self::LogSoftmax | Self::LayerNorm { .. } | Self::RmsNorm { .. })
    }

    /// Its name as plans print it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sum => "sum",
            Self::Product => "product",
            Self::Max => "max",
            Self::Min => "min",
            Self::MeanOfSquares => "mean_of_squares",
            Self::Softmax => "softmax",
            Self::LogSoftmax => "log_softmax",
            Self::LayerNorm { .. } => "layer_norm",
            Self::RmsNorm { .. } => "rms_norm",
        }
    }
}

/// Computes rows: the elements that share an index of the outer axes belong together.
#[derive(Clone, Debug, PartialEq)]
pub struct Rows {
    /// The axes that number the rows.
    pub outer: Vec<usize>,
    /// The axes within a row.
    pub inner: Vec<usize>,
    /// Computes the elements of a row; reads over outer and inner axes.
    pub before: Kernel,
    /// What is made of them.
    pub reduction: Reduction,
    /// Computes what is stored of each result, which is its [`Node::Given`](crate::Node::Given); reads over the axes of
    /// the result.
    pub after: Kernel,
    /// Strides of the result: over outer and inner axes where there is one for each element, else over the outer ones.
    pub store: Vec<usize>,
}

impl Rows {
    /// Outer and inner axes.
    #[must_use]
    pub fn full_shape(&self) -> Vec<usize> {
        [&self.outer[..], &self.inner].concat()
    }

    /// The axes of the result.
    #[must_use]
    pub fn shape(&self) -> Vec<usize> {
        if self.reduction.is_per_element() { self.full_shape() } else { self.outer.clone() }
    }
}
