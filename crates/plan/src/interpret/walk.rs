/// The places of all indices of `shape`, in order.
pub(super) fn offsets(shape: &[usize], strides: &[usize], offset: usize) -> Vec<usize> {
    let mut places = Vec::with_capacity(shape.iter().product());
    places.push(offset);
    for (&size, &stride) in shape.iter().zip(strides) {
        let mut next = Vec::with_capacity(places.len() * size);
        for place in places {
            next.extend((0..size).map(|step| place + step * stride));
        }
        places = next;
    }
    places
}
