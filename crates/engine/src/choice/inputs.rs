use std::sync::Arc;

use bytes::BytesMut;
use phalanx_tensor::{BatchAxis, DType, Dim, Shape, Signature, Tensor};

use crate::EngineError;
use crate::pad::PadPlan;
use crate::warmup::{OPEN_SIZES, Sample};

/// The largest input that is drawn where the model leaves sizes open.
const DRAWN_BYTES_MAX: usize = 64 << 20;

/// What all candidates are run on: the user's warm-up sample, or numbers drawn from a fixed seed.
#[derive(Clone, Debug)]
pub(crate) struct Inputs {
    pub(crate) given: Option<Arc<[Tensor]>>,
    /// Shapes worth trying, one an input, the likeliest first: of a row, or whole where the model has no batch axis.
    pub(crate) shapes: Vec<Vec<Shape>>,
}

impl Inputs {
    /// `None` where nothing can be drawn for the model and nothing was given.
    ///
    /// # Errors
    /// [`EngineError::InvalidInput`] where what was given does not fit the model.
    pub(crate) fn of(
        signature: &Signature,
        given: Option<&[Tensor]>,
        pad: &PadPlan,
    ) -> Result<Option<Self>, EngineError> {
        let is_batched = !matches!(signature.batch_axis(), BatchAxis::None(_));
        let shapes = match given {
            Some(tensors) if !is_batched => {
                vec![tensors.iter().map(|tensor| tensor.shape().clone()).collect()]
            }
            Some(tensors) => Sample::given(tensors, signature)?.candidate_tails(signature, pad, true),
            None if is_batched => Sample::random(signature).candidate_tails(signature, pad, false),
            None => whole_shapes(signature),
        };
        let fits = |shapes: &Vec<Shape>| {
            let pairs = shapes.iter().zip(&signature.inputs);
            pairs
                .into_iter()
                .all(|(shape, info)| shape.size_bytes(info.dtype).is_ok_and(|bytes| bytes <= DRAWN_BYTES_MAX))
        };
        let shapes: Vec<_> = shapes.into_iter().filter(|shapes| given.is_some() || fits(shapes)).collect();
        Ok((!shapes.is_empty()).then(|| Self { given: given.map(Arc::from), shapes }))
    }

    /// Where rows of these inputs come from.
    pub(crate) fn sample(&self, signature: &Signature) -> Result<Sample, EngineError> {
        match &self.given {
            Some(tensors) => Sample::given(tensors, signature),
            None => Ok(Sample::random(signature)),
        }
    }

    /// Whole inputs, for a model without a batch axis.
    pub(crate) fn whole(&self, signature: &Signature, shapes: &[Shape]) -> Result<Vec<Tensor>, EngineError> {
        if let Some(tensors) = &self.given {
            return Ok(tensors.to_vec());
        }
        let sample = Sample::random(signature);
        let draw = |(index, (shape, info)): (usize, (&Shape, &phalanx_tensor::TensorInfo))| {
            let mut bytes = BytesMut::zeroed(shape.size_bytes(info.dtype)?);
            sample.write_row(index, shape, 0, &mut bytes);
            Ok(Tensor::from_bytes(info.dtype, shape.clone(), bytes.freeze())?)
        };
        shapes.iter().zip(&signature.inputs).enumerate().map(draw).collect()
    }
}

/// Shapes of whole inputs; none where strings or tensors of unknown rank would have to be made up.
fn whole_shapes(signature: &Signature) -> Vec<Vec<Shape>> {
    let can_be_drawn = |info: &phalanx_tensor::TensorInfo| info.dims.is_some() && info.dtype != DType::String;
    if !signature.inputs.iter().all(can_be_drawn) {
        return Vec::new();
    }
    let any_open =
        signature.inputs.iter().flat_map(|info| info.dims.iter().flatten()).any(|dim| dim.fixed().is_none());
    let sizes = if any_open { &OPEN_SIZES[..] } else { &OPEN_SIZES[..1] };
    let shape = |dims: &Option<Vec<Dim>>, size| {
        dims.iter().flatten().map(|dim| dim.fixed().unwrap_or(size)).collect()
    };
    let shapes = |&size: &usize| signature.inputs.iter().map(|info| shape(&info.dims, size)).collect();
    sizes.iter().map(shapes).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use phalanx_model::samples;
    use phalanx_tensor::TensorInfo;

    fn of(signature: &Signature, given: Option<&[Tensor]>) -> Option<Inputs> {
        Inputs::of(signature, given, &PadPlan::new(&[], signature).unwrap()).unwrap()
    }

    #[test]
    fn models_without_a_batch_axis_are_drawn_whole() {
        let model = samples::no_batch_axis();
        let signature = model.signature();
        let inputs = of(signature, None).unwrap();
        let drawn = inputs.whole(signature, &inputs.shapes[0]).unwrap();
        assert!(drawn.iter().zip(&signature.inputs).all(|(tensor, info)| info.accepts(tensor.shape())));
        assert!(drawn[0].bytes().iter().any(|&byte| byte != 0));
        let given = inputs.whole(signature, &[]);
        assert!(given.unwrap().is_empty(), "one tensor a shape");
    }

    #[test]
    fn strings_and_what_would_fill_the_memory_are_not_drawn() {
        let signature = |dtype, dims: usize| Signature {
            inputs: vec![TensorInfo { name: "x".to_owned(), dtype, dims: Some(vec![Dim::Unknown; dims]) }],
            outputs: Vec::new(),
        };
        assert!(of(&signature(DType::String, 2), None).is_none());
        let text = Tensor::from_strings([1, 1], vec!["a".to_owned()]).unwrap();
        assert!(of(&signature(DType::String, 2), Some(&[text])).is_some());
        let sizes = of(&signature(DType::F32, 5), None).unwrap();
        let bytes = |shapes: &Vec<Shape>| shapes[0].size_bytes(DType::F32).unwrap();
        assert!(sizes.shapes.iter().all(|shapes| bytes(shapes) <= DRAWN_BYTES_MAX), "{sizes:?}");
    }
}
