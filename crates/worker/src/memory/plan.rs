use std::ops::Range;

use phalanx_backend::{Layout, OutputSpec, RowSpec};

/// Every buffer begins at a multiple of this: enough for any vector load, and a cache line of its own.
const ALIGN: usize = 64;

/// Where the buffers of a slot lie in its two regions.
#[derive(Debug)]
pub(super) struct Plan {
    /// Each input's place in the region of inputs.
    pub(super) inputs: Vec<Range<usize>>,
    /// The bytes of that region.
    pub(super) inputs_bytes: usize,
    /// The place of each output whose size is known, in the region of outputs.
    pub(super) outputs: Vec<Range<usize>>,
    /// The bytes of that region.
    pub(super) outputs_bytes: usize,
}

impl Plan {
    /// The same on both sides; `None` where a size overflows.
    pub(super) fn new(layout: &Layout, rows_max: usize) -> Option<Self> {
        let (inputs, inputs_bytes) = places(layout.inputs.iter(), rows_max)?;
        let sized = layout.outputs.iter().filter_map(|output| match output {
            OutputSpec::Rows(spec) => Some(spec),
            OutputSpec::Dynamic(_) => None,
        });
        let (outputs, outputs_bytes) = places(sized, rows_max)?;
        Some(Self { inputs, inputs_bytes, outputs, outputs_bytes })
    }
}

fn places<'a>(
    specs: impl Iterator<Item = &'a RowSpec>,
    rows_max: usize,
) -> Option<(Vec<Range<usize>>, usize)> {
    let mut ranges = Vec::new();
    let mut bytes = 0_usize;
    for spec in specs {
        let start = bytes.checked_next_multiple_of(ALIGN)?;
        bytes = start.checked_add(spec.row_bytes.checked_mul(rows_max)?)?;
        isize::try_from(bytes).ok()?;
        ranges.push(start..bytes);
    }
    Some((ranges, bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use phalanx_tensor::{DType, Shape};

    #[test]
    fn buffers_are_aligned_and_apart() {
        let row = |size: usize| RowSpec::new(DType::U8, Shape::from([size])).unwrap();
        let layout = Layout {
            inputs: vec![row(3), row(0), row(65)],
            outputs: vec![OutputSpec::Dynamic(DType::F32), OutputSpec::Rows(row(1))],
        };
        let plan = Plan::new(&layout, 2).unwrap();
        assert_eq!((plan.inputs, plan.inputs_bytes), (vec![0..6, 64..64, 64..194], 194));
        assert_eq!((plan.outputs.len(), plan.outputs.first(), plan.outputs_bytes), (1, Some(&(0..2)), 2));
        assert!(Plan::new(&layout, usize::MAX / 2).is_none());
    }
}
