/// The order in which axes lie in memory so that whoever walks along `strides` goes forward; as they are where an
/// axis is repeated.
pub(super) fn order_like(strides: &[usize]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..strides.len()).collect();
    if !strides.contains(&0) {
        order.sort_by_key(|&axis| std::cmp::Reverse(strides[axis]));
    }
    order
}

/// The strides of axes of these sizes that lie densely in this order.
pub(super) fn strides_in(order: &[usize], sizes: &[usize]) -> Vec<usize> {
    let mut strides = vec![0; sizes.len()];
    let mut stride = 1;
    for &axis in order.iter().rev() {
        strides[axis] = stride;
        stride *= sizes[axis];
    }
    strides
}

pub(super) fn pick<T: Copy>(order: &[usize], items: &[T]) -> Vec<T> {
    order.iter().map(|&index| items[index]).collect()
}
