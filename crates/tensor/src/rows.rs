//! Copies of rows between a caller's tensors and a batch's buffers, with padding on the way in and trimming on the
//! way out.

/// Copies a row-major block of shape `source_dims` into the leading corner of one of shape `target_dims`, and fills
/// the rest with `fill` (one element's bytes).
///
/// Both blocks have the same rank and element size, and no axis of the target is shorter than the source's.
///
/// # Panics
/// Where the slices are not as long as their shapes demand: the caller has checked both against a signature.
pub fn pad_into(target: &mut [u8], target_dims: &[usize], source: &[u8], source_dims: &[usize], fill: &[u8]) {
    if target_dims == source_dims {
        target.copy_from_slice(source);
        return;
    }
    if !fill.is_empty() {
        if fill.iter().all(|&byte| byte == fill[0]) {
            target.fill(fill[0]);
        } else {
            target.chunks_exact_mut(fill.len()).for_each(|element| element.copy_from_slice(fill));
        }
    }
    let element = fill.len();
    copy_corner(target, target_dims, source, source_dims, source_dims, element);
}

/// Copies the leading corner of shape `target_dims` out of a larger row-major block of shape `source_dims`.
///
/// # Panics
/// As [`pad_into`].
pub fn trim_into(
    target: &mut [u8],
    target_dims: &[usize],
    source: &[u8],
    source_dims: &[usize],
    element_bytes: usize,
) {
    if target_dims == source_dims {
        target.copy_from_slice(source);
    } else {
        copy_corner(target, target_dims, source, source_dims, target_dims, element_bytes);
    }
}

/// Copies the block of shape `corner` between the leading corners of two blocks, in runs as long as the axes that
/// all three share allow.
fn copy_corner(
    target: &mut [u8],
    target_dims: &[usize],
    source: &[u8],
    source_dims: &[usize],
    corner: &[usize],
    element_bytes: usize,
) {
    let Some((&outer, inner)) = corner.split_first() else {
        target.copy_from_slice(source);
        return;
    };
    let target_stride = element_bytes * target_dims[1..].iter().product::<usize>();
    let source_stride = element_bytes * source_dims[1..].iter().product::<usize>();
    if target_dims[1..] == source_dims[1..] {
        target[..outer * target_stride].copy_from_slice(&source[..outer * source_stride]);
        return;
    }
    for index in 0..outer {
        copy_corner(
            &mut target[index * target_stride..(index + 1) * target_stride],
            &target_dims[1..],
            &source[index * source_stride..(index + 1) * source_stride],
            &source_dims[1..],
            inner,
            element_bytes,
        );
    }
}

/// Repeats row `from` in every row of `rows`, so that a bucket's unused rows hold valid data.
///
/// # Panics
/// Where `from` or `rows` lie outside the buffer.
pub fn repeat_row(buffer: &mut [u8], row_bytes: usize, from: usize, rows: std::ops::Range<usize>) {
    for row in rows {
        buffer.copy_within(from * row_bytes..(from + 1) * row_bytes, row * row_bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn pads_the_middle_axis() {
        let mut target = [0_u8; 12];
        pad_into(&mut target, &[2, 3, 2], &[1, 2, 3, 4, 5, 6, 7, 8], &[2, 2, 2], &[9]);
        assert_eq!(target, [1, 2, 3, 4, 9, 9, 5, 6, 7, 8, 9, 9]);
    }

    #[test]
    fn wide_fill_values_keep_their_bytes() {
        let mut target = [0_u8; 8];
        pad_into(&mut target, &[4], &[1, 2], &[1], &[7, 8]);
        assert_eq!(target, [1, 2, 7, 8, 7, 8, 7, 8]);
    }

    #[test]
    fn repeats_a_row() {
        let mut buffer = [1, 2, 3, 4, 0, 0, 0, 0];
        repeat_row(&mut buffer, 2, 1, 2..4);
        assert_eq!(buffer, [1, 2, 3, 4, 3, 4, 3, 4]);
    }

    proptest! {
        #[test]
        fn trimming_undoes_padding(
            axes in proptest::collection::vec((1_usize..4, 0_usize..3), 1..4),
            element in prop_oneof![Just(1_usize), Just(2), Just(4)],
        ) {
            let source_dims: Vec<usize> = axes.iter().map(|&(size, _)| size).collect();
            let target_dims: Vec<usize> = axes.iter().map(|&(size, extra)| size + extra).collect();
            let source: Vec<u8> =
                (0..source_dims.iter().product::<usize>() * element).map(|byte| byte as u8).collect();
            let mut padded = vec![0; target_dims.iter().product::<usize>() * element];
            pad_into(&mut padded, &target_dims, &source, &source_dims, &vec![0xEE; element]);
            let mut back = vec![0; source.len()];
            trim_into(&mut back, &source_dims, &padded, &target_dims, element);
            prop_assert_eq!(back, source);
        }
    }
}
