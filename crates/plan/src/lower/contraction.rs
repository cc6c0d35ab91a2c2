use tract_onnx::tract_core::internal::AxesMapping;

use crate::view::{View, refine, size};

/// What an axis is to a matrix product.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// In both operands and the result.
    Batch,
    /// In the first operand and the result.
    Row,
    /// In the second operand and the result.
    Column,
    /// In both operands, and summed.
    Sum,
}

/// One axis of the contraction, and where it is.
#[derive(Clone, Copy, Debug)]
struct Index {
    a: Option<usize>,
    b: Option<usize>,
    output: Option<usize>,
}

/// A part of an axis that each operand has one stride for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part {
    pub(super) role: Role,
    pub(super) size: usize,
    pub(super) a: usize,
    pub(super) b: usize,
    /// The axis of the result that it is of.
    pub(super) output: Option<usize>,
}

/// Which axes two tensors have in common, and which are summed.
#[derive(Debug)]
pub(super) struct Contraction {
    indices: Vec<Index>,
}

impl Contraction {
    /// `None` where a tensor has an axis twice.
    pub(super) fn new(mapping: &AxesMapping, is_swapped: bool) -> Option<Self> {
        let (first, second) = if is_swapped { (1, 0) } else { (0, 1) };
        let only = |places: &[usize]| match *places {
            [] => Some(None),
            [place] => Some(Some(place)),
            _ => None,
        };
        let indices = mapping.iter_all_axes().map(|axis| {
            let (a, b) = (only(&axis.inputs[first])?, only(&axis.inputs[second])?);
            Some(Index { a, b, output: only(&axis.outputs[0])? })
        });
        Some(Self { indices: indices.collect::<Option<_>>()? })
    }

    pub(super) fn output_rank(&self) -> usize {
        self.indices.iter().filter(|index| index.output.is_some()).count()
    }

    /// All axes of two operands, cut to parts that have one stride in each. `None` where one is summed alone, or their
    /// parts do not fit.
    pub(super) fn parts(&self, inputs: &[View]) -> Option<Vec<Part>> {
        let mut parts = Vec::new();
        for index in &self.indices {
            let view = |slot: usize, axis: Option<usize>| {
                let axes = vec![axis.map_or_else(Vec::new, |axis| inputs[slot].axes[axis].clone())];
                View { axes, ..inputs[slot].clone() }
            };
            let (a, b) = (view(0, index.a), view(1, index.b));
            let role = match (size(&a.axes[0]), size(&b.axes[0]), index.output) {
                (1, 1, _) => continue,
                (_, _, Some(_)) if index.a.is_some() && index.b.is_some() => Role::Batch,
                (_, _, Some(_)) if index.a.is_some() => Role::Row,
                (_, _, Some(_)) => Role::Column,
                (_, _, None) if index.a.is_some() && index.b.is_some() => Role::Sum,
                _ => return None,
            };
            let refined = refine(&[&a, &b])?;
            let sizes = refined.sizes();
            for (place, size) in sizes.into_iter().enumerate() {
                let (a, b) = (refined.strides[0][place], refined.strides[1][place]);
                parts.push(Part { role, size, a, b, output: index.output });
            }
        }
        Some(parts)
    }

    /// The axes of an operand in the order batch, rows, sums, columns.
    pub(super) fn canonical(&self, slot: usize) -> Vec<usize> {
        let key = |index: &Index| match (index.a.is_some(), index.b.is_some(), index.output.is_some()) {
            (true, true, true) => 0,
            (true, false, _) => 1,
            (true, true, false) => 2,
            (false, ..) => 3,
        };
        let place = |index: &Index| if slot == 0 { index.a } else { index.b };
        let mut indices: Vec<&Index> = self.indices.iter().filter(|index| place(index).is_some()).collect();
        indices.sort_by_key(|index| key(index));
        indices.into_iter().filter_map(place).collect()
    }
}
