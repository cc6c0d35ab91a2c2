use phalanx_backend::Precision;
use phalanx_model::{Model, half_gemm_spelled_out};
use phalanx_tensor::{Shape, Signature};
use prost::Message;
use tract_onnx::model::ParseResult;
use tract_onnx::pb::ModelProto;
use tract_onnx::prelude::{InferenceFact, InferenceModel, InferenceModelExt, TractResult, TypedModel};

use crate::draft::Draft;
use crate::error::PlanError;
use crate::plan::Plan;
use crate::shared::SharedConstants;
use crate::tract::{guard, unknown};
use crate::{fuse, layout, lower, precision};

/// A model, read once, of which plans are made. Their constants share memory where they are equal.
pub struct Source {
    exported: InferenceModel,
    signature: Signature,
    constants: SharedConstants,
}

impl Source {
    /// Reads a model.
    ///
    /// # Errors
    /// [`PlanError::Unsupported`] with every operator that is unknown, [`PlanError::Prepare`].
    pub fn new(model: &Model) -> Result<Self, PlanError> {
        let exported = guard(|| parse(model))?;
        Ok(Self { exported, signature: model.signature().clone(), constants: SharedConstants::default() })
    }

    /// What the model takes and gives.
    #[must_use]
    pub fn signature(&self) -> &Signature {
        &self.signature
    }

    /// The plan for batches of this many rows.
    ///
    /// # Errors
    /// [`PlanError::OpenAxes`] where other axes than the batch axis have no fixed size, and as [`Source::plan`].
    pub fn plan_rows(&self, rows: usize, precision: Precision) -> Result<Plan, PlanError> {
        let shapes = self.signature.inputs.iter().map(|info| {
            let dims = info.dims.as_deref().unwrap_or_default();
            let sizes = dims.iter().enumerate().map(|(axis, dim)| match dim.fixed() {
                None if axis == 0 => Some(rows),
                fixed => fixed,
            });
            let open = || PlanError::OpenAxes { name: info.name.clone(), dims: info.dims_text() };
            info.dims.as_ref().and_then(|_| sizes.collect::<Option<Shape>>()).ok_or_else(open)
        });
        self.plan(&shapes.collect::<Result<Vec<_>, _>>()?, precision)
    }

    /// The plan for inputs of these shapes.
    ///
    /// # Errors
    /// [`PlanError::InputCount`] and [`PlanError::Prepare`] where the shapes do not fit the model,
    /// [`PlanError::Unsupported`] with everything that no plan can be made of, [`PlanError::Inconsistent`] where a plan
    /// broke one of its rules, which is a defect here.
    pub fn plan(&self, shapes: &[Shape], precision: Precision) -> Result<Plan, PlanError> {
        let typed = guard(|| self.typed(shapes))?;
        let mut draft: Draft = guard(|| lower::lower(&typed, &self.signature))?;
        fuse::fuse(&mut draft);
        precision::store(&mut draft, precision);
        fuse::tidy(&mut draft);
        let mut plan = layout::lay_out(draft, precision);
        plan.constants.iter_mut().for_each(|constant| self.constants.share(constant));
        plan.check()?;
        Ok(plan)
    }

    fn typed(&self, shapes: &[Shape]) -> Result<TypedModel, PlanError> {
        let expected = self.signature.inputs.len();
        if shapes.len() != expected || self.exported.inputs.len() != expected {
            return Err(PlanError::InputCount { expected, got: shapes.len() });
        }
        if let Some(shape) =
            shapes.iter().find(|shape| shape.elements().is_none_or(|it| it > lower::ELEMENTS_MAX))
        {
            let message =
                format!("an input of shape {shape}: expected at most {} elements", lower::ELEMENTS_MAX);
            return Err(PlanError::Prepare { message });
        }
        self.typed_at(shapes).map_err(|error| PlanError::Prepare { message: format!("{error:#}") })
    }

    fn typed_at(&self, shapes: &[Shape]) -> TractResult<TypedModel> {
        let mut model = self.exported.clone();
        for (input, shape) in shapes.iter().enumerate() {
            let mut fact: InferenceFact = model.input_fact(input)?.clone();
            fact.shape = shape.iter().copied().collect();
            model.set_input_fact(input, fact)?;
        }
        model.into_typed()?.into_decluttered()
    }
}

impl std::fmt::Debug for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Source").field("signature", &self.signature).finish_non_exhaustive()
    }
}

fn parse(model: &Model) -> Result<InferenceModel, PlanError> {
    let prepare = |message: String| PlanError::Prepare { message };
    let folder = model.path().and_then(|path| path.parent()).map(|folder| {
        folder.to_str().ok_or_else(|| prepare(format!("the path {} is not valid UTF-8", folder.display())))
    });
    let folder = folder.transpose()?;
    let bytes = half_gemm_spelled_out(model).map_err(|error| prepare(error.to_string()))?;
    let proto = ModelProto::decode(bytes).map_err(|error| prepare(error.to_string()))?;
    let onnx = tract_onnx::onnx();
    let operators = unknown(&onnx, &proto);
    if !operators.is_empty() {
        return Err(PlanError::Unsupported { operators });
    }
    let parsed = onnx.parse(&proto, folder).map_err(|error| prepare(format!("{error:#}")))?;
    let ParseResult { model, unresolved_inputs, .. } = parsed;
    if unresolved_inputs.is_empty() {
        Ok(model)
    } else {
        Err(prepare(format!("nothing gives {}", unresolved_inputs.join(", "))))
    }
}
