use std::num::NonZeroUsize;
use std::time::Duration;

use clap::Args;
use phalanx_backend::{Device, Precision};

use super::seconds;

/// What is measured where nothing else was said.
const ROUNDS: u32 = 7;
const COUNT: NonZeroUsize = NonZeroUsize::new(100).expect("not zero");

/// Measures what submitting single matrix products costs, and what saves on it
///
/// A ladder from queue, descriptor and buffers made for each product, and a wait for each, to many recorded as one; each
/// step with the cost that it saves, as the documents name it that the project comes from. Then by which size a product
/// goes to the library or to a kernel of ours, and what pairs of low-rank products (adapters) cost beside one product.
/// Results are read back after every window and compared with double precision.
///
/// Examples:
///   phalanx bench ops
///   phalanx bench ops --device cuda:0 --sizes 64,256,1024 --precision fp32,fp16 --json
#[derive(Args, Debug)]
#[command(verbatim_doc_comment)]
pub(crate) struct OpsArgs {
    /// Where products are computed: cpu or cuda:N [default: cuda:0 where there is one, else cpu]
    #[arg(long)]
    pub(crate) device: Option<Device>,

    /// Rows, columns and depth of square products [default: 64,128 ... 4096; on the CPU up to 256]
    #[arg(long, value_name = "N,N,...", value_delimiter = ',', value_parser = clap::value_parser!(u16).range(8..=16384))]
    pub(crate) sizes: Vec<u16>,

    /// Arithmetics [default: fp32,tf32,fp16; on the CPU fp32]
    #[arg(long, value_name = "NAME,...", value_delimiter = ',')]
    pub(crate) precision: Vec<Precision>,

    /// Products that are waited for or recorded together, as far as memory allows
    #[arg(long, value_name = "N", default_value_t = COUNT)]
    pub(crate) count: NonZeroUsize,

    /// The shortest measuring window
    #[arg(long, default_value = "0.02", value_parser = seconds::parse)]
    pub(crate) seconds: Duration,

    /// Windows of each figure
    #[arg(long, value_name = "N", default_value_t = ROUNDS, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) rounds: u32,

    /// Prints one JSON document instead of tables
    #[arg(long)]
    pub(crate) json: bool,
}
