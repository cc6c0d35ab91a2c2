use phalanx_tensor::DType;

use super::layout::{order_like, pick};
use super::{Lowering, Refusal};
use crate::kernel::{Builder, Class, Kernel, NodeId, Scalar};
use crate::op::{Map, Op, Operand};
use crate::view::{Axis, Factor, Refined, View, refine};

impl Lowering<'_> {
    /// An operation that computes each element by itself from elements of `inputs`, whose axes of size 1 are repeated
    /// to `shape`. `build` puts the expression together, given a node for each input.
    pub(super) fn elementwise(
        &mut self,
        name: &str,
        inputs: &[View],
        shape: &[usize],
        dtype: DType,
        build: impl FnOnce(&mut Builder, &[NodeId]) -> Result<NodeId, Refusal>,
    ) -> Result<View, Refusal> {
        if inputs.iter().any(|view| view.axes.len() != shape.len()) {
            return Err("ranks differ".to_owned());
        }
        Class::of(dtype).ok_or_else(|| dtype.to_string())?;
        let literals = self.literals(inputs)?;
        let mut loaded: Vec<View> = Vec::new();
        for (view, _) in inputs.iter().zip(&literals).filter(|(_, literal)| literal.is_none()) {
            loaded.push(view.clone());
        }
        let refined = self.refined(name, &mut loaded);
        let refined = refined.ok_or_else(|| format!("shapes that do not broadcast to {shape:?}"))?;
        let walk = Walk::new(&refined);
        let mut builder = Builder::default();
        let mut loads = loaded.iter().zip(&refined.strides).map(|(view, strides)| Operand {
            value: view.value,
            offset: view.offset,
            strides: walk.kept(strides),
        });
        let mut nodes = Vec::with_capacity(inputs.len());
        for literal in &literals {
            nodes.push(match (literal, literal.is_none().then(|| loads.next()).flatten()) {
                (_, Some(operand)) => builder.load(operand),
                (Some(scalar), None) => builder.literal(*scalar),
                (None, None) => return Err("an input was lost".to_owned()),
            });
        }
        let root = build(&mut builder, &nodes)?;
        let kernel = builder.finish(root);
        Ok(self.map(name, kernel, &walk, dtype).broadcast(shape))
    }

    /// The number that each constant input consists of, where it is the same everywhere.
    fn literals(&self, inputs: &[View]) -> Result<Vec<Option<Scalar>>, Refusal> {
        let literal = |view: &View| {
            let dtype = self.dtype_of(view.value);
            Class::of(dtype).ok_or_else(|| dtype.to_string())?;
            Ok(self.draft.constant(view.value).and_then(super::constant::uniform))
        };
        inputs.iter().map(literal).collect()
    }

    /// Views cut to common axes; copied where that takes it.
    fn refined(&mut self, name: &str, views: &mut [View]) -> Option<Refined> {
        if views.is_empty() {
            return Some(Refined { parts: Vec::new(), strides: Vec::new() });
        }
        if let Some(refined) = refine(&views.iter().collect::<Vec<_>>()) {
            return Some(refined);
        }
        for view in views.iter_mut() {
            *view = self.materialise(name, view);
        }
        refine(&views.iter().collect::<Vec<_>>())
    }

    /// Adds the operation, unless all it does is load.
    fn map(&mut self, name: &str, kernel: Kernel, walk: &Walk, dtype: DType) -> View {
        if kernel.is_load() && self.dtype_of(kernel.operands[0].value) == dtype {
            let operand = &kernel.operands[0];
            return View { value: operand.value, offset: operand.offset, axes: walk.axes(&operand.strides) };
        }
        let value = self.draft.add_result(dtype, &walk.sizes);
        let store = crate::stride::dense(&walk.sizes);
        let axes = walk.axes(&store);
        let map = Map { shape: walk.sizes.clone(), kernel, store, store_offset: 0 };
        self.draft.add_step(name, Op::Map(map), value);
        View { value, offset: 0, axes }
    }

    /// A copy of a view that lies densely in the order of its axes. That of a constant is a constant.
    pub(super) fn materialise(&mut self, name: &str, view: &View) -> View {
        let shape = view.shape();
        let parts: Vec<Factor> = view.axes.iter().flatten().copied().collect();
        if let Some(tensor) = super::constant::copied(self.draft.constant(view.value), view, &shape) {
            return View::dense(self.draft.add_constant(&tensor), &shape);
        }
        let sizes: Vec<usize> = parts.iter().map(|part| part.size).collect();
        let strides = parts.iter().map(|part| part.stride).collect();
        let operand = Operand { value: view.value, offset: view.offset, strides };
        let value = self.draft.add_result(self.dtype_of(view.value), &sizes);
        let store = crate::stride::dense(&sizes);
        let map = Map { shape: sizes, kernel: Kernel::load(operand), store, store_offset: 0 };
        self.draft.add_step(name, Op::Map(map), value);
        View::dense(value, &shape)
    }
}

/// The axes of an element-wise operation: those along which anything changes, in the order of memory.
struct Walk {
    sizes: Vec<usize>,
    /// For each axis the part of the logical axes that it is.
    order: Vec<usize>,
    parts: Vec<Vec<usize>>,
}

impl Walk {
    fn new(refined: &Refined) -> Self {
        let sizes = refined.sizes();
        let changes = |part: &usize| refined.strides.iter().any(|strides| strides[*part] != 0);
        let changing: Vec<usize> = (0..sizes.len()).filter(changes).collect();
        let varying = |strides: &&Vec<usize>| changing.iter().filter(|&&part| strides[part] != 0).count();
        // The first of those that vary most; `max_by_key` would take the last.
        let main = refined.strides.iter().rev().max_by_key(varying);
        let along = main.map(|strides| pick(&changing, strides)).unwrap_or_default();
        let order = pick(&order_like(&along), &changing);
        Self { sizes: pick(&order, &sizes), order, parts: refined.parts.clone() }
    }

    fn kept(&self, strides: &[usize]) -> Vec<usize> {
        pick(&self.order, strides)
    }

    /// The logical axes of what has these strides along the operation's.
    fn axes(&self, strides: &[usize]) -> Vec<Axis> {
        let mut part = 0;
        let mut axes = Vec::with_capacity(self.parts.len());
        for sizes in &self.parts {
            let mut axis = Axis::new();
            for &size in sizes {
                let place = self.order.iter().position(|&other| other == part);
                axis.push(Factor { size, stride: place.map_or(0, |place| strides[place]) });
                part += 1;
            }
            axes.push(axis);
        }
        axes
    }
}
