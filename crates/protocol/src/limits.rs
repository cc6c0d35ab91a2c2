/// How much one message may hold. What has another bound (the size of its body, say) is not named here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How deep JSON may nest, `data` and what is ignored included.
    pub json_depth_max: usize,
    /// Inputs, and outputs, of one message.
    pub tensors_max: usize,
    /// Dimensions of one tensor.
    pub rank_max: usize,
    /// Elements of one tensor whose values come as JSON or as BYTES: they take up to 24 times the memory they took on
    /// the wire.
    pub elements_max: usize,
    /// Parameters of a request or a response as a whole.
    pub parameters_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            json_depth_max: 40,
            tensors_max: 256,
            rank_max: 32,
            elements_max: 1 << 24,
            parameters_max: 256,
        }
    }
}
