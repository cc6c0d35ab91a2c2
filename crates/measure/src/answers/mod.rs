//! Whether two answers are the same.

mod compare;
mod numbers;

pub(crate) use compare::largest;
pub use compare::row_error;
pub(crate) use numbers::numbers;

use std::sync::Arc;
use std::time::{Duration, Instant};

use phalanx_backend::{Precision, Program, Tolerance};
use phalanx_tensor::{DType, Signature};

use crate::samples::read_back;
use crate::{MeasureError, Samples, WaitedLane};

/// Answers compared: the first, and every one after this many more.
pub(crate) const CHECK_EVERY: u64 = 61;

/// What each sample's answer must be, to be compared with the answers that its callers get.
#[derive(Clone, Debug)]
pub struct Answers {
    /// One entry a sample, with the bytes of each output.
    expected: Vec<Vec<Vec<u8>>>,
    outputs: Vec<Output>,
}

#[derive(Clone, Debug)]
struct Output {
    name: String,
    dtype: DType,
    tolerance: f64,
}

impl Answers {
    /// Answers that are known: one entry a sample, each with the bytes of every output of `signature`.
    #[must_use]
    pub fn new(signature: &Signature, precision: Precision, expected: Vec<Vec<Vec<u8>>>) -> Self {
        let outputs = signature.outputs.iter().map(|info| Output {
            name: info.name.clone(),
            dtype: info.dtype,
            tolerance: Tolerance::of(precision, info.dtype).mean,
        });
        Self { expected, outputs: outputs.collect() }
    }

    /// Runs samples one by one, on a lane of `program` opened on the calling thread, for about as long as `budget`
    /// allows. Gives their answers, and those samples, at least one, that were run.
    ///
    /// # Errors
    /// What the backend gives.
    pub fn of(
        program: &dyn Program,
        precision: Precision,
        samples: &Samples,
        budget: Duration,
    ) -> Result<(Self, Samples), MeasureError> {
        let mut lane = WaitedLane::open(program)?;
        let end = Instant::now() + budget;
        let mut run = if samples.batched() {
            row_runner(program, &mut lane, samples)?
        } else {
            single_runner(&mut lane, samples)
        };
        let mut expected = Vec::with_capacity(samples.len());
        while expected.len() < samples.len() && (expected.is_empty() || Instant::now() < end) {
            expected.push(run(expected.len())?);
        }
        let samples = samples.first(expected.len());
        Ok((Self::new(program.signature(), precision, expected), samples))
    }

    /// The same answers, to be compared with those of a program that computes in `precision`.
    #[must_use]
    pub fn in_precision(&self, precision: Precision) -> Self {
        let loosen = |output: &Output| Output {
            tolerance: Tolerance::of(precision, output.dtype).mean.max(output.tolerance),
            ..output.clone()
        };
        Self { expected: self.expected.clone(), outputs: self.outputs.iter().map(loosen).collect() }
    }

    /// Compares one output's bytes with those expected for `sample`, counted round and round, and gives its error
    /// relative to the largest magnitude in it.
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
        let sample = sample % self.expected.len();
        let Output { name, dtype, tolerance } = &self.outputs[output];
        let error = row_error(*dtype, 0, &self.expected[sample][output], got);
        if error <= *tolerance {
            return Ok(error);
        }
        let (output, tolerance) = (name.clone(), *tolerance);
        Err(MeasureError::WrongAnswer { strategy, sample, output, error, tolerance })
    }

    /// Compares all outputs, one after the other in `got`, and gives the largest error.
    ///
    /// # Errors
    /// As [`Answers::check`].
    pub fn check_joined(
        &self,
        strategy: &'static str,
        sample: usize,
        got: &[u8],
    ) -> Result<f64, MeasureError> {
        let mut rest = got;
        let mut largest = 0.0_f64;
        for (output, expected) in self.expected[sample % self.expected.len()].iter().enumerate() {
            let (first, others) = rest.split_at(expected.len().min(rest.len()));
            largest = largest.max(self.check(strategy, sample, output, first)?);
            rest = others;
        }
        Ok(largest)
    }
}

/// Runs one sample and gives the bytes of its outputs.
type Runner<'a> = Box<dyn FnMut(usize) -> Result<Vec<Vec<u8>>, MeasureError> + 'a>;

fn row_runner<'a>(
    program: &dyn Program,
    lane: &'a mut WaitedLane,
    samples: &'a Samples,
) -> Result<Runner<'a>, MeasureError> {
    let bucket = program.buckets().fit(1).unwrap_or(1);
    let layout = Arc::new(program.layout(&samples.tails())?);
    let mut idle = Some(program.slot(&layout, bucket)?);
    Ok(Box::new(move |sample| {
        let mut slot = idle.take().ok_or_else(MeasureError::lost_slot)?;
        samples.gather(sample, bucket, &mut slot);
        let slot = lane.run(slot, bucket)?;
        let output = |index| {
            let mut bytes = Vec::new();
            read_back(&slot, index, 1, &mut bytes);
            bytes
        };
        let outputs = (0..slot.outputs.len()).map(output).collect();
        idle = Some(slot);
        Ok(outputs)
    }))
}

fn single_runner<'a>(lane: &'a mut WaitedLane, samples: &'a Samples) -> Runner<'a> {
    Box::new(|sample| {
        let outputs = lane.run_single(samples.get(sample))?;
        Ok(outputs.iter().map(|output| output.bytes().to_vec()).collect())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use phalanx_tensor::TensorInfo;

    fn answers(values: &[f32]) -> Answers {
        let signature = Signature {
            inputs: Vec::new(),
            outputs: vec![TensorInfo { name: "y".to_owned(), dtype: DType::F32, dims: None }],
        };
        let expected = values.iter().map(|&value| vec![bytes(value)]).collect();
        Answers::new(&signature, Precision::Fp32, expected)
    }

    fn bytes(value: f32) -> Vec<u8> {
        bytemuck::cast_slice(&[value, 4.0]).to_vec()
    }

    #[test]
    fn another_samples_answer_is_wrong() {
        let answers = answers(&[1.0, 2.0]);
        assert_eq!(answers.check("callers", 3, 0, &bytes(2.0)).unwrap(), 0.0);
        let error = answers.check("callers", 2, 0, &bytes(2.0)).unwrap_err();
        assert!(
            matches!(&error, MeasureError::WrongAnswer { sample: 0, output, .. } if output == "y"),
            "{error}"
        );
        assert!(answers.check("callers", 0, 0, &bytes(1.0 + 1e-6)).unwrap() > 0.0);
    }

    #[test]
    fn joined_answers_must_be_complete() {
        let answers = answers(&[1.0]);
        assert!(answers.check_joined("threads", 0, &bytes(1.0)).is_ok());
        assert!(answers.check_joined("threads", 0, &bytes(1.0)[..4]).is_err());
    }
}
