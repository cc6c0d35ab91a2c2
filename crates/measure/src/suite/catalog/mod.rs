//! The rows of each strategy.

mod buffers;
mod direct;
mod engines;
mod programs;
mod stack;

pub(super) use buffers::pooled;
pub(super) use direct::{batching, hybrid, pipelined, process_pool, raw, threads};
pub(super) use engines::{batch_queue, lanes, policy};
pub(super) use programs::{optimize, precision};
pub(super) use stack::stack;

use crate::strategy::Strategy;

/// The open rows of a group.
type Rows<'a> = Vec<Box<dyn Strategy + 'a>>;

/// Batches of one lane: 1 to 256.
const POWERS: [usize; 9] = [1, 2, 4, 8, 16, 32, 64, 128, 256];

/// The batch that strategies run which vary something else.
const BATCH: usize = 32;
