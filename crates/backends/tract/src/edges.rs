use phalanx_tensor::{DType, Signature};
use tract_onnx::prelude::{OutletId, SpecialOps, TractResult, TypedModel};
use tract_onnx::tract_core::internal::DatumType;
use tract_onnx::tract_core::internal::{TractErrorContext, ensure};
use tract_onnx::tract_core::ops::cast::cast;
use tract_onnx::tract_core::ops::source::TypedSource;

use crate::dtype::datum_type;

/// Casts the model's inputs and outputs to the dtypes that it declares.
///
/// tract computes with shapes in a type of its own, which an output may have inherited; and a model in another
/// precision has its edges in that.
pub(crate) fn keep_dtypes(model: &mut TypedModel, signature: &Signature) -> TractResult<()> {
    ensure!(
        model.inputs.len() == signature.inputs.len() && model.outputs.len() == signature.outputs.len(),
        "expected {} inputs and {} outputs, got {} and {}",
        signature.inputs.len(),
        signature.outputs.len(),
        model.inputs.len(),
        model.outputs.len()
    );
    for (index, info) in signature.inputs.iter().enumerate() {
        keep_input(model, index, declared(info.dtype)?)?;
    }
    for (index, info) in signature.outputs.iter().enumerate() {
        keep_output(model, index, declared(info.dtype)?)?;
    }
    Ok(())
}

fn declared(dtype: DType) -> TractResult<DatumType> {
    datum_type(dtype).with_context(|| format!("there are no tensors of {dtype}"))
}

fn keep_input(model: &mut TypedModel, index: usize, declared: DatumType) -> TractResult<()> {
    let source = model.inputs[index];
    let mut fact = model.outlet_fact(source)?.clone();
    let inner = fact.datum_type;
    if inner == declared {
        return Ok(());
    }
    fact.datum_type = declared;
    let users = model.outlet_successors(source).to_vec();
    model.node_mut(source.node).op = Box::new(TypedSource::new(fact.clone()));
    model.set_outlet_fact(source, fact)?;
    let name = model.unique_name(format!("{}.inner", model.node(source.node).name)).into_owned();
    let cast: OutletId = model.wire_node(name, cast(inner), &[source])?[0];
    for user in users {
        model.add_edge(cast, user)?;
    }
    for output in &mut model.outputs {
        if *output == source {
            *output = cast;
        }
    }
    Ok(())
}

fn keep_output(model: &mut TypedModel, index: usize, declared: DatumType) -> TractResult<()> {
    let output = model.outputs[index];
    if model.outlet_fact(output)?.datum_type.unquantized() != declared {
        let name = model.unique_name(format!("{}.outer", model.node(output.node).name)).into_owned();
        model.outputs[index] = model.wire_node(name, cast(declared), &[output])?[0];
    }
    Ok(())
}
