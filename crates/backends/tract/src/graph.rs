use std::collections::HashMap;
use std::sync::OnceLock;

use phalanx_backend::{BackendError, Optimize, Precision};
use phalanx_tensor::{BatchAxis, Shape, Signature};
use tract_onnx::prelude::{
    InferenceFact, InferenceModel, InferenceModelExt, Symbol, TDim, ToDim, TractResult, TypedModel,
};
use tract_onnx::tract_core::internal::{bail, ensure};
use tract_onnx::tract_hir::infer::{Factoid, GenericFactoid};

use crate::edges;
use crate::panics::guard;
use crate::precision;
use crate::prepare_error;
use crate::source::Source;

/// A model, ready to be given fixed shapes.
pub(crate) struct Graph {
    source: Source,
    signature: Signature,
    optimize: Optimize,
    precision: Precision,
    /// With a symbol for every free axis. Some models only work once their shapes are fixed; then this says why.
    symbolic: Result<TypedModel, BackendError>,
    /// As exported, for the shapes that the symbolic form cannot be given.
    exported: OnceLock<Result<InferenceModel, BackendError>>,
}

impl Graph {
    /// Parses the model and simplifies it as far as is possible without knowing its shapes.
    ///
    /// # Errors
    /// As [`Source::parse`].
    pub(crate) fn new(
        source: Source,
        signature: &Signature,
        optimize: Optimize,
        precision: Precision,
    ) -> Result<Self, BackendError> {
        let exported = guard(|| source.parse())?;
        let mut graph = Self {
            source,
            signature: signature.clone(),
            optimize,
            precision,
            symbolic: Err(prepare_error("not yet typed")),
            exported: OnceLock::new(),
        };
        graph.symbolic = guard(|| {
            let mut model = exported.clone();
            name_free_axes(&mut model, &signature.batch_axis()).map_err(prepare_error)?;
            graph.finish(model).map_err(prepare_error)
        });
        if graph.symbolic.is_err() {
            graph.exported = OnceLock::from(Ok(exported));
        }
        Ok(graph)
    }

    /// The model with symbols for its free axes.
    ///
    /// # Errors
    /// [`BackendError::Prepare`] where it needs fixed shapes.
    pub(crate) fn symbolic(&self) -> Result<&TypedModel, BackendError> {
        self.symbolic.as_ref().map_err(BackendError::clone)
    }

    /// The model for inputs of exactly these shapes.
    ///
    /// # Errors
    /// [`BackendError::Prepare`], [`BackendError::Panicked`].
    pub(crate) fn at(&self, shapes: &[Shape]) -> Result<TypedModel, BackendError> {
        let from_symbolic = guard(|| {
            let model = self.symbolic()?;
            substitute(model, shapes).map_err(prepare_error)
        });
        from_symbolic.or_else(|_| guard(|| self.at_from_exported(shapes)))
    }

    fn at_from_exported(&self, shapes: &[Shape]) -> Result<TypedModel, BackendError> {
        let exported = self.exported.get_or_init(|| guard(|| self.source.parse()));
        let mut model = exported.as_ref().map_err(BackendError::clone)?.clone();
        set_shapes(&mut model, shapes).map_err(prepare_error)?;
        self.finish(model).map_err(prepare_error)
    }

    fn finish(&self, model: InferenceModel) -> TractResult<TypedModel> {
        let mut model = model.into_typed()?;
        if self.precision == Precision::Fp16 {
            precision::to_f16(&mut model)?;
        }
        edges::keep_dtypes(&mut model, &self.signature)?;
        if self.optimize != Optimize::None {
            model.declutter()?;
        }
        Ok(model)
    }
}

/// Gives every nameless axis of the inputs a symbol, the batch axes one between them.
fn name_free_axes(model: &mut InferenceModel, axis: &BatchAxis) -> TractResult<()> {
    let mut rows = None;
    for input in 0..model.inputs.len() {
        if let Some(GenericFactoid::Only(TDim::Sym(symbol))) = model.input_fact(input)?.shape.dims().next() {
            rows.get_or_insert_with(|| symbol.clone());
        }
    }
    for input in 0..model.inputs.len() {
        let mut fact = model.input_fact(input)?.clone();
        for axis_index in 0..fact.shape.rank().concretize().unwrap_or(0) as usize {
            if fact.shape.dim(axis_index) != Some(GenericFactoid::Any) {
                continue;
            }
            let symbol = if axis_index == 0 && *axis == BatchAxis::Dynamic {
                rows.get_or_insert_with(|| model.symbols.new_with_prefix("rows")).clone()
            } else {
                model.symbols.new_with_prefix("axis")
            };
            fact.shape.set_dim(axis_index, symbol.to_dim());
        }
        model.set_input_fact(input, fact)?;
    }
    Ok(())
}

/// `model` with every symbol of its inputs replaced by what `shapes` says.
fn substitute(model: &TypedModel, shapes: &[Shape]) -> TractResult<TypedModel> {
    let mut values: HashMap<Symbol, TDim> = HashMap::new();
    for (input, shape) in shapes.iter().enumerate() {
        let fact = model.input_fact(input)?;
        ensure!(fact.rank() == shape.len(), "input {input} has {} axes, got {}", fact.rank(), shape.len());
        for (dim, &size) in fact.shape.iter().zip(shape.iter()) {
            if let TDim::Sym(symbol) = dim {
                values.entry(symbol.clone()).or_insert_with(|| size.to_dim());
            }
        }
    }
    let model = if values.is_empty() { model.clone() } else { model.set_symbols(&values)? };
    for (input, shape) in shapes.iter().enumerate() {
        match model.input_fact(input)?.shape.as_concrete() {
            Some(sizes) if sizes == &shape[..] => {}
            sizes => bail!("input {input} became {sizes:?}, expected {shape}"),
        }
    }
    Ok(model)
}

fn set_shapes(model: &mut InferenceModel, shapes: &[Shape]) -> TractResult<()> {
    ensure!(
        model.inputs.len() == shapes.len(),
        "expected {} inputs, got {}",
        model.inputs.len(),
        shapes.len()
    );
    for (input, shape) in shapes.iter().enumerate() {
        let mut fact: InferenceFact = model.input_fact(input)?.clone();
        fact.shape = shape.iter().copied().collect();
        model.set_input_fact(input, fact)?;
    }
    Ok(())
}
