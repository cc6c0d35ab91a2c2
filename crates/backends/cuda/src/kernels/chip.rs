/// What kernels are made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Chip {
    /// Compute capability, before the dot.
    pub(crate) major: u32,
    /// Compute capability, after the dot.
    pub(crate) minor: u32,
    /// Streaming multiprocessors.
    pub(crate) multiprocessors: u32,
    /// Most shared memory that a block can ask for.
    pub(crate) shared_bytes_max: u32,
}

impl Chip {
    /// Whether it multiplies matrices of f16, bf16 and tf32 in its tensor cores, and rounds to bf16 by itself: since
    /// compute capability 8.0.
    #[must_use]
    pub(crate) const fn has_wide_tensor_cores(&self) -> bool {
        self.major >= 8
    }
}
