//! Texts of kernels.

use super::strand::{Lanes, Strand};

/// The functions that all kernels may use.
const PRELUDE: &str = concat!(include_str!("cuda/device.cu"), include_str!("cuda/prelude.cu"));

/// The beginning of every text.
pub(super) fn start() -> String {
    PRELUDE.to_owned()
}

/// A text with every `${NAME}` replaced.
pub(super) fn fill(template: &str, names: &[(&str, &str)]) -> String {
    names.iter().fold(template.to_owned(), |text, (name, value)| text.replace(&format!("${{{name}}}"), value))
}

/// The largest power of two up to `most` that fits; 1 where none does.
pub(super) fn widest(most: usize, fits: impl Fn(usize) -> bool) -> usize {
    let mut width = most.checked_ilog2().map_or(1, |log| 1 << log);
    while width > 1 && !fits(width) {
        width /= 2;
    }
    width
}

/// Blocks of this many threads.
pub(super) fn blocks(threads: u32, block: usize) -> u32 {
    threads.div_ceil(block as u32).max(1)
}

/// A statement that stores neighbours `result` at `to`, which are those of a group of a strand.
pub(super) fn put(store: &Strand, group: usize, width: usize, offset: usize, variables: &[&str]) -> String {
    let place = store.offset(variables);
    match store.lanes(group, width, offset) {
        Some(Lanes::Apart(stride)) if width > 1 => format!("put_apart(to + ({place}), {stride}, result)"),
        _ => format!("put<{width}>(to + ({place}), result)"),
    }
}
