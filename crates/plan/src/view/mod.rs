//! Tensors of the model as ways to walk through values, so that what only moves axes costs nothing.

mod refine;
mod reshape;

pub(crate) use refine::{Refined, refine};

use crate::value::ValueId;

/// A part of a logical axis: axes that were joined keep the strides of their parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Factor {
    pub(crate) size: usize,
    pub(crate) stride: usize,
}

/// A logical axis, outermost part first; parts of size 1 are left out.
pub(crate) type Axis = Vec<Factor>;

/// A tensor of the model: a value and a walk through it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct View {
    pub(crate) value: ValueId,
    pub(crate) offset: usize,
    pub(crate) axes: Vec<Axis>,
}

pub(crate) fn axis(size: usize, stride: usize) -> Axis {
    if size == 1 { Axis::new() } else { vec![Factor { size, stride }] }
}

pub(crate) fn size(axis: &[Factor]) -> usize {
    axis.iter().map(|factor| factor.size).product()
}

impl View {
    /// All of a value whose axes lie in the order of `shape`.
    pub(crate) fn dense(value: ValueId, shape: &[usize]) -> Self {
        let strides = crate::stride::dense(shape);
        let axes = shape.iter().zip(strides).map(|(&size, stride)| axis(size, stride)).collect();
        Self { value, offset: 0, axes }
    }

    pub(crate) fn shape(&self) -> Vec<usize> {
        self.axes.iter().map(|axis| size(axis)).collect()
    }

    pub(crate) fn move_axis(&mut self, from: usize, to: usize) {
        let axis = self.axes.remove(from);
        self.axes.insert(to, axis);
    }

    /// The axes in another order.
    pub(crate) fn permuted(&self, order: &[usize]) -> Self {
        let axes = order.iter().map(|&axis| self.axes[axis].clone()).collect();
        Self { axes, ..self.clone() }
    }

    /// With axes of size 1 repeated to the size that `shape` says. Both have the same rank.
    pub(crate) fn broadcast(&self, shape: &[usize]) -> Self {
        let repeat = |(axis, &size): (&Axis, &usize)| {
            if axis.is_empty() { self::axis(size, 0) } else { axis.clone() }
        };
        Self { axes: self.axes.iter().zip(shape).map(repeat).collect(), ..self.clone() }
    }

    /// `length` elements of an axis, from `start` on; `None` where no strides can say it.
    pub(crate) fn slice(&self, axis: usize, start: usize, length: usize) -> Option<Self> {
        let mut view = self.clone();
        let parts = reshape::joined(&self.axes[axis]);
        let Some((outer, inner)) = parts.split_first() else { return Some(view) };
        let width = size(inner);
        if !start.is_multiple_of(width) || !length.is_multiple_of(width) {
            return None;
        }
        view.offset += start / width * outer.stride;
        view.axes[axis] =
            self::axis(length / width, outer.stride).into_iter().chain(inner.to_vec()).collect();
        Some(view)
    }

    /// The elements of an axis at places `start + Σ coordinate · step` of new axes, given as (size, step), in its
    /// place.
    pub(crate) fn pick(&self, axis: usize, start: usize, picks: &[(usize, usize)]) -> Option<Self> {
        let parts = reshape::joined(&self.axes[axis]);
        let stride = match *parts {
            [] => 0,
            [part] => part.stride,
            _ => return None,
        };
        let mut view = self.clone();
        view.offset += start * stride;
        let picked = picks.iter().map(|&(size, step)| self::axis(size, step * stride));
        view.axes.splice(axis..=axis, picked);
        Some(view)
    }

    /// One stride for each axis, where no axis has parts that do not join.
    pub(crate) fn strides(&self) -> Option<Vec<usize>> {
        let stride = |axis: &Axis| match *reshape::joined(axis) {
            [] => Some(0),
            [part] => Some(part.stride),
            _ => None,
        };
        self.axes.iter().map(stride).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strides(view: &View) -> Vec<usize> {
        view.strides().unwrap()
    }

    #[test]
    fn axes_move_split_and_join() {
        let mut view = View::dense(ValueId(0), &[2, 3, 12]);
        view.move_axis(0, 1);
        let split = view.reshape(2, 1, &[3, 4]).unwrap();
        assert_eq!((split.shape(), strides(&split)), (vec![3, 2, 3, 4], vec![12, 36, 4, 1]));
        // Joining 2 and 3 makes an axis of two parts, which splits again as it was.
        let joined = split.reshape(1, 2, &[6]).unwrap();
        assert_eq!((joined.shape(), joined.strides()), (vec![3, 6, 4], None));
        assert_eq!(joined.reshape(1, 1, &[2, 3]).unwrap(), split);
        assert_eq!(joined.reshape(1, 1, &[3, 2]), None);
    }

    #[test]
    fn slices_start_where_they_say() {
        let view = View::dense(ValueId(0), &[4, 6]);
        let part = view.slice(1, 2, 3).unwrap();
        assert_eq!((part.offset, part.shape(), strides(&part)), (2, vec![4, 3], vec![6, 1]));
        let joined = part.reshape(0, 2, &[12]).unwrap();
        assert_eq!(joined.slice(0, 3, 6).unwrap().offset, 8);
        assert_eq!(joined.slice(0, 2, 6), None);
    }

    #[test]
    fn picks_replace_an_axis() {
        let view = View::dense(ValueId(0), &[5, 7]);
        let picked = view.pick(0, 1, &[(2, 2), (1, 9)]).unwrap();
        assert_eq!((picked.offset, picked.shape()), (7, vec![2, 1, 7]));
        assert_eq!(strides(&picked), [14, 0, 1]);
        assert_eq!(view.pick(0, 3, &[]).unwrap().shape(), [7]);
    }
}
