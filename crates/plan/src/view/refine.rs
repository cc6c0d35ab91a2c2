use super::{Axis, Factor, View, size};

/// Several views of one shape, cut into axes that each of them has one stride for.
pub(crate) struct Refined {
    /// The sizes of each logical axis' parts, outermost first.
    pub(crate) parts: Vec<Vec<usize>>,
    /// For each view the strides of all parts.
    pub(crate) strides: Vec<Vec<usize>>,
}

impl Refined {
    /// The sizes of all parts.
    pub(crate) fn sizes(&self) -> Vec<usize> {
        self.parts.concat()
    }
}

/// Cuts views to common axes. An axis of size 1 is repeated for the others; otherwise their shapes are the same. `None`
/// where their parts do not fit into each other.
pub(crate) fn refine(views: &[&View]) -> Option<Refined> {
    let rank = views.first()?.axes.len();
    let mut refined = Refined { parts: Vec::with_capacity(rank), strides: vec![Vec::new(); views.len()] };
    for index in 0..rank {
        let axes: Vec<&Axis> = views.iter().map(|view| &view.axes[index]).collect();
        let (parts, strides) = refine_axis(&axes)?;
        refined.parts.push(parts);
        refined.strides.iter_mut().zip(strides).for_each(|(all, more)| all.extend(more));
    }
    Some(refined)
}

/// The sizes of common parts, outermost first, and the strides of each axis over them.
fn refine_axis(axes: &[&Axis]) -> Option<(Vec<usize>, Vec<Vec<usize>>)> {
    let mut rests: Vec<Axis> = axes.iter().map(|&axis| axis.clone()).collect();
    let mut parts = Vec::new();
    let mut strides = vec![Vec::new(); axes.len()];
    let full = axes.iter().map(|axis| size(axis)).max().unwrap_or(1);
    if axes.iter().any(|axis| !axis.is_empty() && size(axis) != full) {
        return None;
    }
    // From the inside out, the smallest innermost part of all.
    while let Some(part) = rests.iter().filter_map(|rest| rest.last()).map(|factor| factor.size).min() {
        parts.push(part);
        for (rest, strides) in rests.iter_mut().zip(&mut strides) {
            strides.push(take(rest, part)?);
        }
    }
    parts.reverse();
    strides.iter_mut().for_each(|strides| strides.reverse());
    Some((parts, strides))
}

/// Takes the innermost `part` elements off an axis; their stride, which is 0 where the axis is repeated.
fn take(rest: &mut Axis, part: usize) -> Option<usize> {
    let Some(factor) = rest.pop() else { return Some(0) };
    if !factor.size.is_multiple_of(part) {
        return None;
    }
    if factor.size > part {
        rest.push(Factor { size: factor.size / part, stride: factor.stride * part });
    }
    Some(factor.stride)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::ValueId;

    #[test]
    fn parts_fit_into_each_other() {
        let one = View::dense(ValueId(0), &[3, 12]);
        let mut other = View::dense(ValueId(1), &[3, 4, 3]);
        other.move_axis(1, 2);
        let other = other.reshape(1, 2, &[12]).unwrap();
        let refined = refine(&[&one, &other]).unwrap();
        assert_eq!(refined.parts, [vec![3], vec![3, 4]]);
        assert_eq!(refined.strides, [vec![12, 4, 1], vec![12, 1, 3]]);
    }

    #[test]
    fn axes_of_one_are_repeated() {
        let (one, other) = (View::dense(ValueId(0), &[2, 3]), View::dense(ValueId(1), &[1, 3]));
        let refined = refine(&[&one, &other]).unwrap();
        assert_eq!(refined.strides, [vec![3, 1], vec![0, 1]]);
        let third = View::dense(ValueId(1), &[1, 4]);
        assert!(refine(&[&one, &third]).is_none());
    }
}
