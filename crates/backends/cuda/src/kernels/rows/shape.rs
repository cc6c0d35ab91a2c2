use phalanx_plan::{Kernel, Operand, Plan, Rows};

/// Most elements that a thread keeps in registers.
const HELD_MAX: usize = 32;
/// Threads of a block whose rows have less than a warp each.
const SMALL_BLOCK: usize = 128;

/// Who computes a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Team {
    /// Elements of a row.
    pub(super) row: usize,
    /// Threads of a row.
    pub(super) threads: usize,
    /// Neighbours that a thread computes at once.
    pub(super) width: usize,
    /// Whether the neighbours are each of a row of its own.
    pub(super) own_rows: bool,
}

impl Team {
    /// A part of a warp where each thread can hold its elements; else a block.
    pub(super) fn new(row: usize, width: usize, own_rows: bool) -> Self {
        let threads = match row.div_ceil(width) {
            _ if own_rows => 1,
            steps if row <= 32 * HELD_MAX => steps.next_power_of_two().min(32),
            _ if row <= 256 * HELD_MAX => 256,
            _ => 1024,
        };
        Self { row, threads, width, own_rows }
    }

    /// Rows of a team.
    pub(super) const fn rows(&self) -> usize {
        if self.own_rows { self.width } else { 1 }
    }

    /// Threads of a block.
    pub(super) fn block(&self) -> usize {
        self.threads.max(SMALL_BLOCK)
    }

    /// Whether a thread keeps its elements in registers.
    pub(super) fn is_held(&self) -> bool {
        let elements = if self.own_rows { self.row } else { self.row.div_ceil(self.threads * self.width) };
        elements * self.width <= 2 * HELD_MAX
    }
}

/// The operand that the most is read of. Where an index chooses the place, that may be another for each row.
fn main_operand<'a>(plan: &Plan, rows: &'a Rows) -> Option<&'a Operand> {
    let (shape, count) = (rows.full_shape(), rows.outer.len());
    let bytes = |index: usize, operand: &Operand| {
        let is_indirect = rows.before.is_indirect(index);
        let axes = shape.iter().zip(&operand.strides).enumerate();
        let walked = axes.filter(|(axis, (_, stride))| **stride > 0 || (is_indirect && *axis < count));
        let elements: usize = walked.map(|(_, (size, _))| size).product();
        elements * plan.value(operand.value).dtype.size_bytes().unwrap_or(0)
    };
    let operands = rows.before.operands.iter().enumerate();
    operands.max_by_key(|(index, operand)| bytes(*index, operand)).map(|(_, operand)| operand)
}

/// Rows whose axes are in the order in which what they read lies in memory.
pub(super) fn sorted(plan: &Plan, rows: &Rows) -> Rows {
    let Some(main) = main_operand(plan, rows) else { return rows.clone() };
    let count = rows.outer.len();
    let shape = rows.full_shape();
    let mut order: Vec<usize> = (0..shape.len()).collect();
    let (outer, inner) = order.split_at_mut(count);
    for part in [outer, inner] {
        part.sort_by_key(|&axis| {
            std::cmp::Reverse(if shape[axis] > 1 { main.strides[axis] } else { usize::MAX })
        });
    }
    let pick = |list: &[usize]| {
        let places = order.iter().filter(|&&axis| axis < list.len());
        places.map(|&axis| list[axis]).collect::<Vec<_>>()
    };
    let moved = |kernel: &Kernel| Kernel {
        operands: kernel
            .operands
            .iter()
            .map(|it| Operand { strides: pick(&it.strides), ..it.clone() })
            .collect(),
        nodes: kernel.nodes.clone(),
    };
    let sizes = pick(&shape);
    Rows {
        outer: sizes[..count].to_vec(),
        inner: sizes[count..].to_vec(),
        before: moved(&rows.before),
        reduction: rows.reduction,
        after: moved(&rows.after),
        store: pick(&rows.store),
    }
}

/// Whether neighbours in memory are of different rows, the axes being sorted.
pub(super) fn has_own_rows(plan: &Plan, rows: &Rows) -> bool {
    let Some(main) = main_operand(plan, rows) else { return false };
    let (outer, inner) = main.strides.split_at(rows.outer.len());
    let last = |sizes: &[usize], strides: &[usize]| {
        let axes = sizes.iter().zip(strides).filter(|(size, _)| **size > 1);
        axes.map(|(_, stride)| *stride).next_back()
    };
    last(&rows.inner, inner).is_some_and(|stride| stride != 1) && last(&rows.outer, outer) == Some(1)
}
