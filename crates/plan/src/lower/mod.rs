//! From tract's decluttered model to operations, one node at a time, nothing fused yet.

mod axes;
mod binary;
mod concat;
mod constant;
mod contraction;
mod conv;
mod elementwise;
mod gather;
mod layout;
mod node;
mod output;
mod pool;
mod product;
mod rows;
mod select;
mod unary;

pub(crate) use constant::gather_constant;

use std::collections::{BTreeSet, HashMap};

use phalanx_tensor::{DType, Shape, Signature};
use tract_onnx::prelude::{OutletId, TypedModel};
use tract_onnx::tract_core::internal::TypedNode;

use crate::draft::Draft;
use crate::error::PlanError;
use crate::plan::Port;
use crate::tract::dtype;
use crate::value::{Place, ValueId};
use crate::view::View;

/// Elements of a tensor, at most: more than any device has memory for, and few enough that no count overflows.
pub(crate) const ELEMENTS_MAX: usize = 1 << 36;

/// Why a node has no operation; text that follows the operator's name.
pub(crate) type Refusal = String;

/// A model half way to a draft.
pub(crate) struct Lowering<'a> {
    model: &'a TypedModel,
    draft: Draft,
    /// What each wire of the model has become.
    views: HashMap<OutletId, View>,
}

/// Makes a draft of a model all of whose shapes are fixed.
///
/// # Errors
/// [`PlanError::Unsupported`] with all operators that have no operation, [`PlanError::Prepare`].
pub(crate) fn lower(model: &TypedModel, signature: &Signature) -> Result<Draft, PlanError> {
    let order = model.eval_order().map_err(|error| PlanError::Prepare { message: format!("{error:#}") })?;
    let mut lowering = Lowering { model, draft: Draft::default(), views: HashMap::new() };
    let mut refused = BTreeSet::new();
    lowering.inputs(signature, &mut refused);
    for id in order {
        let node = model.node(id);
        if let Err(reason) = lowering.node(node) {
            refused.insert(described(node, &reason));
            lowering.stand_in(node);
        }
    }
    if refused.is_empty() {
        lowering.outputs(signature, &mut refused);
    }
    if refused.is_empty() {
        Ok(lowering.draft)
    } else {
        Err(PlanError::Unsupported { operators: refused.into_iter().collect() })
    }
}

fn described(node: &TypedNode, reason: &str) -> String {
    if reason.is_empty() { node.op.name().into_owned() } else { format!("{} ({reason})", node.op.name()) }
}

impl Lowering<'_> {
    fn inputs(&mut self, signature: &Signature, refused: &mut BTreeSet<String>) {
        for (index, (&outlet, info)) in self.model.inputs.iter().zip(&signature.inputs).enumerate() {
            let shape = self.shape(outlet).unwrap_or_default();
            let value = self.draft.add_value(info.dtype, Shape::new(&shape), Place::Input(index));
            self.draft.inputs.push(Port { name: info.name.clone(), value });
            self.views.insert(outlet, View::dense(value, &shape));
            if self.dtype(outlet).ok() != Some(info.dtype) {
                refused.insert(format!("input {:?} of {}", info.name, info.dtype));
            }
        }
    }

    /// Gives the outputs of a node without an operation something to be, so that those after it are looked at too.
    fn stand_in(&mut self, node: &TypedNode) {
        for slot in 0..node.outputs.len() {
            let outlet = OutletId::new(node.id, slot);
            if let (Ok(shape), Ok(dtype)) = (self.shape(outlet), self.dtype(outlet)) {
                let value = self.draft.add_result(dtype, &shape);
                self.views.insert(outlet, View::dense(value, &shape));
            }
        }
    }

    pub(crate) fn view(&self, outlet: OutletId) -> Result<View, Refusal> {
        self.views
            .get(&outlet)
            .cloned()
            .ok_or_else(|| "its input is of a type that no plan can hold".to_owned())
    }

    pub(crate) fn inputs_of(&self, node: &TypedNode) -> Result<Vec<View>, Refusal> {
        node.inputs.iter().map(|&outlet| self.view(outlet)).collect()
    }

    pub(crate) fn dtype_of(&self, value: ValueId) -> DType {
        self.draft.value(value).dtype
    }

    /// Dtype of a wire of the model.
    fn dtype(&self, outlet: OutletId) -> Result<DType, Refusal> {
        let fact = self.model.outlet_fact(outlet).map_err(|error| format!("{error:#}"))?;
        dtype(fact.datum_type).ok_or_else(|| format!("{:?}", fact.datum_type))
    }

    /// Shape of a wire of the model, which has no symbols left and no axis without elements.
    fn shape(&self, outlet: OutletId) -> Result<Vec<usize>, Refusal> {
        let fact = self.model.outlet_fact(outlet).map_err(|error| format!("{error:#}"))?;
        let shape = fact.shape.as_concrete().ok_or_else(|| format!("shape {:?} is not fixed", fact.shape))?;
        if shape.contains(&0) {
            return Err(format!("shape {:?} has no elements", fact.shape));
        }
        let elements = shape.iter().try_fold(1_usize, |product, &size| product.checked_mul(size));
        if elements.is_none_or(|elements| elements > ELEMENTS_MAX) {
            return Err(format!("shape {:?} has more than {ELEMENTS_MAX} elements", fact.shape));
        }
        Ok(shape.to_vec())
    }
}
