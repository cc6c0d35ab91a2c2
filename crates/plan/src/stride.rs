/// One axis of a dense value: its size, its stride there, and its stride in something else that is read along.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Loop {
    pub(crate) size: usize,
    pub(crate) stride: usize,
    pub(crate) other: usize,
}

/// Says how to walk something else while walking a value.
///
/// `sources` are the axes of a dense value (together they number each of its elements once), each with its stride in
/// something else. `targets` are the axes of a walk through the value, as (size, stride), from `offset` on. The result
/// is the offset and the strides of the same walk through the other thing; `None` where no strides can say it.
pub(crate) fn restride(
    targets: &[(usize, usize)],
    offset: usize,
    sources: &[Loop],
) -> Option<(usize, Vec<usize>)> {
    let sources: Vec<Loop> = sources.iter().copied().filter(|source| source.size > 1).collect();
    let coordinate = |source: &Loop| (offset / source.stride) % source.size;
    let other_offset = sources.iter().map(|source| coordinate(source) * source.other).sum();
    // The furthest coordinate that the walk comes to, which must not carry over into the next axis.
    let mut reach: Vec<usize> = sources.iter().map(coordinate).collect();
    let strides: Option<Vec<usize>> = targets
        .iter()
        .map(
            |&(size, stride)| {
                if size <= 1 || stride == 0 { Some(0) } else { follow(size, stride, &sources, &mut reach) }
            },
        )
        .collect();
    let is_inside = reach.iter().zip(&sources).all(|(&reach, source)| reach < source.size);
    is_inside.then_some((other_offset, strides?))
}

/// The stride in the other thing of one axis of a walk.
fn follow(size: usize, stride: usize, sources: &[Loop], reach: &mut [usize]) -> Option<usize> {
    let (mut left, mut at, mut result) = (size, stride, None);
    while left > 1 {
        let holds = |source: &Loop| at >= source.stride && at < source.stride * source.size;
        let index = sources.iter().position(holds)?;
        let source = sources[index];
        let step = at / source.stride;
        if !at.is_multiple_of(source.stride) {
            return None;
        }
        let (there, covered) = (source.other * step, size / left);
        let first = *result.get_or_insert(there);
        if first * covered != there {
            return None;
        }
        let room = source.size / step;
        if left <= source.size.div_ceil(step) {
            reach[index] += step * (left - 1);
            break;
        }
        // On into the next axis, which only works where this one is walked to its end.
        if !source.size.is_multiple_of(step) || !left.is_multiple_of(room) {
            return None;
        }
        reach[index] += step * (room - 1);
        left /= room;
        at *= room;
    }
    result
}

/// The strides of a dense value whose axes lie in this order.
pub(crate) fn dense(shape: &[usize]) -> Vec<usize> {
    let mut strides = vec![1; shape.len()];
    for axis in (1..shape.len()).rev() {
        strides[axis - 1] = strides[axis] * shape[axis];
    }
    strides
}

/// Whether axes of these sizes and strides number each element of a value of `elements` once.
pub(crate) fn is_dense(shape: &[usize], strides: &[usize], elements: usize) -> bool {
    let mut axes: Vec<(usize, usize)> =
        strides.iter().copied().zip(shape.iter().copied()).filter(|&(_, size)| size != 1).collect();
    axes.sort_unstable();
    let mut expected = 1;
    for (stride, size) in axes {
        if stride != expected {
            return false;
        }
        expected *= size;
    }
    expected == elements
}

/// Whether two axes, given as (size, stride), are those of a matrix with a leading dimension.
pub(crate) fn is_matrix(rows: (usize, usize), columns: (usize, usize)) -> bool {
    let is_unit = |(size, stride): (usize, usize)| size == 1 || stride == 1;
    let leads = |(size, stride): (usize, usize), width: usize| size == 1 || stride >= width;
    (is_unit(columns) && leads(rows, columns.0)) || (is_unit(rows) && leads(columns, rows.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Offsets in order of a walk.
    fn walk(axes: &[(usize, usize)], offset: usize) -> Vec<usize> {
        axes.iter().fold(vec![offset], |offsets, &(size, stride)| {
            offsets.iter().flat_map(|from| (0..size).map(move |step| from + step * stride)).collect()
        })
    }

    fn sources(sizes: &[usize], others: &[usize]) -> Vec<Loop> {
        let strides = dense(sizes);
        let axes = sizes.iter().zip(&strides).zip(others);
        axes.map(|((&size, &stride), &other)| Loop { size, stride, other }).collect()
    }

    #[test]
    fn axes_split_join_and_swap() {
        let sources = sources(&[4, 6], &[1, 4]);
        assert_eq!(restride(&[(6, 1), (4, 6)], 0, &sources), Some((0, vec![4, 1])));
        assert_eq!(restride(&[(4, 6), (2, 3), (3, 1)], 0, &sources), Some((0, vec![1, 12, 4])));
        assert_eq!(restride(&[(24, 1)], 0, &sources), None);
        assert_eq!(restride(&[(2, 12), (3, 2)], 7, &sources), Some((5, vec![2, 8])));
        assert_eq!(restride(&[(7, 1)], 0, &sources), None);
    }

    proptest! {
        /// Whatever strides come out, they lead to the same elements as computing each one's place.
        #[test]
        fn the_walk_is_the_same(
            sizes in proptest::collection::vec(1_usize..5, 1..4),
            others in proptest::collection::vec(0_usize..7, 3..=3),
            targets in proptest::collection::vec((1_usize..7, 0_usize..13), 1..4),
            offset in 0_usize..8,
        ) {
            let elements: usize = sizes.iter().product();
            let offset = offset % elements;
            let places = walk(&targets, offset);
            let sources = sources(&sizes, &others);
            if let Some((other_offset, strides)) = restride(&targets, offset, &sources) {
                prop_assert!(places.iter().all(|&place| place < elements));
                let other: Vec<(usize, usize)> =
                    targets.iter().zip(&strides).map(|(target, &stride)| (target.0, stride)).collect();
                let expected: Vec<usize> = places
                    .iter()
                    .map(|place| sources.iter().map(|s| place / s.stride % s.size * s.other).sum())
                    .collect();
                prop_assert_eq!(walk(&other, other_offset), expected);
            }
        }
    }
}
