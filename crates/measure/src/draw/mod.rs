//! Inputs drawn at random for a model of which only the signature is known.

mod range;
mod shape;
mod values;

pub use range::{InputRange, ParseRangeError};

use std::collections::BTreeMap;

use phalanx_tensor::{Shape, Signature, Tensor, TensorInfo};

use crate::MeasureError;

/// Size given to an axis that the model leaves open and nobody named.
pub const OPEN_DIM: usize = 32;

/// How to draw a model's inputs: floats from the standard normal distribution and integers from 0 and 1 (random
/// numbers are no valid token ids), unless a range says otherwise.
#[derive(Clone, Debug)]
pub struct Draw {
    /// Values an input takes, by its name.
    pub ranges: BTreeMap<String, InputRange>,
    /// Sizes of the axes that the model leaves open, by their names; [`OPEN_DIM`] where none is given.
    pub dims: BTreeMap<String, usize>,
    /// The same seed draws the same values.
    pub seed: u64,
}

impl Default for Draw {
    fn default() -> Self {
        Self { ranges: BTreeMap::new(), dims: BTreeMap::new(), seed: 1 }
    }
}

impl Draw {
    /// Checks that every named input and axis exists.
    ///
    /// # Errors
    /// [`MeasureError::NoSuchInput`], [`MeasureError::NoSuchDim`].
    pub fn check(&self, signature: &Signature) -> Result<(), MeasureError> {
        for name in self.ranges.keys() {
            if signature.input_index(name).is_none() {
                let inputs = signature.inputs.iter().map(|info| info.name.clone()).collect();
                return Err(MeasureError::NoSuchInput { name: name.clone(), inputs });
            }
        }
        let dims = shape::names(signature);
        match self.dims.keys().find(|name| !dims.contains(name.as_str())) {
            Some(name) => Err(MeasureError::NoSuchDim {
                name: name.clone(),
                dims: dims.into_iter().map(str::to_owned).collect(),
            }),
            None => Ok(()),
        }
    }

    /// The sizes chosen for the open axes of every input, axis 0 left out: for a report to print.
    #[must_use]
    pub fn chosen_dims(&self, signature: &Signature) -> BTreeMap<String, usize> {
        let names = shape::names(signature);
        names.into_iter().map(|name| (name.to_owned(), shape::open_dim(&self.dims, name))).collect()
    }

    /// Draws one tensor an input, in the signature's order. Where the model has a batch axis, axis 0 of each has
    /// `rows`; otherwise it is sized as the other axes are.
    ///
    /// # Errors
    /// [`MeasureError::UnknownRank`] for an input without a declared shape, [`MeasureError::Range`] for a range that
    /// its dtype cannot hold, [`MeasureError::Tensor`] where the size overflows.
    pub fn inputs(&self, signature: &Signature, rows: Option<usize>) -> Result<Vec<Tensor>, MeasureError> {
        let mut random = fastrand::Rng::with_seed(self.seed);
        let draw = |info| self.input(info, rows, &mut random);
        signature.inputs.iter().map(draw).collect()
    }

    fn input(
        &self,
        info: &TensorInfo,
        rows: Option<usize>,
        random: &mut fastrand::Rng,
    ) -> Result<Tensor, MeasureError> {
        let shape: Shape = shape::concrete(info, rows, &self.dims)?;
        values::draw(info, &shape, self.ranges.get(&info.name), random)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use phalanx_tensor::{DType, Dim};

    fn signature() -> Signature {
        let dims = || Some(vec![Dim::Symbol("batch".into()), Dim::Symbol("seq".into())]);
        let input = |name: &str, dtype| TensorInfo { name: name.to_owned(), dtype, dims: dims() };
        Signature {
            inputs: vec![input("ids", DType::I64), input("x", DType::F32)],
            outputs: vec![input("y", DType::F32)],
        }
    }

    #[test]
    fn axes_and_ranges_are_as_asked_for() {
        let draw = Draw {
            ranges: [("ids".to_owned(), InputRange { low: 5.0, high: 9.0 })].into(),
            dims: [("seq".to_owned(), 7)].into(),
            seed: 3,
        };
        draw.check(&signature()).unwrap();
        let inputs = draw.inputs(&signature(), Some(4)).unwrap();
        assert_eq!(inputs[0].shape(), &Shape::from([4, 7]));
        assert!(inputs[0].as_slice::<i64>().unwrap().iter().all(|id| (5..9).contains(id)));
        assert!(inputs[1].as_slice::<f32>().unwrap().iter().any(|&x| x < 0.0));
        assert_eq!(inputs, draw.inputs(&signature(), Some(4)).unwrap());
    }

    #[test]
    fn defaults_are_valid_token_ids_and_said_aloud() {
        let draw = Draw::default();
        let inputs = draw.inputs(&signature(), Some(2)).unwrap();
        assert_eq!(inputs[0].shape(), &Shape::from([2, OPEN_DIM]));
        assert!(inputs[0].as_slice::<i64>().unwrap().iter().all(|id| [0, 1].contains(id)));
        assert_eq!(draw.chosen_dims(&signature()), [("seq".to_owned(), OPEN_DIM)].into());
    }

    #[test]
    fn names_that_are_not_there_are_errors() {
        let ranges = [("idz".to_owned(), InputRange { low: 0.0, high: 1.0 })].into();
        let error = Draw { ranges, ..Draw::default() }.check(&signature()).unwrap_err();
        assert_eq!(error.to_string(), "the model has no input \"idz\"; it has ids, x");
        let dims = [("sequence".to_owned(), 4)].into();
        let error = Draw { dims, ..Draw::default() }.check(&signature()).unwrap_err();
        assert_eq!(error.to_string(), "the model has no open axis \"sequence\"; it has seq");
    }
}
