use smallvec::SmallVec;

use super::{Axis, Factor, View};

impl View {
    /// `count` axes from `at` on, joined and split again to `sizes`; `None` where no strides can say it.
    pub(crate) fn reshape(&self, at: usize, count: usize, sizes: &[usize]) -> Option<Self> {
        let parts: Axis = self.axes[at..at + count].iter().flatten().copied().collect();
        let axes = regroup(&parts, sizes).or_else(|| regroup(&joined(&parts), sizes))?;
        let mut view = self.clone();
        view.axes.splice(at..at + count, axes);
        Some(view)
    }
}

/// `parts` with neighbours made one where one stride says both.
pub(super) fn joined(parts: &[Factor]) -> SmallVec<[Factor; 4]> {
    let mut result: SmallVec<[Factor; 4]> = SmallVec::new();
    for &part in parts {
        match result.last_mut() {
            Some(last) if last.stride == part.stride * part.size => {
                *last = Factor { size: last.size * part.size, stride: part.stride };
            }
            _ => result.push(part),
        }
    }
    result
}

/// Deals parts out to axes of these sizes, splitting some.
fn regroup(parts: &[Factor], sizes: &[usize]) -> Option<Vec<Axis>> {
    let mut parts = parts.iter().copied();
    let mut rest: Option<Factor> = None;
    let mut axes = Vec::with_capacity(sizes.len());
    for &size in sizes {
        let mut axis = Axis::new();
        let mut left = size;
        while left > 1 {
            let part = rest.take().or_else(|| parts.next())?;
            if left.is_multiple_of(part.size) {
                axis.push(part);
                left /= part.size;
            } else if part.size.is_multiple_of(left) {
                let inner = part.size / left;
                axis.push(Factor { size: left, stride: part.stride * inner });
                rest = Some(Factor { size: inner, stride: part.stride });
                left = 1;
            } else {
                return None;
            }
        }
        axes.push(axis);
    }
    (rest.is_none() && parts.next().is_none()).then_some(axes)
}
