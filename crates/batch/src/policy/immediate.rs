use super::Policy;

/// A free lane takes what waits, up to the largest batch.
#[derive(Clone, Copy, Debug)]
pub struct Immediate;

impl Policy for Immediate {}
