use super::{Operand, Window};

/// What a pooling makes of the elements in a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PoolKind {
    /// The largest; padding does not count.
    Max,
    /// The sum; padding is 0.
    Sum,
    /// The mean of those that are not padding.
    Mean,
    /// The mean, counting padding as 0.
    MeanWithPadding,
}

impl PoolKind {
    /// Its name as plans print it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Max => "max",
            Self::Sum => "sum",
            Self::Mean => "mean",
            Self::MeanWithPadding => "mean_with_padding",
        }
    }
}

/// A pooling over any number of spatial axes. Sums are kept in fp32.
#[derive(Clone, Debug, PartialEq)]
pub struct Pool {
    /// What is made of a window.
    pub kind: PoolKind,
    /// Images.
    pub batch: usize,
    /// Channels.
    pub channels: usize,
    /// The spatial axes.
    pub windows: Vec<Window>,
    /// Over batch, channel, and the input's spatial axes.
    pub input: Operand,
    /// Strides of the result over batch, channel, and the output's spatial axes.
    pub store: Vec<usize>,
}

impl Pool {
    /// Batch, channel, and the output's spatial axes.
    #[must_use]
    pub fn shape(&self) -> Vec<usize> {
        self.around(|window| window.output)
    }

    /// Batch, channel, and the input's spatial axes.
    #[must_use]
    pub fn input_shape(&self) -> Vec<usize> {
        self.around(|window| window.input)
    }

    fn around(&self, spatial: impl Fn(&Window) -> usize) -> Vec<usize> {
        [self.batch, self.channels].into_iter().chain(self.windows.iter().map(spatial)).collect()
    }
}
