use super::{Epilogue, Operand, Window};

/// A convolution (cross-correlation, as ONNX has it) over any number of spatial axes.
#[derive(Clone, Debug, PartialEq)]
pub struct Conv {
    /// Images.
    pub batch: usize,
    /// Groups; each has its share of the input's and the output's channels.
    pub groups: usize,
    /// Input channels of one group.
    pub channels_in: usize,
    /// Output channels of one group.
    pub channels_out: usize,
    /// The spatial axes.
    pub windows: Vec<Window>,
    /// Over batch, channel (of all groups), and the input's spatial axes.
    pub input: Operand,
    /// Over output channel (of all groups), input channel of the group, and the kernel's spatial axes.
    pub weight: Operand,
    /// Strides of the result over batch, channel (of all groups), and the output's spatial axes. Channels usually lie
    /// innermost.
    pub store: Vec<usize>,
    /// What follows; its operands are over the axes of the result.
    pub epilogue: Epilogue,
}

impl Conv {
    /// Batch, channel, and the output's spatial axes.
    #[must_use]
    pub fn shape(&self) -> Vec<usize> {
        self.around(self.groups * self.channels_out, |window| window.output)
    }

    /// Batch, channel, and the input's spatial axes.
    #[must_use]
    pub fn input_shape(&self) -> Vec<usize> {
        self.around(self.groups * self.channels_in, |window| window.input)
    }

    /// Output channel, input channel of a group, and the kernel's spatial axes.
    #[must_use]
    pub fn weight_shape(&self) -> Vec<usize> {
        let kernel = self.windows.iter().map(|window| window.kernel);
        [self.groups * self.channels_out, self.channels_in].into_iter().chain(kernel).collect()
    }

    fn around(&self, channels: usize, spatial: impl Fn(&Window) -> usize) -> Vec<usize> {
        [self.batch, channels].into_iter().chain(self.windows.iter().map(spatial)).collect()
    }
}
