/// How a convolution or pooling moves over one spatial axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Window {
    /// Size of the input.
    pub input: usize,
    /// Size of the output.
    pub output: usize,
    /// Size of the kernel.
    pub kernel: usize,
    /// Steps of the input for one of the output.
    pub stride: usize,
    /// Steps of the input for one of the kernel.
    pub dilation: usize,
    /// Padding before the first element.
    pub pad_before: usize,
    /// Padding after the last element.
    pub pad_after: usize,
}

impl Window {
    /// Where in the input element `kernel` of the window at `output` lies; `None` in the padding.
    #[must_use]
    pub fn source(&self, output: usize, kernel: usize) -> Option<usize> {
        let padded = output * self.stride + kernel * self.dilation;
        padded.checked_sub(self.pad_before).filter(|&index| index < self.input)
    }

    /// Whether element `kernel` of the window at `output` lies in the input or the padding around it.
    #[must_use]
    pub fn is_padded(&self, output: usize, kernel: usize) -> bool {
        let padded = output * self.stride + kernel * self.dilation;
        padded < self.pad_before + self.input + self.pad_after
    }
}
