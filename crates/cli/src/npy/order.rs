/// Copies an array of `width`-byte elements from Fortran's order, in which the first axis varies fastest, to C's.
///
/// # Panics
/// Where `source` is not as long as `dims` demand.
pub(super) fn to_c(source: &[u8], dims: &[usize], width: usize) -> Vec<u8> {
    let mut target = Vec::with_capacity(source.len());
    let mut strides = Vec::with_capacity(dims.len());
    let mut stride = width;
    for &dim in dims {
        strides.push(stride);
        stride *= dim;
    }
    copy(source, 0, dims, &strides, width, &mut target);
    target
}

fn copy(source: &[u8], offset: usize, dims: &[usize], strides: &[usize], width: usize, target: &mut Vec<u8>) {
    match (dims, strides) {
        ([dim, dims @ ..], [stride, strides @ ..]) => {
            (0..*dim).for_each(|index| copy(source, offset + index * stride, dims, strides, width, target));
        }
        _ => target.extend_from_slice(&source[offset..offset + width]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_axis_becomes_the_slowest() {
        assert_eq!(to_c(&[1, 2, 3, 4, 5, 6], &[2, 3], 1), [1, 3, 5, 2, 4, 6]);
        assert_eq!(to_c(&[1, 1, 2, 2, 3, 3, 4, 4], &[2, 2], 2), [1, 1, 3, 3, 2, 2, 4, 4]);
        assert_eq!(to_c(&[7], &[], 1), [7]);
        assert_eq!(to_c(&[], &[2, 0], 4), [0_u8; 0]);
    }
}
