use std::time::Duration;

use phalanx_backend::Precision;

/// What is measured, and how long.
#[derive(Clone, Debug, PartialEq)]
pub struct OpsOptions {
    /// Rows, columns and depth of the square products of the ladder; the routing is judged between them.
    pub sizes: Vec<usize>,
    /// Arithmetics.
    pub precisions: Vec<Precision>,
    /// Operations that are waited for or recorded together, as far as their memory allows.
    pub count: usize,
    /// The memory that the operations of one measurement may take, in bytes.
    pub memory_bytes_max: usize,
    /// The shortest window of a step.
    pub window: Duration,
    /// Windows of each step, measured in turn with those of the other steps.
    pub rounds: u32,
}

impl Default for OpsOptions {
    fn default() -> Self {
        Self {
            sizes: vec![64, 128, 256, 512, 1024, 2048, 4096],
            precisions: vec![Precision::Fp32],
            count: 100,
            memory_bytes_max: 1 << 30,
            window: Duration::from_millis(20),
            rounds: 7,
        }
    }
}
