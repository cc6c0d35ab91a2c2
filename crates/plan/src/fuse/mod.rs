//! Rewrites that make fewer operations of the same result.

mod absorb;
mod attention;
mod bijection;
mod dead;
mod epilogue;
mod forward;
mod layer_norm;
mod merge_products;
mod rows_after;
mod scale;
mod tidy;

pub(crate) use tidy::tidy;

use crate::draft::Draft;

/// A rewrite at one step; whether it changed anything, after which the step may be another.
type Rewrite = fn(&mut Draft, usize) -> bool;

/// In the order that leaves the most for libraries of products, then for normalisations, then for generated kernels.
const REWRITES: [Rewrite; 8] = [
    scale::scale,
    epilogue::epilogue,
    rows_after::rows_after,
    absorb::absorb,
    layer_norm::layer_norm,
    attention::attention,
    forward::forward,
    merge_products::merge_products,
];

/// Applies all rewrites until none changes anything. Each takes an operation away or ends where it was, so this ends.
pub(crate) fn fuse(draft: &mut Draft) {
    loop {
        let mut is_changed = false;
        for rewrite in REWRITES {
            is_changed |= everywhere(draft, rewrite);
            dead::remove(draft);
        }
        if !is_changed {
            return;
        }
    }
}

fn everywhere(draft: &mut Draft, rewrite: Rewrite) -> bool {
    let (mut index, mut is_changed) = (0, false);
    while index < draft.steps.len() {
        if rewrite(draft, index) {
            is_changed = true;
        } else {
            index += 1;
        }
    }
    is_changed
}
