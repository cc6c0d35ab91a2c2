use phalanx_backend::Precision;
use phalanx_tensor::{DType, Signature};

use super::tolerance::Tolerance;
use crate::answers::{largest, numbers};

/// The bytes of each output of one sample.
pub(super) type Row = Vec<Vec<u8>>;

/// Compares answers with those expected, row by row, and keeps the score.
#[derive(Clone)]
pub(super) struct Judge {
    outputs: Vec<Score>,
}

#[derive(Clone)]
struct Score {
    name: String,
    dtype: DType,
    tolerance: Tolerance,
    /// Differences relative to their rows' largest magnitudes.
    sum: f64,
    elements: u64,
    worst: f64,
}

/// What is wrong with a row.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Miss {
    /// An element.
    Element { output: String, element: usize, expected: f64, got: f64 },
    /// The answer as a whole.
    Whole { what: String },
}

impl Judge {
    pub(super) fn new(signature: &Signature, precision: Precision, given: Option<f64>) -> Self {
        let score = |info: &phalanx_tensor::TensorInfo| Score {
            name: info.name.clone(),
            dtype: info.dtype,
            tolerance: Tolerance::of(precision, info.dtype, given),
            sum: 0.0,
            elements: 0,
            worst: 0.0,
        };
        Self { outputs: signature.outputs.iter().map(score).collect() }
    }

    /// For inputs far from the ordinary.
    pub(super) fn for_extremes(mut self) -> Self {
        self.outputs.iter_mut().for_each(|score| score.tolerance = score.tolerance.for_extremes());
        self
    }

    /// Compares all outputs of one sample.
    pub(super) fn row(&mut self, expected: &[Vec<u8>], got: &[Vec<u8>]) -> Result<(), Miss> {
        if expected.len() != got.len() {
            let what = format!("expected {} outputs, got {}", expected.len(), got.len());
            return Err(Miss::Whole { what });
        }
        let mut outputs = self.outputs.iter_mut().zip(expected.iter().zip(got));
        outputs.try_for_each(|(score, (expected, got))| score.output(expected, got))
    }

    /// Counts what another judge has seen.
    pub(super) fn merge(&mut self, other: &Self) {
        for (score, other) in self.outputs.iter_mut().zip(&other.outputs) {
            score.sum += other.sum;
            score.elements += other.elements;
            score.worst = score.worst.max(other.worst);
        }
    }

    /// The output whose differences are too large on average, in words.
    pub(super) fn mean_miss(&self) -> Option<String> {
        self.outputs.iter().find_map(|score| {
            let (mean, allowed) = (score.mean(), score.tolerance.mean?);
            let what = || {
                format!(
                    "output {:?} is off by {mean:.1e} of its rows' largest magnitudes on average, expected at most {allowed:.0e}",
                    score.name
                )
            };
            (mean > allowed).then(what)
        })
    }

    /// The largest difference of any element.
    pub(super) fn worst(&self) -> f64 {
        self.outputs.iter().map(|score| score.worst).fold(0.0, f64::max)
    }

    /// The largest mean difference of any output, relative to its rows' largest magnitudes.
    pub(super) fn mean(&self) -> f64 {
        self.outputs.iter().map(Score::mean).fold(0.0, f64::max)
    }
}

impl Score {
    fn mean(&self) -> f64 {
        if self.elements == 0 { 0.0 } else { self.sum / self.elements as f64 }
    }

    fn output(&mut self, expected: &[u8], got: &[u8]) -> Result<(), Miss> {
        let name = &self.name;
        if expected.len() != got.len() {
            let what =
                format!("output {name:?}: expected {} bytes for a sample, got {}", expected.len(), got.len());
            return Err(Miss::Whole { what });
        }
        if self.dtype == DType::String {
            let what = || Miss::Whole { what: format!("output {name:?} holds other strings") };
            return if expected == got { Ok(()) } else { Err(what()) };
        }
        let is_same = expected == got;
        self.elements(&numbers(self.dtype, expected), &numbers(self.dtype, got))?;
        if is_same || self.dtype.is_float() {
            return Ok(());
        }
        // Integers that are the same as doubles.
        Err(Miss::Whole { what: format!("output {:?} holds other integers", self.name) })
    }

    /// Looks for the element that is farthest off.
    fn elements(&mut self, expected: &[f64], got: &[f64]) -> Result<(), Miss> {
        let largest = largest(expected);
        let allowed = if self.dtype.is_float() { self.tolerance.allowed(largest) } else { 0.0 };
        let mut farthest: Option<(usize, f64)> = None;
        for (element, (&expected, &got)) in expected.iter().zip(got).enumerate() {
            let Some(off) = self.distance(expected, got) else { continue };
            self.elements += 1;
            self.sum += if largest > 0.0 { off / largest } else { 0.0 };
            self.worst = self.worst.max(off);
            if off > allowed && farthest.is_none_or(|(_, most)| off > most) {
                farthest = Some((element, off));
            }
        }
        match farthest {
            None => Ok(()),
            Some((element, _)) => Err(Miss::Element {
                output: self.name.clone(),
                element,
                expected: expected[element],
                got: got[element],
            }),
        }
    }

    /// How far two values are apart; `None` where nothing is expected of them.
    fn distance(&self, expected: f64, got: f64) -> Option<f64> {
        if expected.abs() >= self.tolerance.overflow {
            None
        } else if expected == got || (expected.is_nan() && got.is_nan()) {
            Some(0.0)
        } else if expected.is_finite() && got.is_finite() {
            Some((expected - got).abs())
        } else {
            Some(f64::INFINITY)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use phalanx_tensor::TensorInfo;

    fn judge(precision: Precision) -> Judge {
        let output = TensorInfo { name: "y".to_owned(), dtype: DType::F32, dims: None };
        let signature = Signature { inputs: Vec::new(), outputs: vec![output] };
        Judge::new(&signature, precision, None)
    }

    fn row(values: &[f32]) -> Row {
        vec![bytemuck::cast_slice(values).to_vec()]
    }

    #[test]
    fn the_element_that_is_farthest_off_is_named() {
        let miss = judge(Precision::Fp32).row(&row(&[1.0, 2.0, 3.0]), &row(&[1.01, 2.5, 3.0])).unwrap_err();
        let expected = Miss::Element { output: "y".to_owned(), element: 1, expected: 2.0, got: 2.5 };
        assert_eq!(miss, expected);
    }

    #[test]
    fn many_small_differences_are_too_many() {
        let mut judge = judge(Precision::Fp32);
        judge.row(&row(&[1.0, -2.0]), &row(&[1.0005, -2.0005])).unwrap();
        assert!(judge.mean_miss().is_some_and(|what| what.contains("\"y\"")), "{:?}", judge.mean());
        assert!((judge.worst() - 5e-4).abs() < 1e-6);
    }

    #[test]
    fn half_precision_is_judged_below_its_overflow() {
        let mut judge = judge(Precision::Fp16);
        judge.row(&row(&[70_000.0, 1.0]), &row(&[f32::INFINITY, 1.005])).unwrap();
        assert!(judge.row(&row(&[1.0]), &row(&[f32::INFINITY])).is_err());
        assert!(judge.row(&row(&[f32::NAN]), &row(&[f32::NAN])).is_ok());
    }

    #[test]
    fn an_answer_of_another_length_is_wrong_as_a_whole() {
        assert!(matches!(
            judge(Precision::Fp32).row(&row(&[1.0]), &row(&[1.0, 1.0])),
            Err(Miss::Whole { .. })
        ));
    }
}
