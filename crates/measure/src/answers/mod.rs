//! Whether two answers are the same.

mod compare;
mod tolerance;

pub use compare::row_error;
pub use tolerance::tolerance;

use phalanx_tensor::{Signature, Tensor};

use crate::MeasureError;

/// What each sample's answer must be, to be compared with the answers that its callers get.
#[derive(Clone, Debug)]
pub struct Answers {
    expected: Vec<Vec<Tensor>>,
    outputs: Vec<String>,
    tolerance: f64,
}

impl Answers {
    /// `expected` has one entry a sample, each with one tensor an output of `signature`. Errors are relative to a
    /// row's largest magnitude and may reach `tolerance`.
    #[must_use]
    pub fn new(signature: &Signature, expected: Vec<Vec<Tensor>>, tolerance: f64) -> Self {
        let outputs = signature.outputs.iter().map(|info| info.name.clone()).collect();
        Self { expected, outputs, tolerance }
    }

    /// Compares one output's bytes with those expected for `sample`, and gives its error.
    ///
    /// # Errors
    /// [`MeasureError::WrongAnswer`] where it exceeds the tolerance.
    pub fn check(
        &self,
        strategy: &'static str,
        sample: usize,
        output: usize,
        got: &[u8],
    ) -> Result<f64, MeasureError> {
        let expected = &self.expected[sample % self.expected.len()][output];
        let row_bytes = expected.bytes().len() / expected.rows().max(1);
        let error = row_error(expected.dtype(), row_bytes, expected.bytes(), got);
        if error <= self.tolerance {
            return Ok(error);
        }
        let output = self.outputs.get(output).cloned().unwrap_or_default();
        Err(MeasureError::WrongAnswer { strategy, sample, output, error, tolerance: self.tolerance })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use phalanx_tensor::{DType, TensorInfo};

    #[test]
    fn another_samples_answer_is_wrong() {
        let signature = Signature {
            inputs: Vec::new(),
            outputs: vec![TensorInfo { name: "y".to_owned(), dtype: DType::F32, dims: None }],
        };
        let answer = |value: f32| vec![Tensor::from_vec([1, 2], vec![value, 4.0]).unwrap()];
        let answers = Answers::new(&signature, vec![answer(1.0), answer(2.0)], 1e-5);
        let got = answer(2.0);
        assert_eq!(answers.check("callers", 1, 0, got[0].bytes()).unwrap(), 0.0);
        let error = answers.check("callers", 0, 0, got[0].bytes()).unwrap_err();
        assert!(
            matches!(&error, MeasureError::WrongAnswer { sample: 0, output, .. } if output == "y"),
            "{error}"
        );
    }
}
