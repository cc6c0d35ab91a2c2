use tract_onnx::prelude::OutletId;
use tract_onnx::tract_core::internal::TypedNode;
use tract_onnx::tract_core::ops::einsum::EinSum;

use super::contraction::{Contraction, Part, Role};
use super::layout::{order_like, pick, strides_in};
use super::{Lowering, Refusal};
use crate::kernel::Class;
use crate::op::{Epilogue, Op, Operand, Product};
use crate::stride::is_matrix;
use crate::view::{Axis, Factor, View};

impl Lowering<'_> {
    /// A sum over products of two tensors' elements, as matrix products.
    pub(super) fn einsum(&mut self, node: &TypedNode, op: &EinSum) -> Result<View, Refusal> {
        let outlet = OutletId::new(node.id, 0);
        let dtype = self.dtype(outlet)?;
        let mut inputs = self.inputs_of(node)?;
        let dtypes = inputs.iter().map(|view| self.dtype_of(view.value)).chain([dtype]);
        if op.q_params.is_some()
            || inputs.len() != 2
            || dtypes.map(Class::of).any(|it| it != Some(Class::Float))
        {
            return Err(format!("{}", op.axes));
        }
        let is_constant = |view: &View| self.draft.constant(view.value).is_some();
        let is_swapped = is_constant(&inputs[0]) && !is_constant(&inputs[1]);
        let axes = Contraction::new(&op.axes, is_swapped).ok_or_else(|| format!("{}", op.axes))?;
        if is_swapped {
            inputs.swap(0, 1);
        }
        if let Some(plan) = Arranged::new(&axes, &inputs) {
            return Ok(self.product(node, plan, &inputs, dtype));
        }
        // With both operands as their roles lie, everything that can be joined joins.
        for (slot, input) in inputs.iter_mut().enumerate() {
            let order = axes.canonical(slot);
            let copy = self.materialise(&node.name, &input.permuted(&order));
            let mut back = vec![0; order.len()];
            order.iter().enumerate().for_each(|(place, &axis)| back[axis] = place);
            *input = copy.permuted(&back);
        }
        let plan = Arranged::new(&axes, &inputs).ok_or_else(|| format!("{}", op.axes))?;
        Ok(self.product(node, plan, &inputs, dtype))
    }

    fn product(
        &mut self,
        node: &TypedNode,
        plan: Arranged,
        inputs: &[View],
        dtype: phalanx_tensor::DType,
    ) -> View {
        let value = self.draft.add_result(dtype, &plan.sizes);
        let operand = |slot: usize, strides: Vec<usize>| Operand {
            value: inputs[slot].value,
            offset: inputs[slot].offset,
            strides,
        };
        let batch = &plan.batch;
        let over = |last: [usize; 2], stride: fn(&Group) -> usize| {
            batch.iter().map(stride).chain(last).collect::<Vec<_>>()
        };
        let Arranged { m, n, k, .. } = plan;
        let product = Product {
            batch: batch.iter().map(|group| group.size).collect(),
            m: m.size,
            n: n.size,
            k: k.size,
            a: operand(0, over([m.a, k.a], |group| group.a)),
            b: operand(1, over([k.b, n.b], |group| group.b)),
            store: over([m.store, n.store], |group| group.store),
            epilogue: Epilogue::default(),
        };
        self.draft.add_step(&node.name, Op::Product(product), value);
        View { value, offset: 0, axes: plan.axes }
    }
}

/// Axes that are walked as one.
#[derive(Clone, Copy, Debug)]
struct Group {
    size: usize,
    a: usize,
    b: usize,
    store: usize,
}

/// A contraction as matrix products.
#[derive(Debug)]
struct Arranged {
    batch: Vec<Group>,
    m: Group,
    n: Group,
    k: Group,
    /// Sizes of the result's axes as they lie in memory.
    sizes: Vec<usize>,
    /// The result's axes in the model's order.
    axes: Vec<Axis>,
}

impl Arranged {
    /// `None` where an operand must be copied first.
    fn new(axes: &Contraction, inputs: &[View]) -> Option<Self> {
        let parts = axes.parts(inputs)?;
        let (order, store) = layout(&parts);
        let groups = |role: Role| {
            let of_role = order.iter().filter(|&&part| parts[part].role == role);
            let groups = of_role.map(|&part| {
                let Part { size, a, b, .. } = parts[part];
                Group { size, a, b, store: store[part] }
            });
            groups.collect::<Vec<_>>()
        };
        let (mut m, mut n) = (joined(groups(Role::Row)), joined(groups(Role::Column)));
        let k = joined(sums(&parts));
        let one = Group { size: 1, a: 0, b: 0, store: 0 };
        let (m_last, n_last) = (m.pop().unwrap_or(one), n.pop().unwrap_or(one));
        let k = match *k {
            [] => one,
            [k] => k,
            _ => return None,
        };
        let mut batch: Vec<Group> = groups(Role::Batch).into_iter().chain(m).chain(n).collect();
        batch.sort_by_key(|group| std::cmp::Reverse(group.store));
        let fits = is_matrix((m_last.size, m_last.a), (k.size, k.a))
            && is_matrix((k.size, k.b), (n_last.size, n_last.b));
        let sizes = pick(&order, &parts.iter().map(|part| part.size).collect::<Vec<_>>());
        let result = axes.result(&parts, &store);
        fits.then_some(Self { batch, m: m_last, n: n_last, k, sizes, axes: result })
    }
}

/// The parts of the result in the order in which they lie in memory, and the stride of each part there: batches and
/// rows as the first operand has them, then columns.
fn layout(parts: &[Part]) -> (Vec<usize>, Vec<usize>) {
    let of = |wanted: &[Role]| {
        (0..parts.len()).filter(|&part| wanted.contains(&parts[part].role)).collect::<Vec<_>>()
    };
    let rows = of(&[Role::Batch, Role::Row]);
    let along: Vec<usize> = rows.iter().map(|&part| parts[part].a).collect();
    let order = [pick(&order_like(&along), &rows), of(&[Role::Column])].concat();
    let sizes: Vec<usize> = parts.iter().map(|part| part.size).collect();
    let store = strides_in(&order, &sizes);
    (order, store)
}

/// The summed axes, in the order of the first operand.
fn sums(parts: &[Part]) -> Vec<Group> {
    let mut sums: Vec<Group> = parts
        .iter()
        .filter(|part| part.role == Role::Sum)
        .map(|part| Group { size: part.size, a: part.a, b: part.b, store: 0 })
        .collect();
    sums.sort_by_key(|group| std::cmp::Reverse(group.a));
    sums
}

/// Neighbours made one where one stride says both in everything.
fn joined(groups: Vec<Group>) -> Vec<Group> {
    let mut result: Vec<Group> = Vec::new();
    for group in groups {
        match result.last_mut() {
            Some(last)
                if last.a == group.a * group.size
                    && last.b == group.b * group.size
                    && last.store == group.store * group.size =>
            {
                *last = Group { size: last.size * group.size, ..group };
            }
            _ => result.push(group),
        }
    }
    result
}

impl Contraction {
    /// The result's axes in the model's order.
    fn result(&self, parts: &[Part], store: &[usize]) -> Vec<Axis> {
        let mut axes = vec![Axis::new(); self.output_rank()];
        for (part, &stride) in parts.iter().zip(store) {
            if let Some(axis) = part.output {
                axes[axis].push(Factor { size: part.size, stride });
            }
        }
        axes
    }
}
