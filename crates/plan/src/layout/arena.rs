use crate::plan::ALIGNMENT_BYTES;

/// Memory that is needed from one step to another, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Block {
    /// A multiple of the alignment.
    pub(super) bytes: usize,
    pub(super) first: usize,
    pub(super) last: usize,
}

impl Block {
    fn meets(&self, other: &Self) -> bool {
        self.first <= other.last && other.first <= self.last
    }
}

pub(super) fn aligned(bytes: usize) -> usize {
    bytes.next_multiple_of(ALIGNMENT_BYTES)
}

/// Offsets for all blocks such that none overlaps another that it meets in time, and the bytes that takes.
///
/// The largest block first, each at the lowest offset where it fits (greedy by size; Pisarchyk and Lee, "Efficient
/// Memory Management for Deep Neural Net Inference", 2020).
pub(super) fn pack(blocks: &[Block]) -> (Vec<usize>, usize) {
    let mut order: Vec<usize> = (0..blocks.len()).collect();
    order.sort_by_key(|&index| (std::cmp::Reverse(blocks[index].bytes), blocks[index].first));
    let mut offsets = vec![0; blocks.len()];
    let mut placed: Vec<usize> = Vec::with_capacity(blocks.len());
    for index in order {
        offsets[index] = lowest_gap(blocks, &offsets, &placed, index);
        // Kept in the order of offsets, for the search for gaps.
        let at = placed.partition_point(|&other| offsets[other] <= offsets[index]);
        placed.insert(at, index);
    }
    let end = (0..blocks.len()).map(|index| offsets[index] + blocks[index].bytes).max();
    (offsets, end.unwrap_or(0))
}

fn lowest_gap(blocks: &[Block], offsets: &[usize], placed: &[usize], index: usize) -> usize {
    let mut lowest = 0;
    for &other in placed.iter().filter(|&&other| blocks[other].meets(&blocks[index])) {
        if offsets[other] >= lowest + blocks[index].bytes {
            break;
        }
        lowest = lowest.max(offsets[other] + blocks[other].bytes);
    }
    lowest
}

/// The most bytes that live at one step: no layout takes fewer.
pub(super) fn lower_bound(blocks: &[Block]) -> usize {
    let live = |step: usize| {
        let alive = blocks.iter().filter(|block| (block.first..=block.last).contains(&step));
        alive.map(|block| block.bytes).sum::<usize>()
    };
    blocks.iter().map(|block| live(block.first)).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn block(units: usize, first: usize, last: usize) -> Block {
        Block { bytes: units * ALIGNMENT_BYTES, first, last }
    }

    #[test]
    fn a_chain_takes_two_places() {
        let chain: Vec<Block> = (0..6).map(|step| block(3, step, step + 1)).collect();
        assert_eq!(pack(&chain).1, 6 * ALIGNMENT_BYTES);
        assert_eq!(lower_bound(&chain), 6 * ALIGNMENT_BYTES);
    }

    #[test]
    fn a_small_block_goes_into_a_gap() {
        let blocks = [block(4, 0, 1), block(2, 1, 4), block(3, 2, 3), block(1, 0, 4)];
        let (offsets, bytes) = pack(&blocks);
        assert_eq!(bytes, 7 * ALIGNMENT_BYTES);
        assert_eq!((offsets[0], offsets[2]), (0, 0));
    }

    fn blocks() -> impl Strategy<Value = Vec<Block>> {
        let one = (0_usize..9, 0_usize..40, 0_usize..12);
        proptest::collection::vec(
            one.prop_map(|(units, first, length)| block(units, first, first + length)),
            0..60,
        )
    }

    proptest! {
        #[test]
        fn what_lives_at_once_never_overlaps(blocks in blocks()) {
            let (offsets, bytes) = pack(&blocks);
            for (one, first) in blocks.iter().enumerate() {
                prop_assert!(offsets[one].is_multiple_of(ALIGNMENT_BYTES));
                prop_assert!(offsets[one] + first.bytes <= bytes);
                for (other, second) in blocks.iter().enumerate().skip(one + 1) {
                    let apart = offsets[one] + first.bytes <= offsets[other]
                        || offsets[other] + second.bytes <= offsets[one];
                    prop_assert!(apart || !first.meets(second) || first.bytes == 0 || second.bytes == 0);
                }
            }
            prop_assert!(bytes >= lower_bound(&blocks));
            // Far from it would be a defect: random lives come within a half of the bound.
            prop_assert!(bytes <= 2 * lower_bound(&blocks));
        }
    }
}
