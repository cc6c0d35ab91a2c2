use phalanx_backend::Precision;
use serde::{Serialize, Serializer};

use super::OpsOptions;
use super::step::{NamedCost, Step};
use crate::machine::Machine;

/// All that was measured.
#[derive(Clone, Debug, Serialize)]
pub struct OpsReport {
    /// Where.
    pub machine: Machine,
    /// The device, in the words of its driver or system.
    pub device: String,
    /// Windows of each figure.
    pub rounds: u32,
    /// Their length, in milliseconds.
    pub window_ms: f64,
    /// The ways of submitting, by size and route.
    pub ladder: Vec<LadderRow>,
    /// Which route is taken for which size.
    pub routing: Vec<RoutingRow>,
    /// Pairs of low-rank products.
    pub lora: Vec<LoraRow>,
}

/// Microseconds of one operation: the median over windows, and the interval that covers it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Timed {
    /// The median.
    pub us: f64,
    /// The interval's ends.
    pub us_low: f64,
    /// As above.
    pub us_high: f64,
    /// Windows measured.
    pub windows: usize,
}

/// One step of the ladder.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LadderRow {
    /// Rows, columns and depth of the product.
    pub size: usize,
    /// Arithmetic.
    #[serde(serialize_with = "as_text")]
    pub precision: Precision,
    /// Who computes.
    pub route: String,
    /// How it is submitted.
    #[serde(flatten)]
    pub step: Step,
    /// Operations waited for or recorded together.
    pub count: usize,
    /// An operation's time.
    #[serde(flatten)]
    pub timed: Timed,
    /// Additions and multiplications a second.
    pub flops_per_s: f64,
    /// The cost that this step saves, as the seeds name it.
    pub saves: Option<NamedCost>,
    /// Microseconds saved on the step before.
    pub saved_us: Option<f64>,
    /// Whether the intervals of both lie apart.
    pub is_beyond_noise: Option<bool>,
    /// Of a graph, the numbers of branches that were tried, and an operation's time with each.
    pub by_branches: Vec<(usize, f64)>,
    /// Results that were read back and compared, and the largest error relative to the magnitude of what was summed.
    pub results_compared: usize,
    /// As above.
    pub error_max: f64,
}

/// A route by size for one kernel of ours.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RoutingRow {
    /// The products that it was measured on.
    pub family: &'static str,
    /// Arithmetic.
    #[serde(serialize_with = "as_text")]
    pub precision: Precision,
    /// The kernel.
    pub kernel: String,
    /// Above this many multiplications and additions the library is taken; `None` where never.
    pub flops_max: Option<f64>,
    /// What it was measured on.
    pub measured: Vec<RoutedSize>,
    /// What it was judged on.
    pub judged: Vec<RoutedSize>,
    /// Time lost to the better of the two on the sizes it was judged on: the mean, and the most.
    pub regret_mean: f64,
    /// As above.
    pub regret_max: f64,
    /// The mean where the library is always taken.
    pub regret_library: f64,
    /// The mean where our kernel is always taken.
    pub regret_kernel: f64,
}

/// One size by both routes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct RoutedSize {
    /// Rows, columns, depth.
    pub shape: [usize; 3],
    /// Additions and multiplications.
    pub flops: f64,
    /// The library's time in microseconds, one after the other in one submission.
    pub library_us: f64,
    /// Our kernel's.
    pub kernel_us: f64,
}

/// How operations are waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Waits {
    /// Each.
    Each,
    /// Recorded one after the other, waited for once.
    Recorded,
}

/// Pairs of low-rank products, or the one product that they are held against.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LoraRow {
    /// Arithmetic.
    #[serde(serialize_with = "as_text")]
    pub precision: Precision,
    /// Rows of x.
    pub rows: usize,
    /// Columns of x and of the result.
    pub width: usize,
    /// Columns of A; `None` of the one product.
    pub rank: Option<usize>,
    /// Adapters in the batch.
    pub adapters: usize,
    /// Who computes.
    pub route: String,
    /// How it is waited for.
    pub waits: Waits,
    /// Time of all of it.
    #[serde(flatten)]
    pub timed: Timed,
    /// In terms of the one product's fastest route, waited for alike.
    pub of_one_product: Option<f64>,
    /// Additions and multiplications a second.
    pub flops_per_s: f64,
    /// The largest error of the results that were read back, relative to the magnitude of what was summed.
    pub error_max: f64,
}

impl OpsReport {
    pub(super) fn new(device: String, options: &OpsOptions) -> Self {
        Self {
            machine: Machine::here(),
            device,
            rounds: options.rounds,
            window_ms: options.window.as_secs_f64() * 1e3,
            ladder: Vec::new(),
            routing: Vec::new(),
            lora: Vec::new(),
        }
    }
}

fn as_text<S: Serializer>(precision: &Precision, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(precision)
}
